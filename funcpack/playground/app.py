"""The application behind the page: its files, the stream of what happens, and the requests that it sends for the page."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from funcpack.calls import sample_events
from funcpack.errors import UserError
from funcpack.playground import views
from funcpack.playground.comparison import compare
from funcpack.playground.feed import Feed
from funcpack.playground.forms import Form, FormError, event_request, http_request, same_request
from funcpack.playground.guard import Guard
from funcpack.playground.introspection import Introspection
from funcpack.playground.sending import send

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from funcpack.calls.request import Request as Message
    from funcpack.dev_server.history import Exchange
    from funcpack.dev_server.server import DevServer

_STATIC = Path(__file__).with_name("static")


class Page:
    """The endpoints. It is to be closed at the end."""

    def __init__(self, server: DevServer) -> None:
        self._feed = Feed(server)
        self._closed = asyncio.Event()
        self._server = server
        self._introspection = Introspection(server)

    def close(self) -> None:
        """End what is being answered."""
        self._closed.set()
        self._feed.close()

    def app(self, port: int) -> ASGIApp:
        """Return the application for a port of this machine."""
        routes = [
            Route("/", self._index),
            Route("/api/events", self._events),
            Route("/api/samples", self._samples),
            Route("/api/exchanges/{number:int}", self._exchange),
            Route("/api/exchanges/{number:int}/since/{old:int}", self._comparison),
            Route("/api/send", self._send, methods=["POST"]),
            Route("/api/function", self._function, methods=["POST"]),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ]
        return Guard(
            Starlette(routes=routes, exception_handlers={UserError: _user_error, FormError: _form_error}), port
        )

    async def _index(self, _: Request) -> Response:
        return FileResponse(_STATIC / "index.html")

    async def _events(self, request: Request) -> Response:
        stream = self._feed.stream(request.headers.get("last-event-id", ""))
        return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    async def _samples(self, _: Request) -> Response:
        samples = [sample_events.load(name) for name in sample_events.TITLES]
        return JSONResponse([{"name": one.name, "title": one.title, "event": one.event} for one in samples])

    async def _exchange(self, request: Request) -> Response:
        exchange = self._kept(request.path_params["number"])
        return _ascii_json(views.details(exchange, self._server.url))

    async def _comparison(self, request: Request) -> Response:
        new, old = (self._kept(request.path_params[name]) for name in ("number", "old"))
        lines = await asyncio.to_thread(compare, old, new)
        return _ascii_json({"old": old.version, "new": new.version, "lines": [asdict(line) for line in lines]})

    async def _send(self, request: Request) -> Response:
        message = self._message(await _form(request))
        exchange = await self._unless_left(request, send(self._server, message))
        return JSONResponse({"number": exchange.number})

    async def _function(self, request: Request) -> Response:
        form = await _form(request)
        answer = self._introspection.answer(anew=form.fields.get("anew") is True)
        return _ascii_json(await self._unless_left(request, answer))

    def _message(self, form: Form) -> Message:
        match form.text("kind"):
            case "http":
                return http_request(form)
            case "event":
                return event_request(form)
            case "again":
                return same_request(self._server.history, form.number("number"))
        raise FormError("kind is unknown")

    def _kept(self, number: int) -> Exchange:
        exchange = self._server.history.exchange(number)
        if exchange is None:
            raise HTTPException(404, "The history does not contain this request any more.")
        return exchange

    async def _unless_left(self, request: Request, work: Coroutine[Any, Any, Any]) -> Any:
        """Return the result of some work, which is cancelled if the page does not wait for it any more, or at the end."""
        task = asyncio.ensure_future(work)
        ends = [asyncio.ensure_future(_left(request)), asyncio.ensure_future(self._closed.wait())]
        try:
            await asyncio.wait([task, *ends], return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE)
        finally:
            for future in (task, *ends):
                future.cancel()
            await asyncio.gather(task, *ends, return_exceptions=True)


async def _form(request: Request) -> Form:
    """Return the form in a request. No other site can send JSON without asking before, which `Guard` answers."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    try:
        fields = json.loads(await request.body())
    except (ValueError, RecursionError):
        raise FormError("not JSON") from None
    if not isinstance(fields, dict):
        raise FormError("not an object")
    return Form(fields)


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _user_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, UserError)  # noqa: S101 - it is registered for this class
    return _ascii_json({"title": error.title, "message": f"{error.found}\n\n{error.remedy}"}, 422)


async def _form_error(_: Request, error: Exception) -> Response:
    return _ascii_json({"title": "Invalid form", "message": str(error)}, 400)


def _ascii_json(value: Any, status: int = 200) -> Response:
    """Return a value as JSON in which even half of a surrogate pair is allowed: texts come from anywhere."""
    return Response(json.dumps(value), status, {"Cache-Control": "no-store"}, "application/json")
