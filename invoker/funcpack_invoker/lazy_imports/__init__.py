"""Lazy imports."""
