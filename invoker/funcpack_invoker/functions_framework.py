"""Serves a function in Google's functions-framework, with the same answers as the invoker's own server.

functions-framework has a Flask application, which gunicorn runs in worker processes, and calls one function with a
`flask.Request` on one of its threads. `entry` returns this function. It hands the request to the event loop of its process,
where the function is called as usual, and waits for the response.
"""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Response
from werkzeug.datastructures import Headers

from funcpack_invoker import logs
from funcpack_invoker.errors import FunctionError
from funcpack_invoker.http import environ as wsgi_environ
from funcpack_invoker.http.handed_exchange import HandedExchange
from funcpack_invoker.http.incoming import IncomingBody, IncomingRequest
from funcpack_invoker.http.response import server_error
from funcpack_invoker.http.sending import send
from funcpack_invoker.served import load_app
from funcpack_invoker.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Request

    from funcpack_invoker.app import App
    from funcpack_invoker.http.asgi import Header, Scope

logger = logging.getLogger("funcpack")


def entry(handler: str, source: str) -> Callable[[Request], Response]:
    """Load a function or application and return the function that functions-framework calls for it.

    Args:
        handler: the name of the function, as in PYTHON_HANDLER.
        source: the app directory.

    Raises:
        FunctionError: if the function cannot be served.
        SettingsError: if a variable has an invalid value.

    """
    settings = Settings.from_env({**os.environ, "PYTHON_HANDLER": handler})
    logs.configure(settings)
    served = load_app(settings, Path(source))
    logger.info("serving %s", served.description)
    worker = Worker(served.app, settings)

    # functions-framework accepts nothing but a function.
    def function_entrypoint(request: Request) -> Response:
        """Answer a request."""
        return worker.answer(request)

    return function_entrypoint


class Worker:
    """The event loop of a process, on a thread of its own, with the app that answers the requests."""

    def __init__(self, app: App, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_started = False

    def answer(self, request: Request) -> Response:
        """Return the response to a request."""
        loop = self._running_loop()
        if not self._is_started:
            reply = server_error()
            return _response(reply.status, reply.headers, reply.body)
        scope = wsgi_environ.scope_of(request.environ)
        exchange = HandedExchange(scope, loop)
        incoming = _incoming(scope, request.get_data(cache=False))
        task = asyncio.run_coroutine_threadsafe(self._serve(incoming, exchange), loop)
        head = exchange.head.result()
        if head.body is not None:
            return _response(head.status, head.headers, head.body)
        response = _response(head.status, head.headers, exchange.chunks())
        # Also if the client leaves, which ends the call.
        response.call_on_close(task.cancel)
        return response

    async def _serve(self, request: IncomingRequest, exchange: HandedExchange) -> None:
        try:
            await self._app.dispatch(request, exchange)
        except Exception:
            logger.exception("a request could not be answered")
            if not exchange.status:
                send(exchange, server_error(), request.id)
        finally:
            exchange.finish()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        """Return the event loop, which the first request starts: gunicorn forks the process after the module is loaded."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="funcpack", daemon=True).start()
                self._is_started = self._start(self._loop)
                atexit.register(self._stop, self._loop)
            return self._loop

    def _start(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Run the module's `start`; return whether it succeeded, and log why it did not."""
        try:
            asyncio.run_coroutine_threadsafe(self._app.startup(), loop).result()
        except FunctionError as error:
            logger.error("%s", error)  # noqa: TRY400 - the text contains the user's part of the traceback
            return False
        return True

    def _stop(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let calls end, and run the module's `stop`."""
        self._app.drain()
        ending = asyncio.run_coroutine_threadsafe(self._app.shutdown(), loop)
        try:
            ending.result(self._settings.grace_period)
        except TimeoutError:
            logger.warning("calls of the function, or its stop(), did not end in time")


def _incoming(scope: Scope, data: bytes) -> IncomingRequest:
    """Return a request that has arrived."""
    body = IncomingBody(_nothing, is_awaited=False)
    body.add(data)
    body.complete()
    return IncomingRequest(scope, dict(scope["headers"]), body, keeps_alive=True)


def _nothing() -> None:
    """Let the client send on: everything has arrived."""


class _Response(Response):
    """A response that has only the headers that it is given."""

    default_mimetype = None


def _response(status: int, headers: list[Header], body: bytes | Iterator[bytes]) -> Response:
    return _Response(body, status, Headers([(name.decode(), value.decode("latin-1")) for name, value in headers]))
