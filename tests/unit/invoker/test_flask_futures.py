"""The bridge works with what Flask will become: its tests run again with Flask changed by a plugin."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


# Without stubs a call's contexts exist before its function can set the key of its first session, as in any application.
NOT_WITHOUT_STUBS = "not session and not flashed and not copied_to_a_thread and not not-modified"


@pytest.mark.parametrize(
    ("plugin", "selection", "names"),
    [
        pytest.param(
            "flask_merged",
            "not signal and not rendered and not contexts-def and not contexts-async",
            ("bridge", "application"),
            marks=pytest.mark.skipif(not version("flask").startswith("3.1."), reason="it is written for Flask 3.1"),
            id="3.2: one context",
        ),
        # Without the variables there is no context at import, which most tests of the application need.
        pytest.param("flask_renamed", NOT_WITHOUT_STUBS, ("bridge",), id="context variables have other names"),
    ],
)
def test_bridge_works(plugin: str, selection: str, names: tuple[str, ...]) -> None:
    tests = ROOT / "tests/unit/invoker"
    command = [sys.executable, "-m", "pytest", "-q", "-p", f"tests.unit.invoker.{plugin}", "-p", "no:cacheprovider"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "invoker")])}
    files = [str(tests / "test_http_functions.py"), *(str(tests / f"test_flask_{name}.py") for name in names)]
    done = subprocess.run(
        [*command, "-k", selection, *files], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
    assert " passed" in done.stdout
