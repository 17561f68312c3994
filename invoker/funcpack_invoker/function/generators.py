"""Starts the generator that a generator function returns: until its first chunk, it is like the body of any function.

Its exceptions can be answered, and Flask's `after_this_request` functions and session still reach the headers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

_NONE = object()


def start(generator: Generator[Any, Any, Any]) -> Started:
    """Run a generator up to its first chunk; return an iterator over all of its chunks."""
    return Started(next(generator, _NONE), generator)


async def start_async(generator: AsyncGenerator[Any, Any]) -> StartedAsync:
    """Run an async generator up to its first chunk; return an async iterator over all of its chunks."""
    return StartedAsync(await anext(generator, _NONE), generator)


class Started:
    """The chunks of a generator whose first one is known."""

    def __init__(self, first: Any, generator: Generator[Any, Any, Any]) -> None:
        self._first = first
        self._generator = generator

    def __iter__(self) -> Started:
        return self

    def __next__(self) -> Any:
        first, self._first = self._first, _NONE
        return next(self._generator) if first is _NONE else first

    def close(self) -> None:
        """Close the generator."""
        self._generator.close()


class StartedAsync:
    """The chunks of an async generator whose first one is known."""

    def __init__(self, first: Any, generator: AsyncGenerator[Any, Any]) -> None:
        self._first = first
        self._generator = generator

    def __aiter__(self) -> StartedAsync:
        return self

    async def __anext__(self) -> Any:
        first, self._first = self._first, _NONE
        return await anext(self._generator) if first is _NONE else first

    async def aclose(self) -> None:
        """Close the generator."""
        await self._generator.aclose()
