"""The lifespan of an ASGI application: what it does before the first request and after the last one.

https://asgi.readthedocs.io/en/latest/specs/lifespan.html
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from funcpack_invoker.errors import LifespanFailedError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

logger = logging.getLogger("funcpack")


class Lifespan:
    """A call of the application that lasts from its startup to its shutdown.

    Attributes:
        state: what the application shares with its requests; None if it does not support lifespan events.

    """

    def __init__(self, handler: str, application: Callable[..., Awaitable[Any]]) -> None:
        self.state: dict[str, Any] | None = {}
        self._handler = handler
        self._application = application
        self._events: asyncio.Queue[str] = asyncio.Queue()
        self._answer: asyncio.Future[dict[str, Any]] | None = None
        self._task: asyncio.Task[None] | None = None
        self._has_received = False

    async def startup(self) -> None:
        """Start the application. One that does not support lifespan events is served without them.

        Raises:
            LifespanFailedError: if it reports that its startup failed.

        """
        self._task = asyncio.get_running_loop().create_task(self._run())
        answer = await self._tell("lifespan.startup")
        if answer is None:
            self.state = None
        elif answer["type"] == "lifespan.startup.failed":
            raise LifespanFailedError(self._handler, str(answer.get("message", "")))

    async def shutdown(self) -> None:
        """Let the application end what it has started; log if it fails."""
        if self.state is None:
            return
        answer = await self._tell("lifespan.shutdown")
        if answer is not None and answer["type"] == "lifespan.shutdown.failed":
            logger.error("the application reported that its shutdown failed: %s", answer.get("message", ""))

    async def _tell(self, event: str) -> dict[str, Any] | None:
        """Send an event; return the answer, or None if the application has ended instead of answering."""
        task = self._task
        assert task is not None  # noqa: S101 - `startup` has created it
        self._answer = answer = asyncio.get_running_loop().create_future()
        self._events.put_nowait(event)
        waiting: set[asyncio.Future[Any]] = {answer, task}
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        return answer.result() if answer.done() else None

    async def _run(self) -> None:
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        try:
            await self._application(scope, self._receive, self._send)
        except asyncio.CancelledError:
            raise
        except BaseException as exc:  # noqa: BLE001 - sys.exit() in an application must not end the worker like this
            self._log_end(exc)

    def _log_end(self, error: BaseException) -> None:
        """Log an exception that is not the reason for a failure that the application has reported."""
        if self._answer is not None and self._answer.done() and self._answer.result()["type"].endswith(".failed"):
            return
        if self._has_received:
            logger.error("the application failed during its lifespan", exc_info=error)
        else:
            # Frameworks without support for lifespan events raise an exception for any unknown type of scope.
            logger.info("the application does not support lifespan events (%s: %s)", type(error).__name__, error)

    async def _receive(self) -> dict[str, Any]:
        event = await self._events.get()
        self._has_received = True
        return {"type": event}

    async def _send(self, message: dict[str, Any]) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(message)
