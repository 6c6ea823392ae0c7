"""The real libraries against a model server of ours: one trace a request, each call one span. `make frameworks`."""
