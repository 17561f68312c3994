"""docs/getting-started.md, typed into a shell in an empty directory as it is written."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from typing import TYPE_CHECKING

from tests.distributions import distribution
from tests.integration.cli.conftest import free_port
from tests.unit.docs import transcript
from tests.unit.docs.markdown import blocks
from tests.unit.docs.transcript import Step
from tools.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGE = ROOT / "docs" / "getting-started.md"
INSTALL = "pip install --quiet funcpack"
DEADLINE = 60.0


def wait_for_line(file: Path, text: str) -> str:
    deadline = time.monotonic() + DEADLINE
    while text not in (printed := file.read_text()):
        assert time.monotonic() < deadline, printed
        time.sleep(0.05)
    return printed


def with_wheel(step: Step) -> Step:
    """Install the wheel of the working tree, because PyPI has only releases."""
    if not step.command.endswith(INSTALL):
        return step
    return Step(f"{step.command.removesuffix('funcpack')}{distribution('funcpack-*.whl')}", step.shown)


def test_the_five_steps_lead_to_an_answer(tmp_path: Path) -> None:
    port, ui_port = free_port(), free_port()
    environment = {
        **os.environ,
        "HOME": str(tmp_path / "home"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PATH": f"{tmp_path}/funcpack-tool/bin:{os.environ['PATH']}",
    }
    (tmp_path / "home").mkdir()
    directory, log, run = tmp_path, tmp_path / "run.log", None
    try:
        for step in (step for block in blocks(PAGE, "console") for step in transcript.steps(block)):
            if step.command.startswith("export PATH="):
                continue
            if step.command.startswith("cd "):
                directory /= step.command.removeprefix("cd ")
            elif step.command == "funcpack run":
                command = [*step.command.split(), "--port", str(port), "--ui-port", str(ui_port)]
                with log.open("wb") as output:
                    run = subprocess.Popen(command, cwd=directory, env=environment, stdout=output, stderr=output)
                printed = wait_for_line(log, str(ui_port))
                step.check(printed.replace(str(port), "8080").replace(str(ui_port), "8081"))
            else:
                transcript.run(with_wheel(step), directory, environment, address=f"127.0.0.1:{port}")
            if step.command.startswith("sed "):
                wait_for_line(log, "Reloaded")
    finally:
        if run:
            run.send_signal(signal.SIGINT)
            run.wait(DEADLINE)


def test_the_page_has_five_steps() -> None:
    assert re.findall(r"(?m)^## (\d)\.", PAGE.read_text()) == ["1", "2", "3", "4", "5"]


def test_the_commands_of_the_readme_are_those_of_the_page() -> None:
    def commands(page: Path) -> set[str]:
        steps = (step for block in blocks(page, "console") for step in transcript.steps(block))
        return {step.command for step in steps if step.command.startswith("funcpack ")}

    assert commands(ROOT / "README.md") <= commands(PAGE)
