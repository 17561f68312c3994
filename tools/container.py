"""Runs the image of a function in a container for the duration of a block, on a free port of the loopback interface."""

from __future__ import annotations

import http.client
import secrets
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools import errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tools.engine import Engine

PORT = "8080"
READY_PATH = "/health/ready"
READY_SECONDS = 30.0
ANSWER_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response. The names of its headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Container:
    """A running container, with the host and port of its function."""

    engine: Engine
    name: str
    host: str
    port: int

    def request(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """Send one request on a new connection. Raises OSError or http.client.HTTPException if there is no response."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=ANSWER_SECONDS)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def logs(self) -> str:
        """Return the output of the container."""
        return self.engine.logs(self.name)

    def runs(self) -> bool:
        """Check whether the container is running."""
        return self.engine.ask("inspect", "--format", "{{.State.Running}}", self.name) == "true"

    def wait_until_ready(self, path: str) -> None:
        """Wait until `path` responds with 200. Raises ToolError if the container ends or the deadline passes."""
        deadline = time.monotonic() + READY_SECONDS
        while not self._is_ready(path):
            if time.monotonic() > deadline or not self.runs():
                raise errors.no_answer(f"http://{self.host}:{self.port}{path}", READY_SECONDS, self.logs())
            time.sleep(0.05)

    def _is_ready(self, path: str) -> bool:
        try:
            return self.request("GET", path).status == 200
        except (OSError, http.client.HTTPException):
            return False


@contextmanager
def running(
    engine: Engine, image: str, *options: str, command: Sequence[str] = (), ready_path: str = READY_PATH
) -> Iterator[Container]:
    """Run `image`, or `command` in it, and yield the container when `ready_path` responds. Remove it after the block.

    `options` are those of the engine's `run` command. Raises ToolError if the container does not start.
    """
    name = f"funcpack-{secrets.token_hex(6)}"
    try:
        engine.run("run", "--detach", "--name", name, "--publish", f"127.0.0.1::{PORT}", *options, image, *command)
        host, _, port = engine.run("port", name, PORT).splitlines()[0].rpartition(":")
        container = Container(engine, name, host, int(port))
        container.wait_until_ready(ready_path)
        yield container
    finally:
        engine.ask("rm", "--force", "--volumes", name)
