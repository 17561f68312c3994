"""Installation of packages and interpreters: uv, its settings and credentials, and the environments that it fills."""
