"""The requests and answers of the history in the forms that the page shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from funcpack.calls.answer import Answer, Head
from funcpack.dev_server.history import KEPT_BODY

if TYPE_CHECKING:
    from funcpack.dev_server.history import Exchange, Message

# Bytes of a body that is larger than the limit, and of a binary one.
_BEGINNING = 1 << 16
_BINARY_BEGINNING = 1 << 9

# The bytes of a character in UTF-8, of which the last may be cut.
_LONGEST_CHARACTER = 4


def answer_of(exchange: Exchange) -> Answer:
    """Return the answer of a request, as far as it is kept."""
    return _answer(exchange.status, exchange.answer, exchange.answer.body, exchange.timings.total)


def media_type(message: Message) -> str:
    """Return the type and subtype of a body, in lower case."""
    return (message.header("content-type") or "").partition(";")[0].strip().lower()


def headers_of(message: Message) -> tuple[tuple[str, str], ...]:
    """Return header fields as text: the history has a character for each byte."""
    return tuple((name, _text(value)) for name, value in message.headers)


def body_view(message: Message) -> dict[str, Any]:
    """Return what the page shows of a body: all of a text, the beginning of a large text or of a binary body, and the size."""
    size = message.size
    body = message.body if size <= KEPT_BODY else message.body[:_BEGINNING]
    text = _beginning_as_text(message, body, is_whole=len(body) == size)
    if text is not None:
        is_json = _answer(200, message, b"", 0).head.media_type.is_json
        return {"text": text, "size": size, "isWhole": len(body) == size, "isJson": is_json}
    return {"hex": body[:_BINARY_BEGINNING].hex(), "size": size, "isWhole": size <= _BINARY_BEGINNING}


def _beginning_as_text(message: Message, body: bytes, *, is_whole: bool) -> str | None:
    if message.header("content-encoding"):
        return None
    for missing in range(1 if is_whole else _LONGEST_CHARACTER):
        text = _answer(200, message, body[: len(body) - missing], 0).text
        if text is not None:
            return text
    return None


def _answer(status: int, message: Message, body: bytes, ms: float) -> Answer:
    return Answer(Head("HTTP/1.1", status, "", headers_of(message)), body, ms)


def _text(value: str) -> str:
    raw = value.encode("latin-1", "replace")
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return value
