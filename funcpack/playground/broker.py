"""What a broker does with the answer to an event that it has sent.

By the status, as Knative's brokers and the CloudEvents HTTP webhook do it; 2xx with an event in it is a reply.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcpack.playground.messages import answer_of, media_type
from funcpack_invoker.events.event import BATCHED, STRUCTURED

if TYPE_CHECKING:
    from funcpack.dev_server.history import Exchange

_RETRIED = frozenset({404, 408, 409, 429})


@dataclass(frozen=True, slots=True)
class Verdict:
    """The name of what a broker does, what that means, and a warning, which may be empty."""

    name: str
    meaning: str
    warning: str = ""


_DELIVERED = Verdict("Delivered", "The broker takes the event as handled.")
_RETRY = Verdict("Retried", "The broker sends the event again later, until its last attempt.")
_GIVEN_UP = Verdict("Given up", "The broker drops the event, or stores it where dead letters go.")
_REPLY = "The broker takes the reply as a new event{type}, and passes it to the triggers for it."
_LOOP = (
    "The reply has the type of the event that it answers. A trigger for the type {type} calls the function with its own"
    " reply, and so on without an end."
)


def verdict(exchange: Exchange) -> Verdict | None:
    """Return what a broker does with an answer; None if the request is not an event, or was not answered."""
    if not exchange.status or not is_event(exchange):
        return None
    if exchange.status in _RETRIED or exchange.status >= 500:
        return _RETRY
    if exchange.status // 100 != 2:
        return _GIVEN_UP
    return _reply(exchange) or _DELIVERED


def is_event(exchange: Exchange) -> bool:
    """Return whether a request is an event, or wants to be one."""
    request = exchange.request
    is_declared = request.header("ce-specversion") or media_type(request).startswith("application/cloudevents")
    return bool(exchange.type or is_declared)


def _reply(exchange: Exchange) -> Verdict | None:
    event = answer_of(exchange).event
    if event is None:
        # The end of a large reply is not kept, so that it cannot be read.
        is_reply = exchange.answer.size and media_type(exchange.answer) in {BATCHED, STRUCTURED}
        return Verdict("Reply sent on", _REPLY.format(type="")) if is_reply else None
    kind = str(event.attributes["type"])
    warning = _LOOP.format(type=kind) if kind == exchange.type else ""
    return Verdict("Reply sent on", _REPLY.format(type=f" of the type {kind}"), warning)
