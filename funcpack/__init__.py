"""Turns a Python function into a container image: the buildpack's code and the command line tool."""
