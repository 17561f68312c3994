"""The HTTP samples answer the commands of their manuals as the manuals show."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests import samples
from tests.unit.docs import transcript
from tests.unit.docs.markdown import blocks

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.conftest import Server, StartServer

NAMES = [name for name in samples.NAMES if name.startswith("http/")]


def calls_of(name: str) -> list[transcript.Step]:
    manual = samples.DIRECTORY / name / "README.md"
    steps = [step for terminal in blocks(manual, "console") for step in transcript.steps(terminal)]
    return [step for step in steps if step.command.startswith("curl ")]


@pytest.fixture
def environment(start_server: StartServer) -> dict[str, str]:
    """What the manuals set; the two services that fan-out asks are one on this machine."""
    service: Server = start_server("def handler():\n    return 'at your service'\n")
    url = f"http://127.0.0.1:{service.port}/"
    return {"FIRST_URL": url, "SECOND_URL": url, "WEBHOOK_SECRET": "opensesame"}


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_answers_as_its_manual_shows(
    name: str, start_server: StartServer, environment: dict[str, str], tmp_path: Path
) -> None:
    server = start_server((samples.DIRECTORY / name / "handler.py").read_text(), environment=environment)
    calls = calls_of(name)

    assert calls
    for call in calls:
        transcript.run(call, tmp_path, {"PATH": os.environ["PATH"]}, address=f"127.0.0.1:{server.port}")
