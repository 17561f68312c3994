"""Checks the tools and credentials on this machine."""
