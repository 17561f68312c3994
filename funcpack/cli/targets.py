"""What a command calls: the server of a URL, or the function in a directory, which is served for the time of the calls."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from funcpack.calls import request_options, saved_requests
from funcpack.calls.sending import Server
from funcpack.cli.output import is_for_people, note
from funcpack.command_errors import TargetError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from funcpack.calls.request import Request
    from funcpack.calls.request_options import RequestOptions


class Target(Protocol):
    """A server to call."""

    @property
    def directory(self) -> Path:
        """Return the directory of the project, with its saved requests."""

    @property
    def path(self) -> str:
        """Return the path of a request that has none."""

    @property
    def takes_events(self) -> bool:
        """Return whether the function is known to take CloudEvents."""

    def serving(self) -> AbstractAsyncContextManager[Server]:
        """Return the server, which runs as long as the context."""


@dataclass(frozen=True, slots=True)
class UrlTarget:
    """A server that runs already."""

    server: Server
    directory: Path = Path()
    takes_events: bool = False

    @property
    def path(self) -> str:
        """The path of the URL."""
        return self.server.path

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Server]:
        """Return the server."""
        yield self.server


@dataclass(frozen=True, slots=True)
class DirectoryTarget:
    """A function that is served for the time of the calls. What it writes is printed on standard error."""

    directory: Path
    takes_events: bool
    path: str = "/"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Server]:
        """Serve the function.

        Raises:
            UserError: it cannot be served.

        """
        from funcpack.dev_server.fresh_server import fresh_server  # noqa: PLC0415 - a URL needs none of it

        async with fresh_server(self.directory, note, _note_line) as url:
            yield Server.at(url)


def _note_line(line: str) -> None:
    if is_for_people(line):
        note(line)


def find_target(text: str) -> Target:
    """Return the target of a command line.

    Raises:
        UserError: it is neither a URL nor the directory of a function that a build would accept.

    """
    if text.lower().startswith(("http://", "https://")):
        return UrlTarget(Server.at(text))
    directory = Path(text)
    if not directory.is_dir():
        raise TargetError(text, "is neither a URL nor a directory")
    from funcpack.check.local import inspect  # noqa: PLC0415 - a URL needs none of it

    return DirectoryTarget(directory, takes_events=inspect(directory, None, os.environ).checked.takes_events)


def request_for(target: Target, options: RequestOptions) -> Request:
    """Return the request that options describe.

    Raises:
        CommandError: an option or a saved request is not valid, or a file cannot be read.

    """
    if options.replay is not None:
        return saved_requests.load(target.directory, options.replay).request
    return request_options.build(options, path=target.path, takes_events=target.takes_events)
