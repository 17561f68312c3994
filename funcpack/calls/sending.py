"""Sends a request with httpx, and passes the answer on as it arrives."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from funcpack.calls.answer import Answer, Head
from funcpack.command_errors import (
    CallTimeoutError,
    CertificateFileError,
    InvalidRequestError,
    NoAnswerError,
    TargetError,
    UnsupportedProxyError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from funcpack.calls.body import Body
    from funcpack.calls.request import Headers, Request

# Is called with each part of a body.
Receiver = Callable[[bytes], object]

_DEFAULT_HEADERS = {"Accept": "*/*", "User-Agent": "funcpack"}

# Seconds: a host that drops packets would otherwise take minutes. A connection is never slow because a function is.
_CONNECT_TIMEOUT = 10.0

# For a server without TLS: httpx would load the trusted certificates for each request, which takes longer than the request itself.
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

_CERTIFICATES = "SSL_CERT_FILE"  # that httpx reads

# RFC 9112 allows no other characters in a request line.
_NOT_IN_TARGETS = re.compile(rb"[^\x21-\x7e]")


@dataclass(frozen=True, slots=True)
class Server:
    """Where requests are sent.

    Attributes:
        origin: the URL without a path; it may contain a user name and a password.
        path: the request target in the URL.

    """

    origin: httpx.URL
    path: str

    @classmethod
    def at(cls, url: str) -> Server:
        """Return the server of a URL.

        Raises:
            TargetError: it is not a URL of HTTP.

        """
        try:
            parts = urlsplit(url)
            # httpx accepts ports that do not exist; `port` raises ValueError for them.
            origin = httpx.URL(f"{parts.scheme}://{parts.netloc}", port=parts.port)
        except (ValueError, httpx.InvalidURL) as exc:
            raise TargetError(url, f"is not a valid URL: {exc}") from exc
        if not origin.host:
            raise TargetError(url, "is not a valid URL: the host is missing")
        return cls(origin, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))

    @property
    def name(self) -> str:
        """Return the origin for people, without the password."""
        return f"{self.origin.scheme}://{self.origin.netloc.decode()}"

    @property
    def has_tls(self) -> bool:
        """Return whether the connection to the server is encrypted."""
        return self.origin.scheme == "https"

    @property
    def proxy(self) -> str | None:
        """Return the URL of the environment's proxy for this server, if there is one.

        Raises:
            UnsupportedProxyError: it is not an HTTP proxy.

        """
        if self._is_on_this_machine or proxy_bypass(self.origin.netloc.decode()):
            return None
        proxies = getproxies()
        proxy = proxies.get(self.origin.scheme) or proxies.get("all")
        if not proxy:
            return None
        scheme, separator, _ = proxy.partition("://")
        if separator and scheme not in {"http", "https"}:
            raise UnsupportedProxyError(self.name, scheme)
        return proxy if separator else f"http://{proxy}"

    def target(self, path: str) -> bytes:
        """Return the request target for a path: as it is, apart from what no request line can contain.

        An HTTP proxy gets the whole URL (RFC 9112, section 3.2.2).
        """
        whole = f"{self.name}{path}" if self.origin.scheme == "http" and self.proxy else path
        return _NOT_IN_TARGETS.sub(lambda found: b"%%%02X" % found[0][0], _bytes(whole))

    @property
    def _is_on_this_machine(self) -> bool:
        """Return whether the host is this machine, which no proxy can reach."""
        host = self.origin.host.rstrip(".")
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return host == "localhost" or host.endswith(".localhost")
        return address.is_loopback or address.is_unspecified


async def send(server: Server, request: Request, seconds: float | None = None) -> Answer:
    """Send a request and return the whole answer, which must come within `seconds`.

    Raises:
        NoAnswerError: there is no complete answer.
        CallTimeoutError: there is none in this time.
        InvalidRequestError: the request cannot be sent.

    """
    parts: list[bytes] = []
    heads: list[Head] = []

    def begin(head: Head) -> Receiver:
        heads.append(head)
        return parts.append

    ms = await stream(server, request, begin, seconds)
    return Answer(heads[0], b"".join(parts), ms)


async def stream(
    server: Server, request: Request, begin: Callable[[Head], Receiver], seconds: float | None = None
) -> float:
    """Send a request and pass the answer on; return the milliseconds from its header to the end of the answer.

    Args:
        server: where to send it.
        request: the request.
        begin: is called with the head of the answer, and returns what is called with each part of the body.
        seconds: for all of it.

    Raises:
        NoAnswerError: there is no complete answer.
        CallTimeoutError: there is none in this time.
        InvalidRequestError: the request cannot be sent.

    """
    message = _message(server, request)
    try:
        async with asyncio.timeout(seconds):
            return await _exchange(server, message, begin)
    except TimeoutError:
        raise CallTimeoutError(server.name, seconds or 0) from None
    except httpx.ConnectTimeout:
        raise NoAnswerError(server.name, f"there was no connection within {_CONNECT_TIMEOUT:g} seconds") from None
    except httpx.LocalProtocolError as exc:
        raise InvalidRequestError(str(exc)) from exc
    except httpx.TransportError as exc:
        raise NoAnswerError(server.name, reason(exc)) from exc


def trusted_certificates() -> ssl.SSLContext:
    """Return the certificates that the environment names, or else those of the public authorities.

    Raises:
        CertificateFileError: the file that the environment names cannot be used.

    """
    try:
        return httpx.create_ssl_context()
    except OSError as exc:  # ssl.SSLError is one
        reason = "it contains no certificate" if isinstance(exc, ssl.SSLError) else exc.strerror or str(exc)
        raise CertificateFileError(_CERTIFICATES, os.environ.get(_CERTIFICATES, ""), reason) from exc


async def _exchange(server: Server, message: httpx.Request, begin: Callable[[Head], Receiver]) -> float:
    clock = _Clock()
    message.extensions["trace"] = clock.trace
    certificates = trusted_certificates() if server.has_tls else NO_CERTIFICATES
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(verify=certificates, proxy=server.proxy)) as client:
        response = await client.send(message, stream=True)
        try:
            receive = begin(Head.of(response))
            # Not decoded: the body is shown with the Content-Encoding that the header names.
            async for part in response.aiter_raw():
                receive(part)
        finally:
            await response.aclose()
    return clock.ms()


class _Clock:
    """Measures the time since the request was written, without that for the connection and for imports of httpx.

    See https://www.python-httpx.org/advanced/extensions/#trace
    """

    def __init__(self) -> None:
        self._started = time.perf_counter()

    async def trace(self, event: str, _: object) -> None:
        """Start when the header is sent."""
        if event.endswith("send_request_headers.started"):
            self._started = time.perf_counter()

    def ms(self) -> float:
        """Return the milliseconds since then."""
        return (time.perf_counter() - self._started) * 1000


def _message(server: Server, request: Request) -> httpx.Request:
    fields, body = request.encoded()
    names = {name.lower() for name, _ in fields}
    defaults = [(name, value) for name, value in _DEFAULT_HEADERS.items() if name.lower() not in names]
    if body is not None and not names & {"content-length", "transfer-encoding"}:
        defaults.append(("Content-Length", str(body.size)))
    _check_length(fields, body)
    return httpx.Request(
        request.method,
        server.origin,
        headers=[(_bytes(name), _bytes(value)) for name, value in [*defaults, *fields]],
        content=None if body is None else _parts(body, has_size="transfer-encoding" not in names),
        # The target is sent as it is; httpx would normalize it as a part of the URL.
        extensions={
            "target": server.target(request.path),
            "timeout": httpx.Timeout(None, connect=_CONNECT_TIMEOUT).as_dict(),
        },
    )


def _check_length(fields: Headers, body: Body | None) -> None:
    """Raise InvalidRequestError if the user's Content-Length is not that of the body: no server would get the request."""
    size = 0 if body is None else body.size
    for name, value in fields:
        if name.lower() == "content-length" and value != str(size):
            raise InvalidRequestError(f"Content-Length is {value}, but the body has {size} bytes")


async def _parts(body: Body, *, has_size: bool) -> AsyncIterator[bytes]:
    """Return the parts of a body.

    Raises:
        InvalidRequestError: the file is longer or shorter than it was when the header was made.

    """
    sent = 0
    for part in body.parts:
        sent += len(part)
        if has_size and sent > body.size:
            break
        yield part
    if has_size and sent != body.size:
        raise InvalidRequestError("a file has changed while it was sent")


def _bytes(text: str) -> bytes:
    """Return the bytes of a text that comes from the command line, as they were there."""
    return text.encode("utf-8", "surrogateescape")


def reason(exc: BaseException) -> str:
    """Return why a request failed: the operating system's reason, if there is one, since those of the libraries are general."""
    for cause in causes(exc):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted ({cause.verify_message})"
        if isinstance(cause, ssl.SSLError):
            # Its number is OpenSSL's, not the operating system's.
            return f"TLS failed ({cause.reason})"
        if isinstance(cause, OSError) and cause.errno:
            # The errors of look-ups have negative numbers; those of asyncio have texts of their own.
            return os.strerror(cause.errno) if cause.errno > 0 else str(cause.strerror)
    return str(exc) or type(exc).__name__


def causes(exc: BaseException) -> Iterator[BaseException]:
    """Return an error, what caused it, and so on; of a group, the first error."""
    cause: BaseException | None = exc
    while cause is not None:
        yield cause
        following = cause.__cause__ or cause.__context__
        cause = following.exceptions[0] if isinstance(following, BaseExceptionGroup) else following
