"""The pages about deployments: their files are written and their commands are run, in the order of reading.

The paragraph above a block of JSON, YAML or Python names the file that it becomes, as in "Put this into `config.json`:"; Python
without a file is run. Each page begins with a new app and a new server of Google's APIs, which has the addresses that the page shows.
A command prints what the page shows, progress included, and fails if that includes an error. Without lines below, any output is right.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.google.world import NUMBER, PROJECT
from tests.unit.docs import transcript
from tests.unit.docs.markdown import Block, blocks
from tools.places import ROOT

if TYPE_CHECKING:
    from tests.google.server import GoogleServer

DOCS = ROOT / "docs"
PAGES = [DOCS / "deploy.md", *sorted((DOCS / "deploy").glob("*.md"))]
DEADLINE = 120
HANDLER = 'def handler(req):\n    name = req.args.get("name", "World")\n    return f"Hello {name}!"\n'
REGISTRY = "us-central1-docker.pkg.dev"
IMAGES = {
    f"{PROJECT}/apps/hello:{version}": f"sha256:{digit * 64}" for version, digit in (("1.0.0", "a"), ("1.1.0", "b"))
}

_FILE = re.compile(r"`([^`\s]+)`[^`]*:$")
_EXPORT = re.compile(r"export (\w+)=(\S+)")
# Manifests of docs/deploy.md are applied by hand: tests/unit/docs/test_manifests.py and tests/cluster check them.
_MANIFEST = re.compile(r"^apiVersion: [\w./]+$", re.MULTILINE)


@dataclass
class Terminal:
    """A shell in an app, in front of the server. `environ` are its variables."""

    directory: Path
    google: GoogleServer
    environ: dict[str, str]

    def run(self, step: transcript.Step) -> None:
        """Run a command and compare what it prints."""
        if exported := _EXPORT.fullmatch(step.command):
            self.environ[exported[1]] = exported[2]
            return
        status, printed = self.printed(["bash", "-o", "pipefail", "-c", self._command(step.command)])
        assert (status != 0) == ("error: " in step.shown), printed
        if step.shown:
            step.check(printed)

    def printed(self, command: list[str]) -> tuple[int, str]:
        """Run a program and return its exit code and its output, with the addresses that pages show."""
        done = subprocess.run(
            command,
            cwd=self.directory,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=DEADLINE,
            check=False,
        )
        return done.returncode, self._shown(done.stdout)

    def _command(self, text: str) -> str:
        return text.replace(f"{REGISTRY}/{PROJECT}/apps/hello:", f"{self.google.registry}/{PROJECT}/apps/hello:")

    def _shown(self, text: str) -> str:
        text = text.replace(f"{self.google.url}/serving/hello", f"https://hello-{NUMBER}.us-central1.run.app")
        for api in ("run", "cloudfunctions", "cloudbuild", "artifactregistry", "storage"):
            text = text.replace(self.google.endpoint(api), f"https://{api}.googleapis.com/")
        return text.replace(self.google.registry, REGISTRY)


@pytest.fixture
def terminal(tmp_path: Path, google: GoogleServer) -> Terminal:
    directory = tmp_path / "hello"
    directory.mkdir()
    (directory / "handler.py").write_text(HANDLER)
    google.world.images.update(IMAGES)
    inherited = {name: os.environ[name] for name in ("LANG", "LC_ALL") if name in os.environ}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return Terminal(directory, google, {**inherited, **google.environ, "PATH": path, "HOME": str(tmp_path)})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_does_what_it_says(page: Path, terminal: Terminal) -> None:
    for block in blocks(page):
        follow(block, terminal)


def follow(block: Block, terminal: Terminal) -> None:
    """Do what a reader does with a block."""
    if block.language == "console":
        for step in transcript.steps(block):
            terminal.run(step)
    elif file := file_of(block):
        path = terminal.directory / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)
        if ".github/workflows" in file:
            for command in commands_of(block.text):
                terminal.run(transcript.Step(command, ""))
    elif block.language == "python":
        status, printed = terminal.printed([sys.executable, "-c", block.text])
        assert status == 0, f"{block.place}\n{printed}"
    else:
        assert block.language == "" or _MANIFEST.search(block.text), f"{block.place}: no file is named above"


def commands_of(workflow: str) -> list[str]:
    """Return the commands of Funcpack in a workflow for GitHub."""
    steps = [step for job in yaml.safe_load(workflow)["jobs"].values() for step in job["steps"]]
    return [step["run"] for step in steps if step.get("run", "").startswith("funcpack ")]


def file_of(block: Block) -> str | None:
    """Return the file that the paragraph above a block names."""
    above = "\n".join(block.page.read_text().splitlines()[: block.line - 2]).rstrip()
    paragraph = above.rpartition("\n\n")[2].replace("\n", " ")
    found = _FILE.search(paragraph)
    return found[1] if found else None
