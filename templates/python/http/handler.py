"""Returns a greeting."""

from flask import Request


def handler(req: Request) -> tuple[str, dict[str, str]]:
    """Return `Hello World!`, or `Hello Ada!` if the URL has `?name=Ada`."""
    name = req.args.get("name", "World")
    # The default content type of text is HTML. Plain text keeps markup in the name from taking effect.
    return f"Hello {name}!", {"Content-Type": "text/plain; charset=utf-8"}
