"""Greets whoever asks."""

from flask import Request


def handler(req: Request) -> tuple[str, dict[str, str]]:
    """Answer `Hello World!`, or with `?name=Ada` in the URL `Hello Ada!`."""
    name = req.args.get("name", "World")
    # Text that a function returns is HTML unless it says otherwise, and a name from the URL must not become markup.
    return f"Hello {name}!", {"Content-Type": "text/plain; charset=utf-8"}
