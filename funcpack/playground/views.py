"""The JSON in which the page gets requests, lines and states."""

from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from funcpack.dev_server.history import Exchange, LogLine
from funcpack.dev_server.report import Broken, Note, Ready, Reloaded
from funcpack.playground import broker
from funcpack.playground.curl import curl_command
from funcpack.playground.messages import answer_of, body_view, headers_of

if TYPE_CHECKING:
    from funcpack.check.local import Inspection
    from funcpack.dev_server.report import Event
    from funcpack.dev_server.server import DevServer
    from funcpack.playground.broker import Verdict

# Characters of a line that are shown.
_LONGEST_LINE = 10_000


def entry(found: Exchange | LogLine | Event | None, server: DevServer) -> dict[str, Any]:
    """Return an entry of the feed."""
    if isinstance(found, Exchange):
        return {"kind": "exchange", **summary(found)}
    if isinstance(found, LogLine):
        return {"kind": "line", "text": _line(found.text), "time": found.time, "exchange": found.exchange}
    if isinstance(found, Note):
        return {"kind": "note", "text": found.text}
    return {"kind": "state", **_state(found, server)}


def summary(exchange: Exchange) -> dict[str, Any]:
    """Return a request as a row of the history."""
    return {
        "number": exchange.number,
        "id": exchange.id,
        "started": exchange.started,
        "method": exchange.method,
        "path": exchange.path,
        "type": exchange.type,
        "status": exchange.status,
        "ms": exchange.timings.total,
        "size": exchange.answer.size,
        "version": exchange.version,
    }


def details(exchange: Exchange, origin: str) -> dict[str, Any]:
    """Return all about a request that was sent to a URL without a path."""
    event = answer_of(exchange).event
    return {
        **summary(exchange),
        "reason": _reason(exchange.status),
        "isComplete": exchange.is_complete,
        "timings": {
            "waiting": exchange.timings.waiting,
            "function": exchange.timings.function,
            "sending": exchange.timings.sending,
        },
        "request": {"headers": headers_of(exchange.request), "body": body_view(exchange.request)},
        "answer": {"headers": headers_of(exchange.answer), "body": body_view(exchange.answer)},
        "isEvent": broker.is_event(exchange),
        "reply": None if event is None else event.attributes,
        "verdict": _verdict(broker.verdict(exchange)),
        "lines": [_line(line) for line in exchange.lines],
        "curl": curl_command(exchange, origin),
    }


def _line(text: str) -> str:
    rest = len(text) - _LONGEST_LINE
    return f"{text[:_LONGEST_LINE]}... ({rest} more characters)" if rest > 0 else text


def _reason(status: int) -> str:
    return HTTPStatus(status).phrase if status in set(HTTPStatus) else ""


def _verdict(verdict: Verdict | None) -> dict[str, str] | None:
    return None if verdict is None else asdict(verdict)


def _state(state: Event | None, server: DevServer) -> dict[str, Any]:
    view: dict[str, Any] = {"url": server.url, "problem": None, "reload": None, "function": None}
    match state:
        case Ready(inspection):
            return view | {"function": _function(inspection)}
        case Reloaded(inspection, version, files, seconds):
            reload = {"version": version, "files": list(files), "seconds": seconds}
            return view | {"function": _function(inspection), "reload": reload}
        case Broken(problem):
            return view | {"problem": {"title": problem.title, "message": problem.message}}
    return view


def _function(inspection: Inspection) -> dict[str, Any]:
    checked = inspection.checked
    values = checked.signature.values if checked.signature else {}
    return {
        "handler": inspection.project.handler.text,
        "file": str(checked.file) if checked.file else None,
        "kind": "cloudevent" if checked.signature and checked.signature.kind == "cloudevent" else "http",
        "protocol": checked.protocol.described if checked.protocol else None,
        "parameters": [{"name": name, "value": value.value} for name, value in values.items()],
    }
