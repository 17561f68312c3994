"""An answer of a function, and the forms in which it is shown: text, JSON, the attributes of a reply event."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from funcpack_invoker.errors import RequestError
from funcpack_invoker.events import decode
from funcpack_invoker.events.event import STRUCTURED, Event
from funcpack_invoker.http import media_types

if TYPE_CHECKING:
    import httpx

    from funcpack.calls.request import Headers

# Control characters that no text has, apart from white space and the escape of colours.
_NOT_IN_TEXT = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of an answer.

    Attributes:
        version: of HTTP, such as `HTTP/1.1`.
        status: the status code.
        reason: the reason phrase.
        headers: the fields in their order, names as they were sent.

    """

    version: str
    status: int
    reason: str
    headers: Headers

    @classmethod
    def of(cls, response: httpx.Response) -> Head:
        """Return the head of a response."""
        fields = tuple((_text(name), _text(value)) for name, value in response.headers.raw)
        return cls(response.http_version, response.status_code, response.reason_phrase, fields)

    @property
    def is_error(self) -> bool:
        """Return whether the status is that of an error, of the client or the server."""
        return self.status >= 400

    @property
    def joined(self) -> dict[str, str]:
        """Return the fields by name, in lower case; several of one name are joined by `, `."""
        values: dict[str, list[str]] = {}
        for name, value in self.headers:
            values.setdefault(name.lower(), []).append(value)
        return {name: ", ".join(several) for name, several in values.items()}

    @property
    def media_type(self) -> media_types.MediaType:
        """Return the media type of the body; bytes if there is none, or it is not valid."""
        try:
            return media_types.parse(self.joined.get("content-type", ""))
        except ValueError:
            return media_types.parse("application/octet-stream")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer.

    Attributes:
        head: the status and the header.
        body: as it was sent; a content coding is not decoded.
        ms: the milliseconds from the header of the request to the end of the answer.

    """

    head: Head
    body: bytes
    ms: float

    @property
    def text(self) -> str | None:
        """Return the body as text; None if it is binary."""
        media_type = self.head.media_type
        try:
            text = self.body.decode(media_type.codec or "utf-8")
        except ValueError:
            return None
        if media_type.is_json or media_type.is_text:
            return text
        return None if _NOT_IN_TEXT.search(text) else text

    @property
    def event(self) -> Event | None:
        """Return the event in the answer; None if there is none, or a batch."""
        fields = [(name.lower().encode(), value.encode()) for name, value in self.head.headers]
        is_event = self.head.media_type.essence == STRUCTURED or any(name == b"ce-specversion" for name, _ in fields)
        if not is_event:
            return None
        try:
            event = decode.read(fields, self.body)
        except RequestError:
            return None
        return event if isinstance(event, Event) else None

    def as_json(self) -> dict[str, Any]:
        """Return the answer for programs. The body of a binary answer is Base64, and `base64` is true."""
        event, text = self.event, self.text
        answer = {
            "status": self.head.status,
            "headers": self.head.joined,
            "attributes": None if event is None else event.attributes,
            "body": base64.b64encode(self.body).decode() if text is None else text,
            "ms": round(self.ms, 3),
        }
        return answer if text is not None else answer | {"base64": True}


def _text(field: bytes) -> str:
    """Return a header field as text: UTF-8, which the invoker sends, else Latin-1, as in older standards."""
    try:
        return field.decode()
    except UnicodeDecodeError:
        return field.decode("latin-1")
