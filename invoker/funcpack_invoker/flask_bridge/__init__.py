"""The Flask request, and the context that Flask's proxies look at."""
