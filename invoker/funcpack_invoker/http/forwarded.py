"""The scheme that a trusted proxy reports for its client."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack_invoker.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from ipaddress import IPv4Network, IPv6Network

    from funcpack_invoker.http.asgi import Header

# The fields that proxies use, each with the value that stands for HTTPS.
_SECURE = {b"x-forwarded-proto": b"https", b"x-forwarded-protocol": b"ssl", b"x-forwarded-ssl": b"on"}
SCHEME_FIELDS = frozenset(_SECURE)


class TrustedProxies:
    """The peers that may report the scheme of their client: addresses, networks, or `*` for all peers."""

    def __init__(self, allowed: Collection[str]) -> None:
        self._addresses = frozenset(allowed)
        self._networks = [_network(text) for text in allowed if "/" in text]

    def trusts(self, address: str) -> bool:
        """Return whether the peer with this address is trusted."""
        if address in self._addresses or "*" in self._addresses:
            return True
        return bool(self._networks) and _is_in_one_of(address, self._networks)


def forwarded_scheme(headers: Iterable[Header]) -> str:
    """Return the scheme that the headers of a trusted peer report; `http` if they report none.

    If each of several proxies has appended its scheme, the first one is that of the client.

    Raises:
        RequestError: 400 if they contradict each other.

    """
    reported = {
        value.partition(b",")[0].strip(b" \t").lower() == _SECURE[name] for name, value in headers if name in _SECURE
    }
    if len(reported) > 1:
        raise RequestError(400, "the X-Forwarded headers contradict each other")
    return "https" if True in reported else "http"


def _network(text: str) -> IPv4Network | IPv6Network:
    from ipaddress import ip_network  # noqa: PLC0415 - only for settings that name a network

    return ip_network(text, strict=False)


def _is_in_one_of(address: str, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    from ipaddress import ip_address  # noqa: PLC0415 - only for settings that name a network

    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)
