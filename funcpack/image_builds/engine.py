"""Finds a running container engine, and runs its command line client.

Docker is found as its client finds it: at DOCKER_HOST, or by the current context. `pack` connects to Podman through a socket.
If none listens, `reachable` starts a service for as long as a build takes.

The repository's tools use this module before anything is installed, so it imports the error texts where it needs them.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_ADDRESS = "unix:///var/run/docker.sock"
_PROBE_SECONDS = 30
_SERVICE_SECONDS = 30
# Podman ends its service after this time without a connection, in case that the tool is killed.
_IDLE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Engine:
    """A running container engine: its command line client, its version, and its address if that is not the default one."""

    client: str
    version: str
    address: str | None = None

    @property
    def has_other_socket(self) -> bool:
        """Whether the lifecycle, in its container, needs to know the path of the engine's socket.

        An engine in a virtual machine, as on macOS, or on another machine has its socket at the default path there.
        """
        address = self.environment().get("DOCKER_HOST", DEFAULT_ADDRESS)
        return address.startswith("unix://") and address != DEFAULT_ADDRESS and sys.platform != "darwin"

    @property
    def is_remote(self) -> bool:
        """Whether the engine runs on another machine, and so cannot mount directories of this one."""
        url = urlsplit(self.address or os.environ.get("DOCKER_HOST") or DEFAULT_ADDRESS)
        return url.scheme not in {"unix", ""} and not (url.scheme == "tcp" and is_loopback(url.hostname or ""))

    def environment(self) -> dict[str, str]:
        """Return the environment with which `pack` and the client reach the engine."""
        return {**os.environ, **({"DOCKER_HOST": self.address} if self.address else {})}

    def ask(self, *arguments: str) -> str | None:
        """Run the client and return its stripped output, or None if it fails."""
        done = subprocess.run(
            [self.client, *arguments], capture_output=True, text=True, check=False, env=self.environment()
        )
        return done.stdout.strip() if done.returncode == 0 else None

    def run(self, *arguments: str) -> None:
        """Run the client with its output on standard error.

        Raises:
            EngineFailedError: It fails.

        """
        command = [self.client, *arguments]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=sys.stderr, check=False, env=self.environment())
        if done.returncode != 0:
            from funcpack.command_errors import EngineFailedError  # noqa: PLC0415 - see above

            raise EngineFailedError(" ".join(command))

    def inspect(self, image: str) -> dict[str, Any] | None:
        """Return the description of a local image, or None if it does not exist."""
        found = self.ask("image", "inspect", image)
        return json.loads(found)[0] if found else None


def is_loopback(host: str) -> bool:
    """Check whether a host name or address is that of this machine only."""
    return host == "localhost" or host.startswith("127.") or host == "::1"


def running() -> Engine | None:
    """Return Docker or Podman if one of them is running, or None."""
    return _docker() or _podman()


def find() -> Engine:
    """Return Docker or Podman if one of them is running.

    Raises:
        NoEngineError: Neither is installed.
        EngineAccessError: This user has no access to the socket of Docker.
        EngineNotRunningError: One is installed, but does not respond.

    """
    from funcpack.command_errors import EngineAccessError, EngineNotRunningError, NoEngineError  # noqa: PLC0415 - see above

    found = running()
    if found:
        return found
    client = next(filter(shutil.which, ("docker", "podman")), None)
    if client is None:
        raise NoEngineError
    reason = _answer(client, "info").stderr.strip().splitlines()
    if client == "docker" and "permission denied" in " ".join(reason):
        raise EngineAccessError((os.environ.get("DOCKER_HOST") or DEFAULT_ADDRESS).removeprefix("unix://"))
    raise EngineNotRunningError(client, reason[-1] if reason else "no answer")


@contextmanager
def reachable(engine: Engine) -> Iterator[Engine]:
    """Yield the engine with an address to which `pack` can connect; start the service of Podman for the block if necessary.

    Raises:
        EngineNotRunningError: Podman cannot serve.

    """
    if engine.client != "podman" or engine.address:
        yield engine
        return
    with TemporaryDirectory(prefix="funcpack-podman-") as directory:
        address = f"unix://{directory}/podman.sock"
        command = ["podman", "system", "service", f"--time={_IDLE_SECONDS}", address]
        # A separate session: after Ctrl-C, `pack` still needs the service to remove its containers.
        with subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
        ) as service:
            try:
                _wait_for(service, Path(directory, "podman.sock"))
                yield replace(engine, address=address)
            finally:
                service.terminate()


def _wait_for(service: subprocess.Popen[bytes], path: Path) -> None:
    from funcpack.command_errors import EngineNotRunningError  # noqa: PLC0415 - see above

    deadline = time.monotonic() + _SERVICE_SECONDS
    while not _listens(path):
        if service.poll() is not None or time.monotonic() > deadline:
            service.kill()
            lines = service.stderr.read().decode(errors="replace").strip().splitlines() if service.stderr else []
            raise EngineNotRunningError("podman", lines[-1] if lines else "its service does not respond")
        time.sleep(0.05)


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _docker() -> Engine | None:
    done = _answer("docker", "version", "--format", "{{.Server.Version}}")
    version = done.stdout.strip()
    if done.returncode != 0 or not version:
        return None
    if os.environ.get("DOCKER_HOST"):
        return Engine("docker", version)
    # `pack` does not know Docker's contexts.
    address = _answer("docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}").stdout.strip()
    return Engine("docker", version, address if address and address != DEFAULT_ADDRESS else None)


def _podman() -> Engine | None:
    done = _answer("podman", "version", "--format", "{{.Version}}")
    version = done.stdout.strip()
    if done.returncode != 0 or not version:
        return None
    address = os.environ.get("DOCKER_HOST")
    if address and not _is_served(address):
        return None
    return Engine("podman", version, address or _podman_address())


def _is_served(address: str) -> bool:
    """Check whether an engine listens at an address of this machine. Others are left to `pack`."""
    return not address.startswith("unix://") or _listens(Path(address.removeprefix("unix://")))


def _podman_address() -> str | None:
    """Return the address of Podman's service if one listens. On macOS, it listens in a virtual machine."""
    question = ("info", "--format", "{{.Host.RemoteSocket.Path}}")
    if sys.platform == "darwin":
        question = ("machine", "inspect", "--format", "{{.ConnectionInfo.PodmanSocket.Path}}")
    path = _answer("podman", *question).stdout.strip().removeprefix("unix://")
    return f"unix://{path}" if path and _listens(Path(path)) else None


def _answer(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a client that may not be installed, with a deadline."""
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=_PROBE_SECONDS
        )
    except FileNotFoundError:
        return subprocess.CompletedProcess(command, 127, "", "not installed")
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", f"no answer within {_PROBE_SECONDS} seconds")
