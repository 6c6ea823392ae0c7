"""Finished spans, written down as OTLP on the delivery's thread: folded, redacted, cut, translated."""
