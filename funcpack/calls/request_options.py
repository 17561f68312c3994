"""The options that describe a request, and the request that they make."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from funcpack.calls import body as bodies
from funcpack.calls import outgoing_events, sample_events
from funcpack.calls.request import Content, Request
from funcpack.command_errors import ConflictingOptionsError, OptionValueError

if TYPE_CHECKING:
    from funcpack.calls.body import Body
    from funcpack.calls.outgoing_events import Mode, OutgoingEvents
    from funcpack.calls.request import Payload

# RFC 9110, sections 5.6.2 and 5.5
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_IN_HEADERS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

_ATTRIBUTES = ("type", "source", "id", "subject", "attribute")
_EVENT = (*_ATTRIBUTES, "event", "sample", "structured", "batch")

# Each option with those that contradict it.
_CONFLICTS = (
    ("replay", ("method", "path", "header", "data", "json", "form", "save", *_EVENT)),
    ("form", ("data", "json", *_EVENT)),
    ("data", ("json",)),
    ("event", ("data", "json", "sample", *_ATTRIBUTES)),
    ("structured", ("batch",)),
)


@dataclass(frozen=True, slots=True)
class RequestOptions:
    """The options as the user wrote them: None, empty or False if they are absent. The names are those of the options."""

    method: str | None = None
    path: str | None = None
    header: tuple[str, ...] = ()
    data: str | None = None
    json: str | None = None
    form: tuple[str, ...] = ()
    type: str | None = None
    source: str | None = None
    id: str | None = None
    subject: str | None = None
    attribute: tuple[str, ...] = ()
    event: str | None = None
    sample: str | None = None
    structured: bool = False
    batch: bool = False
    replay: str | None = None
    save: str | None = None

    @property
    def given(self) -> frozenset[str]:
        """The names of the options that are present."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return frozenset(name for name, value in values if value is not None and value is not False and value != ())

    @property
    def mode(self) -> Mode:
        """The content mode of events."""
        if self.batch:
            return "batch"
        return "structured" if self.structured else "binary"

    def check_conflicts(self) -> None:
        """Check that the options do not contradict each other.

        Raises:
            ConflictingOptionsError: they do.

        """
        given = self.given
        for option, others in _CONFLICTS:
            found = [other for other in others if option in given and other in given]
            if found:
                raise ConflictingOptionsError(f"--{option}", f"--{found[0]}")


def build(options: RequestOptions, *, path: str = "/", takes_events: bool = False) -> Request:
    """Return the request that options describe.

    Args:
        options: without contradictions.
        path: of the request, unless the options have one.
        takes_events: whether the function is known to take CloudEvents, so that it gets one without any event option.

    Raises:
        CommandError: the value of an option is not valid, or a file cannot be read.

    """
    headers = tuple(_header(text) for text in options.header)
    payload = _payload(options, takes_events=takes_events)
    return Request(
        _method(options, payload), path if options.path is None else _checked_path(options.path), headers, payload
    )


def _method(options: RequestOptions, payload: Payload | None) -> str:
    method = options.method
    if method is None:
        return "GET" if payload is None else "POST"
    if not _TOKEN.fullmatch(method):
        raise OptionValueError("--method", method, "is not a method", "--method PUT")
    return method.upper()


def _checked_path(path: str) -> str:
    if path != "*" and not path.startswith("/"):
        raise OptionValueError("--path", path, "does not begin with a slash", f"--path '/{path}'")
    return path


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not (colon and _TOKEN.fullmatch(name)) or _NOT_IN_HEADERS.search(value):
        raise OptionValueError("--header", text, "is not a header field", "--header 'Name: value'")
    return name, value.strip(" \t")


def _payload(options: RequestOptions, *, takes_events: bool) -> Payload | None:
    if options.form:
        return Content(*bodies.read_form(options.form))
    data = _data(options)
    if options.given.isdisjoint(_EVENT) and not takes_events:
        return Content(data, bodies.JSON if options.json is not None else bodies.media_type(data)) if data else None
    return _events(options, data)


def _data(options: RequestOptions) -> Body | None:
    if options.json is not None:
        body = bodies.read_argument(options.json)
        bodies.check_json("--json", options.json, body.read())
        return body
    return None if options.data is None else bodies.read_argument(options.data)


def _events(options: RequestOptions, body: Body | None) -> OutgoingEvents:
    if options.event is not None:
        return outgoing_events.read_file(options.event, bodies.read_file(options.event), options.mode)
    attributes = _attributes(options)
    if options.sample is None and not options.given.isdisjoint(_ATTRIBUTES):
        return outgoing_events.from_attributes(attributes, options.mode, body)
    sample = sample_events.load(options.sample or sample_events.DEFAULT)
    return outgoing_events.changed(sample.event, attributes, options.mode, body)


def _attributes(options: RequestOptions) -> dict[str, str]:
    attributes = dict(_attribute(text) for text in options.attribute)
    named = {"type": options.type, "source": options.source, "id": options.id, "subject": options.subject}
    return attributes | {name: value for name, value in named.items() if value is not None}


def _attribute(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise OptionValueError("--attribute", text, "is not NAME=VALUE", "--attribute tenant=acme")
    return name, value
