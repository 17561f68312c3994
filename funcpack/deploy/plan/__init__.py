"""What a deployment sends: frozen steps, made before the first request."""
