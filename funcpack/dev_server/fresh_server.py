"""Serves a function for the time of some calls, by a process that has served no calls before."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from funcpack.command_errors import FunctionProblemError
from funcpack.dev_server.function_process import HOST, FunctionProcess
from funcpack.dev_server.loading import Loader, Source

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

# Seconds for the function's `stop`.
_STOP = 2.0


@asynccontextmanager
async def fresh_server(
    directory: Path, report: Callable[[str], None], on_line: Callable[[str], None]
) -> AsyncIterator[str]:
    """Serve the function in a directory; return the URL.

    Args:
        directory: of the function.
        report: is called with lines about the installation of packages.
        on_line: is called with each line of the function and the invoker.

    Raises:
        UserError: the function cannot be served.

    """
    loaded = await Loader(Source(directory, os.environ, given={}), report).load()
    process = FunctionProcess(loaded.launch, on_line)
    await process.start()
    try:
        problem = await process.serve()
        if problem:
            raise FunctionProblemError(problem.title, problem.message)
        yield f"http://{HOST}:{process.port}"
        await process.end(_STOP)
    finally:
        process.kill()
        await process.closed()
