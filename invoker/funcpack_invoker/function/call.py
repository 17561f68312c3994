"""One call of the function: the values that its arguments are taken from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from funcpack_invoker.context import Context
    from funcpack_invoker.events.event import Event
    from funcpack_invoker.flask_bridge.context import CallContext
    from funcpack_invoker.http.asgi import Scope
    from funcpack_invoker.http.body import Body
    from funcpack_invoker.http.response import Reply


class Call:
    """One call of the function.

    Attributes:
        scope: of the request, in the form of ASGI's HTTP scope.
        headers: of the request, by their names in lower case; the last of several.
        body: of the request.
        context: the function's `context`.
        event: the event, for a CloudEvent function.
        flask: Flask's contexts, if the function uses Flask.
        answer: the response to an exception of the function, if Flask has completed it.
        request: the `flask.Request`, if the function uses Flask.

    """

    __slots__ = ("answer", "body", "context", "event", "flask", "headers", "request", "scope")

    def __init__(
        self, scope: Scope, headers: dict[bytes, bytes], body: Body, context: Context, event: Event | None = None
    ) -> None:
        self.scope = scope
        self.headers = headers
        self.body = body
        self.context = context
        self.event = event
        self.flask: CallContext | None = None
        self.answer: Reply | None = None
        self.request: Any = None


def event_of(call: Call) -> Event:
    """Return the event of a call of a CloudEvent function."""
    event = call.event
    assert event is not None  # noqa: S101 - CloudEvent functions are called with events only
    return event
