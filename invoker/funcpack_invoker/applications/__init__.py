"""Applications of web frameworks, served instead of a function: WSGI on threads, ASGI on the event loop."""
