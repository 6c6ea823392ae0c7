"""The same requests on every ASGI server, traced and untraced."""
