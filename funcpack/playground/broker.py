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


_DELIVERED = Verdict("Delivered", "The event was handled. The broker does not send it again.")
_RETRY = Verdict("Retried", "The broker sends the event again later, up to its limit of retries.")
_GIVEN_UP = Verdict("Given up", "The broker drops the event, or sends it to the dead letter sink.")
_REPLY = "The broker treats the reply as a new event{type}, and sends it to the triggers for it."
_LOOP = (
    "The reply has the same type as the event. A trigger for the type {type} would call the function with its own replies,"
    " in an endless loop."
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
