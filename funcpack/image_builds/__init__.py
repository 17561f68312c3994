"""Builds images: with `pack` and a container engine, or with the lifecycle in a container of the builder."""
