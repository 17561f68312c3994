"""Turns a Python function into a container image.

The packages depend on each other in one direction: `buildpack` on `check` and `project`, `check` on `project`, and all of them
on `errors`, which contains every error text.
"""
