"""Makes requests of what the page sends: its forms, or the number of an earlier request."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from funcpack.calls import body as bodies
from funcpack.calls import outgoing_events
from funcpack.calls.body import Body
from funcpack.calls.request import Content, Request, without
from funcpack.calls.request_options import RequestOptions, build
from funcpack.command_errors import EventError, EventFieldError, OptionValueError, RequestNotKeptError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from funcpack.calls.outgoing_events import Mode
    from funcpack.dev_server.history import History

# The fields of the page by their options on the command line, with the form of their values.
_FIELDS = {"--method": ("Method", "PUT"), "--path": ("Path", "/orders?page=1"), "--header": ("Headers", "Name: value")}

# They are of one connection, or made for each request.
_NOT_SENT_AGAIN = {"connection", "content-length", "expect", "keep-alive", "te", "transfer-encoding", "upgrade"}

_ATTRIBUTE_FIELDS = ("type", "source", "subject")
_MODES: dict[str, Mode] = {"binary": "binary", "structured": "structured", "batch": "batch"}


class FormError(Exception):
    """What the page has sent is not one of its forms."""


@dataclass(frozen=True, slots=True)
class Form:
    """The texts of a form by the names of its fields."""

    fields: Mapping[str, Any]

    def text(self, name: str) -> str:
        """Return the text of a field; "" if it is absent.

        Raises:
            FormError: It is not a text.

        """
        value = self.fields.get(name, "")
        if not isinstance(value, str):
            raise FormError(f"{name} is not a text")
        return value

    def number(self, name: str) -> int:
        """Return the number in a field.

        Raises:
            FormError: It is not a number.

        """
        value = self.fields.get(name)
        if not isinstance(value, int):
            raise FormError(f"{name} is not a number")
        return value

    def lines(self, name: str) -> list[str]:
        """Return the lines of a field that are not empty."""
        return [line.strip() for line in self.text(name).splitlines() if line.strip()]


def http_request(form: Form) -> Request:
    """Return the request of the fields method, path, headers and body.

    Raises:
        OptionValueError: A field is not valid.

    """
    data = Body.of(form.text("body").encode("utf-8", "surrogatepass"))
    request = _options(form.text("method").strip() or "GET", form.text("path").strip() or "/", form.lines("headers"))
    return replace(request, payload=Content(data, bodies.media_type(data)) if data.size else None)


def event_request(form: Form) -> Request:
    """Return the request of the fields type, source, subject, data, attributes (lines of `name: value`), mode and path.

    Raises:
        EventFieldError: They do not describe a valid event.
        OptionValueError: A field is not valid.

    """
    request = _options("POST", form.text("path").strip() or "/", ())
    attributes = dict(_attribute(line) for line in form.lines("attributes"))
    attributes |= {name: form.text(name).strip() for name in _ATTRIBUTE_FIELDS if form.text(name).strip()}
    data = Body.of(form.text("data").encode("utf-8", "surrogatepass"))
    mode = _MODES.get(form.text("mode"), "binary")
    try:
        return replace(request, payload=outgoing_events.from_attributes(attributes, mode, data if data.size else None))
    except EventError as exc:
        raise EventFieldError(exc.reason) from exc


def same_request(history: History, number: int) -> Request:
    """Return a request of the history, to be sent again.

    Raises:
        RequestNotKeptError: The history does not contain all of it.

    """
    exchange = history.exchange(number)
    if exchange is None or exchange.request.is_cut:
        raise RequestNotKeptError(number)
    # Bytes that are not UTF-8 become surrogates, as on the command line.
    fields = [
        (name, value.encode("latin-1").decode("utf-8", "surrogateescape")) for name, value in exchange.request.headers
    ]
    has_body = exchange.request.size or exchange.request.header("content-length")
    payload = Content(Body.of(exchange.request.body), bodies.BINARY) if has_body else None
    return Request(exchange.method, exchange.path, without(fields, _NOT_SENT_AGAIN), payload)


def with_id(request: Request, request_id: str) -> Request:
    """Return a request with an X-Request-Id, by which the history knows it."""
    headers = without(request.headers, {"x-request-id"})
    return replace(request, headers=(*headers, ("X-Request-Id", request_id)))


def _options(method: str, path: str, headers: Sequence[str]) -> Request:
    try:
        return build(RequestOptions(method=method, path=path, header=tuple(headers)), takes_events=False)
    except OptionValueError as exc:
        name, example = _FIELDS[exc.option]
        raise OptionValueError(name, exc.value, exc.problem, example) from exc


def _attribute(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not (colon and name.strip()):
        raise OptionValueError("More attributes", line, "is not an attribute", "name: value")
    return name.strip(), value.strip()
