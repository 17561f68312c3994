"""OpenTelemetry's semantic conventions 1.43 for serving a function: names and values.

Of https://github.com/open-telemetry/semantic-conventions/tree/main/docs: faas/faas-spans.md, faas/faas-metrics.md,
http/http-spans.md, http/http-metrics.md, cloudevents/cloudevents-spans.md, resource/faas.md. They are
repeated here because the Python package has the unstable ones of FaaS and CloudEvents only in a private module.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from funcpack_invoker.function.parameters import Kind
from funcpack_invoker.http.environ import client_address

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping

    from funcpack_invoker.events.event import Event

    Attributes = dict[str, str | int | bool]

# faas.trigger: events usually arrive through a messaging system.
TRIGGERS = {Kind.HTTP: "http", Kind.CLOUDEVENT: "pubsub"}

# Seconds, as in http-metrics.md and faas-metrics.md.
DURATION_BOUNDARIES = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)

# Values of error.type that are not exceptions.
TIMEOUT = "timeout"
INCOMPLETE = "incomplete_response"

_METHODS = frozenset({"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"})

_EVENT_ATTRIBUTES = {
    "id": "cloudevents.event_id",
    "source": "cloudevents.event_source",
    "specversion": "cloudevents.event_spec_version",
    "type": "cloudevents.event_type",
    "subject": "cloudevents.event_subject",
}


def resource_attributes(handler: str, environ: Mapping[str, str]) -> Attributes:
    """Return the attributes of this instance; Knative and Cloud Run name the service and its revision."""
    name = environ.get("K_SERVICE") or handler
    attributes: Attributes = {"service.name": name, "faas.name": name}
    if environ.get("K_REVISION"):
        attributes["faas.version"] = environ["K_REVISION"]
    return attributes


def request_attributes(scope: MutableMapping[str, Any], headers: Mapping[bytes, bytes]) -> Attributes:
    """Return the attributes of a request, without its query, which may contain tokens."""
    method = scope["method"]
    attributes: Attributes = {
        "http.request.method": method if method in _METHODS else "_OTHER",
        "url.scheme": scope["scheme"],
        "url.path": scope["path"],
        "network.protocol.version": scope["http_version"],
    }
    if method not in _METHODS:
        attributes["http.request.method_original"] = method
    if scope.get("client"):
        attributes["client.address"] = client_address(scope)
    if b"user-agent" in headers:
        attributes["user_agent.original"] = headers[b"user-agent"].decode("latin-1")
    return attributes | _server(headers.get(b"host", b"").decode("latin-1"))


def metric_attributes(attributes: Attributes) -> Attributes:
    """Return those of a request's attributes that have few different values."""
    names = ("http.request.method", "url.scheme", "network.protocol.version")
    return {name: attributes[name] for name in names}


def event_attributes(event: Event) -> Attributes:
    """Return the attributes of an event."""
    return {name: event.attributes[key] for key, name in _EVENT_ATTRIBUTES.items() if key in event.attributes}


def error_type(error: BaseException) -> str:
    """Return the name of an exception's class."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _server(host: str) -> Attributes:
    try:
        parts = urlsplit(f"//{host}")
        address, port = parts.hostname, parts.port
    except ValueError:
        return {}
    if address is None:
        return {}
    return {"server.address": address} if port is None else {"server.address": address, "server.port": port}
