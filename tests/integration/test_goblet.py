"""A function that names its backend in its code is served like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.integration.conftest import StartServer

FUNCTION = """
from funcpack_invoker.goblet import Goblet

app = Goblet(function_name="orders", backend="cloudrun")


def handler(request):
    return f"Hello {request.args['name']}"
"""

DECORATED = """
from funcpack_invoker.goblet import Goblet

app = Goblet()


@app.http()
def handler(request):
    return "never"
"""


def test_function_is_served(start_server: StartServer) -> None:
    assert start_server(FUNCTION).get("/?name=Ada").body == b"Hello Ada"


def test_decorator_is_an_error_that_says_what_to_write(start_server: StartServer) -> None:
    server = start_server(DECORATED, ready=None)
    assert server.process.wait(20) == 1
    assert "'Goblet' object has no attribute 'http': Funcpack has no decorators." in server.log
