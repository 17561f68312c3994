"""Environments of functions on the developer's machine: the Python, the packages and the invoker that a build would install."""
