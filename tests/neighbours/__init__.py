"""What runs beside us in an application, real: other tracers, metrics, job queues, user interfaces."""
