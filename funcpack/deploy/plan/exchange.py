"""One HTTP request and its answer, as they are: on a connection of its own, without credentials, redirects and retries."""

from __future__ import annotations

import json
import ssl
from typing import TYPE_CHECKING, Any

import httpx

from funcpack.calls.sending import causes, reason
from funcpack.deploy.plan.steps import Content, Upload
from funcpack.deploy.plan.values import Received
from funcpack.deployment_errors import CertificateError, NetworkError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcpack.calls.sending import Server

_CONNECT_TIMEOUT = 10.0  # seconds: a host that drops packets would otherwise take minutes
_ANSWER_TIMEOUT = 60.0  # seconds without a byte
# The server got nothing of these requests.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.LocalProtocolError)


def exchange(
    server: Server,
    method: str,
    headers: Mapping[str, str],
    body: Any,
    *,
    timeout: float | None,
    certificates: ssl.SSLContext,
) -> Received:
    """Send a request and return the whole answer, whatever its status. If it is not JSON, its body is None.

    A connection that was kept may be closed by the server at any moment: a write on it would have an outcome that nobody knows.
    Redirects are not followed: they would take the headers to another host.

    Raises:
        NetworkError: there is no complete answer.
        CertificateError: the server's certificate is not trusted.

    """
    message = _message(server, method, headers, body, timeout)
    try:
        with httpx.Client(transport=httpx.HTTPTransport(verify=certificates, proxy=server.proxy)) as client:
            return _received(client.send(message, follow_redirects=False))
    except httpx.LocalProtocolError:
        # httpx shows the header, which may be the token.
        raise NetworkError(server.name, "the request is not valid HTTP", is_sent=False) from None
    except httpx.RequestError as exc:
        is_untrusted = any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes(exc))
        error = CertificateError if is_untrusted else NetworkError
        raise error(server.name, reason(exc), is_sent=not isinstance(exc, _NOT_SENT)) from exc


def _message(
    server: Server, method: str, headers: Mapping[str, str], body: Any, timeout: float | None
) -> httpx.Request:
    seconds = _ANSWER_TIMEOUT if timeout is None else min(timeout, _ANSWER_TIMEOUT)
    return httpx.Request(
        method,
        server.origin,
        headers={"User-Agent": "funcpack", "Accept": "*/*", **headers},
        content=_content(body),
        extensions={
            # As it is: httpx would normalize the query, which may be signed.
            "target": server.target(server.path),
            "timeout": httpx.Timeout(seconds, connect=min(seconds, _CONNECT_TIMEOUT)).as_dict(),
        },
    )


def _content(body: Any) -> bytes | None:
    """Return the bytes of a body, which the headers of its step describe."""
    if isinstance(body, Upload | Content):
        return body.content
    return None if body is None else json.dumps(body).encode()


def _received(response: httpx.Response) -> Received:
    try:
        document = response.json() if response.content else None
    except ValueError:
        document = None
    return Received(response.status_code, dict(response.headers), document, response.content)
