"""Greets the name in the query or in a form."""

from flask import Request, render_template_string

# Jinja escapes the name. A page built with + or an f-string would run a script in the name.
PAGE = """<!doctype html>
<title>Hello</title>
<h1>Hello, {{ name }}!</h1>
<form method="post"><input name="name" aria-label="name" value="{{ name }}"> <button>Greet</button></form>
"""


def handler(request: Request) -> str:
    """Return a page that greets the name in ?name=... or in the form on the page."""
    name = request.values.get("name", "").strip() or "World"
    return render_template_string(PAGE, name=name)
