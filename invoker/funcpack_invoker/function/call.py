"""One request on its way to the function: what the arguments are taken from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from funcpack_invoker.context import Context
    from funcpack_invoker.events.event import Event
    from funcpack_invoker.http.body import Body


class Call:
    """A request, read: its ASGI `scope`, its headers by name (bytes, lower case; the last of several), its body.

    `event` is there in CloudEvent functions; `request` (`flask.Request`) and `flask` (its context) where Flask is in use.
    """

    __slots__ = ("body", "context", "event", "flask", "headers", "request", "scope")

    def __init__(
        self,
        scope: MutableMapping[str, Any],
        headers: dict[bytes, bytes],
        body: Body,
        context: Context,
        event: Event | None = None,
    ) -> None:
        self.scope = scope
        self.headers = headers
        self.body = body
        self.context = context
        self.event = event
        self.request: Any = None
        self.flask: Any = None
