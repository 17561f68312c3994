"""Finds a running container engine, or installs and starts Debian's docker.io.

Without systemd, as in containers and in virtual machines for CI, the daemon is started as a separate process that outlives this
one. A process id file from before a restart of the machine is removed first.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from funcpack.image_builds import engine
from tools import errors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.progress import Progress

DAEMON_LOG = Path("/var/log/dockerd.log")
PID_FILE = Path("/var/run/docker.pid")
STARTING_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Engine(engine.Engine):
    """A running container engine, and the questions of the tools to it."""

    def run(self, *arguments: str) -> str:  # type: ignore[override] # the tools need the output
        """Run the client and return its stripped output. Raises ToolError if it fails."""
        done = self._call(arguments)
        if done.returncode != 0:
            raise errors.engine_refused([self.client, *arguments], done.returncode, done.stderr)
        return done.stdout.strip()

    def logs(self, container: str) -> str:
        """Return the output of `container` on both streams, or the client's error message."""
        return self._call(["logs", container], stderr=subprocess.STDOUT).stdout

    def image_id(self, image: str) -> str | None:
        """Return the id of a local image, or None if it does not exist."""
        return self.ask("image", "inspect", "--format", "{{.Id}}", image)

    def architecture(self) -> str:
        """Return the architecture of the engine by Go's and Debian's name: amd64, arm64."""
        question = ("info", "{{.Host.Arch}}") if self.client == "podman" else ("version", "{{.Server.Arch}}")
        return self.ask(question[0], "--format", question[1]) or ""

    def _call(self, arguments: Sequence[str], stderr: int = subprocess.PIPE) -> subprocess.CompletedProcess[str]:
        command = [self.client, *arguments]
        return subprocess.run(
            command, stdout=subprocess.PIPE, stderr=stderr, text=True, check=False, env=self.environment()
        )


def ensure(progress: Progress) -> Engine:
    """Return a running engine; install and start one if necessary and possible.

    Raises ToolError if there is none.
    """
    found = find()
    if found:
        return found
    if not is_root_on_debian():
        raise errors.no_engine()
    if not shutil.which("dockerd"):
        install(progress, "docker.io")
    if not shutil.which("docker"):  # a separate package since Debian 13
        install(progress, "docker-cli")
    return start(progress)


def find() -> Engine | None:
    """Return Docker or Podman if one of them is running, or None.

    Raises ToolError if Podman is available, but its socket is not.
    """
    found = engine.running()
    if found is None:
        return None
    if found.client == "podman" and not found.address:
        raise errors.podman_without_socket()
    return Engine(found.client, found.version, found.address)


def is_root_on_debian() -> bool:
    """Check whether packages can be installed with apt-get."""
    return shutil.which("apt-get") is not None and os.geteuid() == 0


def install(progress: Progress, *packages: str) -> None:
    """Install Debian packages."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    progress.run(["apt-get", "update", "-q"], env=environment)
    progress.run(["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages], env=environment)


def start(progress: Progress) -> Engine:
    """Start the installed Docker daemon and wait until it is ready.

    Raises ToolError if the deadline passes.
    """
    if Path("/run/systemd/system").is_dir():
        progress.run(["systemctl", "start", "docker"])
        daemon = None
    else:
        daemon = _start_daemon()
    deadline = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < deadline and (daemon is None or daemon.poll() is None):
        found = find()
        if found:
            return found
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
    """Check whether the process id file belongs to a running Docker daemon, and not to another process with the same id."""
    try:
        return Path("/proc", PID_FILE.read_text().strip(), "comm").read_text().strip() == "dockerd"
    except OSError:
        return False
