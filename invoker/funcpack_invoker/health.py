"""The health paths: whether the process is alive, and whether it wants requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack_invoker.http.response import Reply, plain

if TYPE_CHECKING:
    from funcpack_invoker.function.hooks import Hooks

LIVE_PATHS = ("/health/live", "/health/liveness")
READY_PATHS = ("/health/ready", "/health/readiness")


class Health:
    """What the health paths answer. `draining` is set at SIGTERM."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks
        self.draining = False

    async def answer(self, path: str, method: str) -> Reply:
        """Answer a request of one of the health paths."""
        if method not in {"GET", "HEAD"}:
            return plain(405, "health is asked for by GET", (b"allow", b"GET, HEAD"))
        fault = await (self._not_ready() if path in READY_PATHS else self._hooks.alive())
        return plain(503, fault) if fault else plain(200, "ok")

    async def _not_ready(self) -> str | None:
        if self.draining:
            return "shutting down"
        if not self._hooks.started.is_set():
            return "starting"
        return await self._hooks.ready()
