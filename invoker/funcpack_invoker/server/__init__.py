"""Processes: gunicorn's master, our worker class, and their sockets and signals."""
