"""Sends requests to Google's APIs with httpx, and authorizes them."""

from __future__ import annotations

import json
import ssl
from functools import cached_property
from typing import TYPE_CHECKING, Any

import httpx

from funcpack.calls.sending import NO_CERTIFICATES, Server, causes, reason, trusted_certificates
from funcpack.deploy.google.credentials import Credentials, credentials
from funcpack.deploy.plan.steps import Content, Upload
from funcpack.deploy.plan.values import Received
from funcpack.deployment_errors import CertificateError, NetworkError, NoJsonError

if TYPE_CHECKING:
    from collections.abc import Mapping

_CONNECT_TIMEOUT = 10.0  # seconds: a host that drops packets would otherwise take minutes
_ANSWER_TIMEOUT = 60.0  # seconds without a byte
# The server got nothing of these requests.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.LocalProtocolError)


class GoogleClient:
    """The Sender of `plan.execution`. Credentials are looked for when a request needs them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    @property
    def account(self) -> str | None:
        """The email of the service account that sends the requests, or None if it is not known."""
        return self._credentials.account

    @cached_property
    def _credentials(self) -> Credentials:
        return credentials(self._environ)

    @cached_property
    def _certificates(self) -> ssl.SSLContext:
        """The trusted certificates. To load them takes longer than many a request, so they are loaded once, if TLS is used."""
        return trusted_certificates()

    def __call__(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: Any,
        *,
        is_authorized: bool,
        timeout: float | None = None,
    ) -> Received:
        """Send a request. After an answer 401, the token is refreshed once.

        Raises:
            NetworkError: there is no complete answer.
            CertificateError: the server's certificate is not trusted.
            CertificateFileError: the certificates of the environment cannot be read.
            NoJsonError: the answer of an API is not JSON.
            CommandError: there are no credentials.

        """
        server = Server.at(url)

        def send(authorization: Mapping[str, str]) -> httpx.Response:
            message = _message(server, method, {**headers, **authorization}, body, timeout)
            return _exchange(server, message, self._certificates if server.has_tls else NO_CERTIFICATES)

        if not is_authorized:
            return _received(server, send({}), is_api=False)
        response = send(self._credentials.headers(method, url))
        if response.status_code == 401 and self._credentials.refresh():
            response = send(self._credentials.headers(method, url))
        return _received(server, response, is_api=True)


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


def _exchange(server: Server, message: httpx.Request, certificates: ssl.SSLContext) -> httpx.Response:
    """Send a request, each on its own connection, and return the whole answer.

    A connection that was kept may be closed by the server at any moment: a write on it would have an outcome that nobody knows.
    Redirects are not followed: they would take the token to another host.
    """
    try:
        with httpx.Client(transport=httpx.HTTPTransport(verify=certificates, proxy=server.proxy)) as client:
            return client.send(message, follow_redirects=False)
    except httpx.LocalProtocolError:
        # httpx shows the header, which may be the token.
        raise NetworkError(server.name, "the request is not valid HTTP", is_sent=False) from None
    except httpx.RequestError as exc:
        is_untrusted = any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes(exc))
        error = CertificateError if is_untrusted else NetworkError
        raise error(server.name, reason(exc), is_sent=not isinstance(exc, _NOT_SENT)) from exc


def _received(server: Server, response: httpx.Response, *, is_api: bool) -> Received:
    """Return the answer. That of an API must be a JSON object unless it is empty or reports a failure, which the status describes."""
    try:
        document = response.json() if response.content else None
    except ValueError:
        document = None
    if is_api and response.status_code < 300 and response.content and not isinstance(document, dict):
        raise NoJsonError(server.name, response.headers.get("content-type", "none"))
    return Received(response.status_code, dict(response.headers), document, response.content)
