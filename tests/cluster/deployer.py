"""Runs the commands of deployments as processes, and cuts their connection to the cluster."""

from __future__ import annotations

import json
import socket
import socketserver
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

SECONDS_TO_CONNECT = 10


@dataclass(frozen=True, slots=True)
class Result:
    """What a command returned and printed."""

    code: int
    output: str
    notes: str

    @property
    def description(self) -> dict[str, Any]:
        """The JSON on standard output."""
        described: dict[str, Any] = json.loads(self.output)
        return described


@dataclass(frozen=True, slots=True)
class Deployer:
    """The commands for a function in `directory` and one namespace."""

    directory: Path
    backend: str
    namespace: str
    environment: Mapping[str, str]

    def __call__(self, command: str, *options: str, kubeconfig: Path | None = None) -> Result:
        """Run a command and return its result, whatever its exit code."""
        environment = {**self.environment, "FUNCPACK_POLL_INTERVAL": "0.5"}
        if kubeconfig:
            environment["KUBECONFIG"] = str(kubeconfig)
        names = ("--backend", self.backend, "--namespace", self.namespace)
        done = subprocess.run(
            [sys.executable, "-m", "funcpack", command, str(self.directory), *names, *options],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        return Result(done.returncode, done.stdout, done.stderr)


@contextmanager
def api_proxy(environment: Mapping[str, str]) -> Generator[int]:
    """Serve the API of the cluster without encryption and credentials, and return the port."""
    command = ["kubectl", "proxy", "--port=0"]
    with subprocess.Popen(command, env=dict(environment), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield int(process.stdout.readline().rpartition(":")[2])
        finally:
            process.terminate()


class _CuttingServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


@contextmanager
def cut_at(api: int, method: str, number: int, *, is_forwarded: bool, directory: Path) -> Generator[Path]:
    """Return a kubeconfig whose connections end at a request: the one with this number of a method.

    `is_forwarded` means that the cluster gets the request, and only its answer is lost.
    """
    counted = iter(range(1, 1000))
    is_cut = threading.Event()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            if is_cut.is_set():
                return
            with socket.create_connection(("127.0.0.1", api), SECONDS_TO_CONNECT) as server:
                threading.Thread(target=_copy, args=(server, self.request), daemon=True).start()
                while data := self.request.recv(65536):
                    if data.startswith(method.encode()) and next(counted) == number:
                        is_cut.set()
                        if is_forwarded:
                            _send_and_await(server, data)
                        return
                    server.sendall(data)

    def _send_and_await(server: socket.socket, data: bytes) -> None:
        # The client gets nothing: its connection is closed before.
        server.sendall(data)
        server.shutdown(socket.SHUT_WR)

    with _CuttingServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield kubeconfig(directory / "cut.yaml", {"server": f"http://127.0.0.1:{server.server_address[1]}"}, {})
        finally:
            server.shutdown()


def _copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass


def kubeconfig(path: Path, cluster: dict[str, Any], user: dict[str, Any]) -> Path:
    """Write a kubeconfig with one cluster and one user, and return its path."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": cluster}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "users": [{"name": "test", "user": user}],
    }
    path.write_text(yaml.safe_dump(content))
    return path


def cluster_of(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the cluster of the current context: its address and its certificate."""
    command = ["kubectl", "config", "view", "--minify", "--flatten", "--output", "json"]
    shown = subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(shown.stdout)["clusters"][0]["cluster"]
    return found
