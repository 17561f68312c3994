"""Sees to a container engine: one that answers, else Debian's docker.io is installed and started.

Started by hand where no systemd runs (containers, virtual machines for CI): over a process id file that a machine's last life
may have left, as a process of its own that outlives this one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools import errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.progress import Progress

DAEMON_LOG = Path("/var/log/dockerd.log")
PID_FILE = Path("/var/run/docker.pid")
STARTING_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Engine:
    """A container engine that answers: its command line client, its version, and its address where that is not the default one."""

    client: str
    version: str
    address: str | None = None

    def environment(self) -> dict[str, str]:
        """Return this process's environment with which `pack` and the client reach the engine."""
        return {**os.environ, **({"DOCKER_HOST": self.address} if self.address else {})}

    def run(self, *arguments: str) -> str:
        """Return what the client prints to `arguments`, without the last line end. Raises ToolError when it fails."""
        done = self._call(arguments)
        if done.returncode != 0:
            raise errors.engine_refused([self.client, *arguments], done.returncode, done.stderr)
        return done.stdout.strip()

    def ask(self, *arguments: str) -> str | None:
        """Return what the client prints to `arguments`, without the last line end; None when it fails."""
        done = self._call(arguments)
        return done.stdout.strip() if done.returncode == 0 else None

    def logs(self, container: str) -> str:
        """Return what the processes of `container` printed, on both streams; empty when it is not there."""
        return self._call(["logs", container], stderr=subprocess.STDOUT).stdout

    def image_id(self, image: str) -> str | None:
        """Return the id of a local image, None when it is not there."""
        return self.ask("image", "inspect", "--format", "{{.Id}}", image)

    def architecture(self) -> str:
        """Return the architecture that the engine runs, in Go's and Debian's name: amd64, arm64."""
        question = ("info", "{{.Host.Arch}}") if self.client == "podman" else ("version", "{{.Server.Arch}}")
        return self.ask(question[0], "--format", question[1]) or ""

    def _call(self, arguments: Sequence[str], stderr: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
        command = [self.client, *arguments]
        return subprocess.run(
            command, stdout=subprocess.PIPE, stderr=stderr, text=True, check=False, env=self.environment()
        )


def ensure(progress: Progress) -> Engine:
    """Return an engine that answers, installing and starting one where that is possible.

    Raises ToolError when there is none.
    """
    engine = find()
    if engine:
        return engine
    if not is_root_on_debian():
        raise errors.no_engine()
    if not shutil.which("dockerd"):
        install(progress, "docker.io")
    if not shutil.which("docker"):  # a package of its own from Debian 13 on
        install(progress, "docker-cli")
    return start(progress)


def find() -> Engine | None:
    """Return the engine that answers: Docker, else Podman; None when neither does.

    Raises ToolError when it is Podman without its socket.
    """
    return _docker() or _podman()


def is_root_on_debian() -> bool:
    """Whether packages may be installed here."""
    return shutil.which("apt-get") is not None and os.geteuid() == 0


def install(progress: Progress, *packages: str) -> None:
    """Install Debian packages."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    progress.run(["apt-get", "update", "-q"], env=environment)
    progress.run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages], env=environment)


def start(progress: Progress) -> Engine:
    """Start the installed Docker daemon and wait until it answers.

    Raises ToolError when it does not.
    """
    if Path("/run/systemd/system").is_dir():
        progress.run(["systemctl", "start", "docker"])
        daemon = None
    else:
        daemon = _start_daemon()
    deadline = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < deadline and (daemon is None or daemon.poll() is None):
        engine = _docker()
        if engine:
            return engine
        time.sleep(0.3)
    lines = DAEMON_LOG.read_text().splitlines() if DAEMON_LOG.is_file() else []
    raise errors.engine_not_started(DAEMON_LOG, lines)


def _start_daemon() -> subprocess.Popen[bytes] | None:
    if _daemon_runs():
        return None
    PID_FILE.unlink(missing_ok=True)
    with DAEMON_LOG.open("ab") as log:
        return subprocess.Popen(["dockerd"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)


def _daemon_runs() -> bool:
    """Whether the process id file names a Docker daemon, not some process that has its number now."""
    try:
        return Path("/proc", PID_FILE.read_text().strip(), "comm").read_text().strip() == "dockerd"
    except OSError:
        return False


def _docker() -> Engine | None:
    version = _ask("docker", "version", "--format", "{{.Server.Version}}")
    return Engine("docker", version) if version else None


def _podman() -> Engine | None:
    version = _ask("podman", "version", "--format", "{{.Version}}")
    if not version:
        return None
    address = os.environ.get("DOCKER_HOST")
    if not address:
        socket = (_ask("podman", "info", "--format", "{{.Host.RemoteSocket.Path}}") or "").removeprefix("unix://")
        if not Path(socket).is_socket():
            raise errors.podman_without_socket(socket)
        address = f"unix://{socket}"
    return Engine("podman", version, address)


def _ask(*command: str) -> str | None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
