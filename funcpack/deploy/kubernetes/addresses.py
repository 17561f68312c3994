"""Sends a request to the address of a function, without the credentials of the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from funcpack.calls.sending import NO_CERTIFICATES, Server, trusted_certificates
from funcpack.deploy.plan.exchange import exchange
from funcpack.deployment_errors import NetworkError, UnreachableAddressError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcpack.deploy.plan.values import Received


def send(method: str, url: str, headers: Mapping[str, str], body: Any, timeout: float | None) -> Received:
    """Send a request and return the answer, whatever its status.

    Raises:
        UnreachableAddressError: The function got nothing, because its address does not resolve or cannot be reached from here. Another
            attempt would not change that.
        NetworkError: There is no complete answer.

    """
    server = Server.at(url)
    certificates = trusted_certificates() if server.has_tls else NO_CERTIFICATES
    try:
        return exchange(server, method, headers, body, timeout=timeout, certificates=certificates)
    except NetworkError as exc:
        if exc.is_sent:
            raise
        raise UnreachableAddressError(server.name, exc.reason) from exc
