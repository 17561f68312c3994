"""Adds two numbers, and reports invalid requests with status codes."""

from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Request


def handler(request: Request) -> tuple[dict[str, str], int] | tuple[dict[str, str], int, dict[str, str]]:
    """Return {"sum": "3"} for GET /?a=1&b=2, and status 400, 404, 405 or 422 for an invalid request."""
    if request.path != "/":
        return {"error": f"not found: {request.path}"}, 404
    if request.method not in {"GET", "HEAD"}:
        return {"error": "use GET"}, 405, {"Allow": "GET, HEAD"}
    missing = [name for name in ("a", "b") if name not in request.args]
    if missing:
        return {"error": f"missing: {' and '.join(missing)}"}, 400
    try:
        a, b = number(request.args, "a"), number(request.args, "b")
    except ValueError as error:
        return {"error": str(error)}, 422
    return {"sum": str(a + b)}, 200


def number(arguments: Any, name: str) -> Decimal:
    """Return an argument as a decimal number, so that 0.1 and 0.2 add up to 0.3.

    Raises:
        ValueError: if the argument is not a number.

    """
    try:
        value = Decimal(arguments[name])
    except InvalidOperation:
        raise ValueError(f"{name} is not a number: {arguments[name]}") from None
    if not value.is_finite() or abs(value.adjusted()) > 1000:
        raise ValueError(f"{name} is out of range: {arguments[name]}")
    return value
