"""What the tests of Cloud Run share: the commands on a function, as processes, against the server of Google's APIs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from tests.google.server import GoogleServer

SERVICES = "run.projects.locations.services."
CREATE = f"{SERVICES}create"
PATCH = f"{SERVICES}patch"
GET = f"{SERVICES}get"
POLL = "run.projects.locations.operations.get"
BUILD = "cloudbuild.projects.locations.builds.create"
UPLOAD = "storage.objects.insert"
DIGEST = f"sha256:{'a' * 64}"
OTHER_DIGEST = f"sha256:{'b' * 64}"
IMAGE = f"us-central1-docker.pkg.dev/my-project/apps/hello@{DIGEST}"
OTHER_IMAGE = f"us-central1-docker.pkg.dev/my-project/apps/hello@{OTHER_DIGEST}"
PUBLIC = {"bindings": [{"role": "roles/run.invoker", "members": ["allUsers"]}]}

# A hang is a failure; a slow machine is not.
DEADLINE = 120


@dataclass
class App:
    """A function's directory, and the commands on it."""

    directory: Path
    google: GoogleServer

    @classmethod
    def new(cls, parent: Path, google: GoogleServer) -> App:
        """Return a function with the name `hello`."""
        app = cls(parent / "hello", google)
        app.directory.mkdir()
        app.write("hello")
        return app

    def __call__(self, command: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the tool and return its result."""
        return subprocess.run(
            [sys.executable, "-m", "funcpack", command, str(self.directory), "--backend", "cloudrun", *arguments],
            env={**os.environ, **self.google.environ, "HOME": str(self.directory), **environ},
            capture_output=True,
            text=True,
            timeout=DEADLINE,
            check=False,
        )

    def deploy(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        """Deploy, and expect that it works."""
        result = self("deploy", *arguments, **environ)
        assert result.returncode == 0, result.stderr
        return result

    def configure(self, configuration: dict[str, Any]) -> None:
        """Write the configuration."""
        (self.directory / "config.json").write_text(json.dumps(configuration))

    def write(self, answer: str) -> None:
        """Write a function that returns a text."""
        (self.directory / "handler.py").write_text(f"def handler(req):\n    return {answer!r}\n")


def shares(google: GoogleServer) -> dict[str, int]:
    """Return the percentages of the revisions by their numbers."""
    service = google.service("hello")
    latest = service["latestReadyRevision"].rpartition("/")[2]
    percents: dict[str, int] = {}
    for entry in service["trafficStatuses"]:
        number = (entry.get("revision") or latest).split("-")[1]
        percents[number] = percents.get(number, 0) + entry.get("percent", 0)
    return {number: percent for number, percent in percents.items() if percent}
