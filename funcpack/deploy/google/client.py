"""Sends requests to Google's APIs, and authorizes them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from funcpack.calls.sending import NO_CERTIFICATES, Server, trusted_certificates
from funcpack.deploy.google.credentials import Credentials, credentials
from funcpack.deploy.plan.exchange import exchange
from funcpack.deployment_errors import NoJsonError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

    from funcpack.deploy.plan.values import Received


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

        def send(authorization: Mapping[str, str]) -> Received:
            certificates = self._certificates if server.has_tls else NO_CERTIFICATES
            fields = {**headers, **authorization}
            return exchange(server, method, fields, body, timeout=timeout, certificates=certificates)

        if not is_authorized:
            return send({})
        received = send(self._credentials.headers(method, url))
        if received.status == 401 and self._credentials.refresh():
            received = send(self._credentials.headers(method, url))
        _check_answer(server, received)
        return received


def _check_answer(server: Server, received: Received) -> None:
    """Check the answer of an API: a JSON object unless it is empty or reports a failure, which the status describes."""
    if received.status < 300 and received.content and not isinstance(received.body, dict):
        raise NoJsonError(server.name, received.headers.get("content-type", "none"))
