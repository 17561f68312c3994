"""The health paths: they report whether the process is alive, and whether it can take requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack_invoker.http.response import Reply, plain

if TYPE_CHECKING:
    from funcpack_invoker.function.hooks import Hooks

LIVE_PATHS = ("/health/live", "/health/liveness")
READY_PATHS = ("/health/ready", "/health/readiness")


class Health:
    """Answers requests to the health paths.

    Attributes:
        draining: whether the process is shutting down.

    """

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks
        self.draining = False

    async def answer(self, path: str, method: str) -> Reply:
        """Return the response to a request for one of the health paths."""
        if method not in {"GET", "HEAD"}:
            return plain(405, "use GET or HEAD", (b"allow", b"GET, HEAD"))
        problem = await (self._not_ready() if path in READY_PATHS else self._hooks.alive())
        return plain(503, problem) if problem else plain(200, "ok")

    async def _not_ready(self) -> str | None:
        if self.draining:
            return "shutting down"
        return await self._hooks.ready()
