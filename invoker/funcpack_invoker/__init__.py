"""Serves a Python function over HTTP: plain requests and CloudEvents."""

__version__ = "0.1.0"
