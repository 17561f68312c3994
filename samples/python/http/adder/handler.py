"""Adds two numbers, and says with status codes what is wrong with a request."""

from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Request


def handler(request: Request) -> tuple[dict[str, str], int] | tuple[dict[str, str], int, dict[str, str]]:
    """Answer GET /?a=1&b=2 with {"sum": "3"}; 400 if a number is missing, 422 if it is none, 404 and 405 elsewhere."""
    if request.path != "/":
        return {"error": f"there is nothing at {request.path}"}, 404
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
    """Return an argument as a decimal number: 0.1 and 0.2 make 0.3 here. Raises ValueError if it is none."""
    try:
        value = Decimal(arguments[name])
    except InvalidOperation:
        raise ValueError(f"{name} is not a number: {arguments[name]}") from None
    if not value.is_finite() or abs(value.adjusted()) > 1000:
        raise ValueError(f"{name} is not a number to add: {arguments[name]}")
    return value
