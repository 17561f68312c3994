"""Greets whoever is named in the query or in a form."""

from flask import Request, render_template_string

# Jinja escapes what it prints here; a page put together with + or an f-string would run anybody's scripts.
PAGE = """<!doctype html>
<title>Hello</title>
<h1>Hello, {{ name }}!</h1>
<form method="post"><input name="name" aria-label="name" value="{{ name }}"> <button>Greet</button></form>
"""


def handler(request: Request) -> str:
    """Return a page; the name comes from ?name=... or from the form on the page."""
    name = request.values.get("name", "").strip() or "World"
    return render_template_string(PAGE, name=name)
