"""A server that answers as the API server of a cluster does. Each test lists the answers; everything is allowed, and the rest is missing.

`tests/cluster` runs the same commands on real clusters. Here are the answers that those rarely give.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

Result = subprocess.CompletedProcess[str]
NAMESPACE = "shop"
# A hang is a failure; a slow machine is not.
DEADLINE = 120


class Request(NamedTuple):
    """A request that the server got. The names in `headers` are lowercase."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Reply(NamedTuple):
    """An answer: JSON, or text."""

    status: int
    body: Any = None


# The connection is closed without an answer.
CUT = Reply(0)


def failure(code: int, message: str) -> Reply:
    """Return an answer of the API server itself."""
    return Reply(code, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code})


ALLOWED = Reply(201, {"kind": "SelfSubjectAccessReview", "status": {"allowed": True}})


@dataclass
class ClusterServer:
    """The server at `url`. `answers` are its answers, by the method and the path without a query, such as `GET /healthz`."""

    url: str = ""
    answers: dict[str, Callable[[Request], Reply]] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)

    def answer(self, request: Request) -> Reply:
        """Return the answer to a request."""
        self.requests.append(request)
        path = urlsplit(request.path).path
        if path.endswith("/selfsubjectaccessreviews"):
            return ALLOWED
        listed = self.answers.get(f"{request.method} {path}")
        return listed(request) if listed else failure(404, f"{path} is missing")

    def has(self, line: str, *replies: Reply) -> None:
        """Add the answers to a request, one after the other. The last one is repeated."""
        remaining = list(replies)
        self.answers[line] = lambda _: remaining.pop(0) if len(remaining) > 1 else remaining[0]

    def sent(self, line: str) -> list[Request]:
        """Return the requests with a method and a path."""
        return [request for request in self.requests if f"{request.method} {urlsplit(request.path).path}" == line]


@contextmanager
def served(answer: Callable[[Request], Reply]) -> Iterator[str]:
    """Answer requests, and yield the URL of the server."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            reply = answer(Request(self.command, self.path, headers, body))
            if reply is CUT:
                self.close_connection = True
                return
            is_text = isinstance(reply.body, str)
            content = (reply.body if is_text else json.dumps(reply.body)).encode()
            self.send_response(reply.status)
            self.send_header("content-type", "text/plain" if is_text else "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def do_POST(self) -> None:
            self.do_GET()

        def do_PUT(self) -> None:
            self.do_GET()

        def do_PATCH(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, *_: object) -> None:
            """Print nothing: clients that time out or are interrupted close their connections."""

    with Server(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_address[1]}"
        listening.shutdown()


@contextmanager
def cluster_server() -> Iterator[ClusterServer]:
    """Run a server."""
    server = ClusterServer()
    with served(server.answer) as server.url:
        yield server


def kubeconfig(directory: Path, url: str) -> Path:
    """Write a kubeconfig that selects a server, and return its path."""
    content = {
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": url}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test", "namespace": NAMESPACE}}],
        "users": [{"name": "test", "user": {"token": "the-token-of-the-cluster"}}],
    }
    file = directory / "kubeconfig"
    file.write_text(yaml.safe_dump(content))
    return file


@dataclass(frozen=True)
class Orders:
    """The function `orders`, and the commands on it as processes."""

    directory: Path
    server: ClusterServer

    @classmethod
    def new(cls, directory: Path, server: ClusterServer) -> Orders:
        """Write the function, its configuration and a kubeconfig."""
        (directory / "handler.py").write_text("def handler(request):\n    return 'hello'\n")
        (directory / "config.json").write_text(json.dumps({"name": "orders"}))
        kubeconfig(directory, server.url)
        return cls(directory, server)

    def __call__(self, command: str, backend: str, *options: str) -> Result:
        """Run a command to its end."""
        return subprocess.run(
            self._line(command, backend, options),
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )

    def interrupted(self, waits: threading.Event, command: str, backend: str, *options: str) -> Result:
        """Run a command, and interrupt it after something has happened."""
        line = self._line(command, backend, options)
        with subprocess.Popen(
            line, env=self._environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert waits.wait(DEADLINE)
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=DEADLINE)
        return Result(line, process.returncode, stdout, stderr)

    def _line(self, command: str, backend: str, options: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "funcpack", command, str(self.directory), "--backend", backend, *options]

    @property
    def _environ(self) -> dict[str, str]:
        return {**os.environ, "KUBECONFIG": str(self.directory / "kubeconfig"), "FUNCPACK_POLL_INTERVAL": "0.05"}
