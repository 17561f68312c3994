"""Lets only the page itself talk to its server, and tells the browser what the page may do.

A web site can send requests to a port of this machine. One that has pointed its own name at this machine (DNS rebinding) is
recognized by the Host, any other one by the Origin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocketClose

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOST = "127.0.0.1"

_POLICY = (
    "default-src 'none'; connect-src 'self'; img-src 'self'; script-src 'self'; style-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)

_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-cache",
}

_REFUSAL = "This page answers only requests of its own. Open it by its address, http://{host}\n"


class Guard:
    """Answers 403 to requests of others, also to the handshakes of WebSockets."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._hosts = [f"{name}:{port}" for name in (HOST, "localhost")]
        if port == 80:
            self._hosts += [HOST, "localhost"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on if it is the page's."""
        allowed = self._allows(scope)
        if scope["type"] == "websocket":
            # The page has none. Before it is accepted, this is answered as 403.
            await WebSocketClose()(scope, receive, send)
        elif allowed:
            await self._app(scope, receive, _with_headers(send))
        else:
            refusal = PlainTextResponse(_REFUSAL.format(host=self._hosts[0]), 403)
            await refusal(scope, receive, _with_headers(send))

    def _allows(self, scope: Scope) -> bool:
        headers = Headers(scope=scope)
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return False
        if any(origin.lower() != f"http://{hosts[0].lower()}" for origin in origins):
            return False
        # A browser sends no Origin for an image or a script, but it says where that is used. A link to the page is harmless.
        site = headers.get("sec-fetch-site", "none")
        is_link = scope.get("path") == "/" and headers.get("sec-fetch-mode") == "navigate"
        return is_link or site in {"same-origin", "none"}


def _with_headers(send: Send) -> Send:
    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return wrapped
