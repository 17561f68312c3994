"""The event loop of a worker: asyncio's, which a blocking function can also use from its thread.

A module can keep the loop that `asyncio.get_event_loop()` returns while it is imported, and run coroutines on it when its
function is called. That is common in functions for AWS Lambda, which calls them on the thread that imported the module.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Generator

Result = TypeVar("Result")


class EventLoop(asyncio.SelectorEventLoop):
    """asyncio's event loop, except that `run_until_complete` also works on other threads while the loop is running."""

    def run_until_complete(self, future: Generator[Any, None, Result] | Awaitable[Result]) -> Result:
        """Run until an awaitable is done; return its result.

        Raises:
            Exception: any exception of the awaitable; RuntimeError when called on the thread of the running loop.

        """
        if self.is_running() and not _is_loop_running_here():
            result: Result = asyncio.run_coroutine_threadsafe(_result_of(future), self).result()
            return result
        return super().run_until_complete(future)


def _is_loop_running_here() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


async def _result_of(future: Any) -> Any:
    return await future
