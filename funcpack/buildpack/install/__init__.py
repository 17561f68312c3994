"""Installs packages and interpreters, and whatever an installation needs."""
