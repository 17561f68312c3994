"""The processes: gunicorn's master, a worker of our own, the sockets and the signals between them."""
