"""The requests that a project keeps in `tests/events/NAME.json`, each with the answer that `funcpack test` expects.

    {
      "request": {
        "method": "POST",
        "path": "/orders?currency=EUR",
        "headers": {"X-Tenant": "acme"},
        "json": {"order": 42}
      },
      "answer": {
        "status": 200,
        "headers": {"content-type": "application/json"},
        "json": {"total": 19.9}
      },
      "ignore": ["json.items.*.price"]
    }

The body of a request is `json`, `text` or `base64`; that of an event is `event`, in the JSON format, or `events`, an array
that is sent as a batch. `"mode": "structured"` sends an event in that mode. Everything but `request` may be absent.
`comparison` describes how answers are compared.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from funcpack.calls import body as bodies
from funcpack.calls import outgoing_events
from funcpack.calls.body import Body
from funcpack.calls.outgoing_events import OutgoingEvents
from funcpack.calls.request import Content, Request
from funcpack.command_errors import (
    EventFileError,
    SavedRequestError,
    SavedRequestExistsError,
    SavedRequestMissingError,
    SavedRequestNameError,
)
from funcpack_invoker.events import encode
from funcpack_invoker.http import json_codec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from funcpack.calls.outgoing_events import Mode
    from funcpack.calls.request import Headers, Payload

DIRECTORY = "tests/events"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

_BODIES = ("json", "text", "base64")
_PAYLOADS = (*_BODIES, "event", "events")
_MEMBERS: dict[str, dict[str, type]] = {
    "the file": {"request": dict, "answer": dict, "ignore": list},
    "request": {
        "method": str,
        "path": str,
        "headers": dict,
        "mode": str,
        "json": object,
        "text": str,
        "base64": str,
        "event": dict,
        "events": list,
    },
    "answer": {"status": int, "headers": dict, "json": object, "text": str, "base64": str, "event": dict},
}
_KINDS = {dict: "an object", list: "an array", str: "a string", int: "a number"}


@dataclass(frozen=True, slots=True)
class SavedRequest:
    """A request of a file.

    Attributes:
        name: of the file, without its suffix.
        file: the file.
        members: its content.
        request: the request in it.

    """

    name: str
    file: Path
    members: Mapping[str, Any]
    request: Request

    @property
    def answer(self) -> Mapping[str, Any] | None:
        """The expected answer; None if the file has none yet."""
        return self.members.get("answer")

    @property
    def header_names(self) -> list[str] | None:
        """The names of the header fields that are compared; None if the file has no answer yet."""
        return None if self.answer is None else list(self.answer.get("headers", ()))

    @property
    def ignored(self) -> tuple[str, ...]:
        """The patterns of the values that are not compared."""
        return tuple(self.members.get("ignore", ()))

    def with_answer(self, answer: Mapping[str, Any]) -> SavedRequest:
        """Return the same request with another expected answer."""
        members = {"request": self.members["request"], "answer": answer}
        return replace(
            self, members=members | {name: value for name, value in self.members.items() if name not in members}
        )

    def write(self) -> None:
        """Write the file.

        Raises:
            OSError: it cannot be written.

        """
        self.file.parent.mkdir(parents=True, exist_ok=True)
        new = self.file.with_name(f".{self.file.name}.new")
        new.write_text(f"{json.dumps(self.members, ensure_ascii=False, indent=2)}\n", "utf-8")
        new.replace(self.file)


def names(directory: Path) -> list[str]:
    """Return the names of all saved requests of a project, in alphabetical order."""
    return sorted(file.stem for file in (directory / DIRECTORY).glob("*.json") if not file.name.startswith("."))


def load(directory: Path, name: str) -> SavedRequest:
    """Return the saved request of a name.

    Raises:
        SavedRequestMissingError: there is none of this name.
        SavedRequestError: the file does not have the documented form.

    """
    file = _file(directory, name)
    try:
        return read(file, f"{DIRECTORY}/{name}.json")
    except FileNotFoundError:
        raise SavedRequestMissingError(name, DIRECTORY, names(directory)) from None


def read(file: Path, shown: str | None = None) -> SavedRequest:
    """Return the saved request in a file anywhere, which errors name as `shown`.

    Raises:
        OSError: the file cannot be read.
        SavedRequestError: it does not have the documented form.

    """
    document = file.read_bytes()
    try:
        members = json_codec.loads(document)
        _check(members)
        return SavedRequest(file.stem, file, members, _request(file, members["request"]))
    except ValueError as exc:
        raise SavedRequestError(shown or str(file), str(exc)) from exc


def load_all(directory: Path, selected: Sequence[str]) -> list[SavedRequest]:
    """Return the saved requests of some names, or all if there are no names.

    Raises:
        SavedRequestMissingError: there is none of a name, or none at all.
        SavedRequestError: a file does not have the documented form.

    """
    found = selected or names(directory)
    if not found:
        raise SavedRequestMissingError(None, DIRECTORY, ())
    return [load(directory, name) for name in found]


def new(directory: Path, name: str, request: Request) -> SavedRequest:
    """Return a saved request of a new name, which is not written yet.

    Raises:
        SavedRequestNameError: the name cannot be that of a file.
        SavedRequestExistsError: there is one of this name.

    """
    file = _file(directory, name)
    if file.exists():
        raise SavedRequestExistsError(name, f"{DIRECTORY}/{name}.json")
    return SavedRequest(name, file, {"request": _members(request)}, request)


def _file(directory: Path, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise SavedRequestNameError(name)
    return directory / DIRECTORY / f"{name}.json"


def _check(members: Any) -> None:
    """Raise ValueError unless the members have the documented names and types."""
    _check_object("the file", members)
    if "request" not in members:
        raise ValueError('it has no "request"')
    for part in ("request", "answer"):
        _check_object(part, members.get(part, {}))
        found = [name for name in _PAYLOADS if name in members.get(part, {})]
        if len(found) > 1:
            raise ValueError(f'{part} has both "{found[0]}" and "{found[1]}"')
    if not members["request"].get("path", "/").startswith(("/", "*")):
        raise ValueError('the path does not begin with "/"')
    if not all(isinstance(pattern, str) for pattern in members.get("ignore", ())):
        raise ValueError('"ignore" is not an array of strings')
    if members["request"].get("mode", "binary") not in {"binary", "structured"}:
        raise ValueError('the mode is neither "binary" nor "structured"')


def _check_object(part: str, members: Any) -> None:
    if not isinstance(members, dict):
        raise ValueError(f"{part} is not an object")  # noqa: TRY004 - the caller turns it into a text
    for name, value in members.items():
        kind = _MEMBERS[part].get(name)
        if kind is None:
            raise ValueError(f"{part} has the unknown member {json.dumps(name)}; known are {', '.join(_MEMBERS[part])}")
        if not isinstance(value, kind):
            raise ValueError(f'"{name}" is not {_KINDS[kind]}')  # noqa: TRY004 - as above


def _request(file: Path, members: Mapping[str, Any]) -> Request:
    payload = _payload(file, members)
    method = members.get("method") or ("GET" if payload is None else "POST")
    return Request(method, members.get("path", "/"), _headers(members.get("headers", {})), payload)


def _headers(members: Mapping[str, Any]) -> Headers:
    """Return the header fields of an object, in which the value of a name may be an array."""
    return tuple(
        (name, str(value))
        for name, values in members.items()
        for value in (values if isinstance(values, list) else [values])
    )


def _payload(file: Path, members: Mapping[str, Any]) -> Payload | None:
    if "event" in members or "events" in members:
        mode: Mode = "batch" if "events" in members else members.get("mode", "binary")
        document = json_codec.dumps(members.get("event", members.get("events"))).encode()
        try:
            return outgoing_events.read_file(file.name, document, mode)
        except EventFileError as exc:
            raise ValueError(exc.reason) from exc
    if "json" in members:
        return Content(Body.of(_json(members["json"])), bodies.JSON)
    if "text" in members:
        return Content(Body.of(members["text"].encode()), bodies.TEXT)
    return Content(Body.of(base64.b64decode(members["base64"])), bodies.BINARY) if "base64" in members else None


def _members(request: Request) -> dict[str, Any]:
    """Return a request as it is kept."""
    members: dict[str, Any] = {"method": request.method, "path": request.path}
    headers, payload = request.headers, request.payload
    if isinstance(payload, Content):
        headers = request.encoded()[0]
    if headers:
        members["headers"] = _header_members(headers)
    if isinstance(payload, OutgoingEvents):
        return members | _event_members(payload)
    return members if payload is None else members | _body_members(payload.encoded()[1].read())


def _header_members(headers: Headers) -> dict[str, str | list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name, []).append(value)
    return {name: several[0] if len(several) == 1 else several for name, several in values.items()}


def _event_members(payload: OutgoingEvents) -> dict[str, Any]:
    events = [json.loads(encode.write_structured(event)[1]) for event in payload.events]
    if payload.mode == "batch":
        return {"events": events}
    return ({"mode": "structured"} if payload.mode == "structured" else {}) | {"event": events[0]}


def _body_members(data: bytes) -> dict[str, Any]:
    """Return a body as it is kept: as JSON only if that is the same byte for byte, because of signatures in the header."""
    try:
        text = data.decode()
    except ValueError:
        return {"base64": base64.b64encode(data).decode()}
    try:
        value = json_codec.loads(data)
    except ValueError:
        return {"text": text}
    return {"json": value} if _json(value) == data else {"text": text}


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
