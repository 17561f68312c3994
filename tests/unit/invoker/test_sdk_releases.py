"""The bridge works with the oldest and the newest releases of the SDK that functions may pin."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import uv

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("release", ["==1.11.0", "<2", "==2.0.0"])
def test_bridge_works_with_release(release: str, tmp_path: Path) -> None:
    python = make_environment(tmp_path, f"cloudevents{release}", "pydantic", "pytest")
    tests = ROOT / "tests/unit/invoker/test_sdk.py"
    command = [str(python), "-m", "pytest", "-q", "-c", "/dev/null", "--rootdir", str(tmp_path), str(tests)]
    done = subprocess.run(
        command, env={"PYTHONPATH": str(ROOT / "invoker")}, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def make_environment(directory: Path, *requirements: str) -> Path:
    python = directory / "venv/bin/python"
    for command in (
        ["venv", "--python", sys.executable, str(directory / "venv")],
        ["pip", "install", "--python", str(python), *requirements],
    ):
        done = subprocess.run([uv.find_uv_bin(), "--no-config", *command], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return python
