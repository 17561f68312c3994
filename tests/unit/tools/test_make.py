"""The commands behind make: their exit codes and error messages."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from typing import TYPE_CHECKING

from tools.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.make", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **variables}, capture_output=True, text=True, check=False
    )


def test_an_unsupported_architecture_is_refused_without_a_traceback() -> None:
    done = run("buildpack", TARGET_ARCH="riscv64")

    assert done.returncode == 1
    assert done.stderr == (
        "\nerror: this architecture is not supported\n\nThe target is riscv64.\n\n"
        "What to do: set TARGET_ARCH to amd64 or arm64.\n"
    )


def test_an_unknown_target_is_wrong_usage() -> None:
    done = run("nothing")

    assert done.returncode == 2
    assert "invalid choice: 'nothing'" in done.stderr


def test_missing_browser_is_named_where_it_cannot_be_installed(tmp_path: Path) -> None:
    done = run("browser", PATH=str(tmp_path))

    assert done.returncode == 1
    assert done.stderr == (
        "\nerror: Chromium is not installed\n\nthe page of `funcpack run` is tested in it, and there is no program `chromium`."
        f" It is only installed for root on Debian (this is {platform.system()}).\n\n"
        "What to do: install the package `chromium` of your distribution, and run the command again.\n"
    )


def test_browser_that_is_there_is_used(tmp_path: Path) -> None:
    (tmp_path / "chromium").write_text("#!/bin/sh\n")
    (tmp_path / "chromium").chmod(0o755)
    done = run("browser", PATH=str(tmp_path))

    assert (done.returncode, done.stderr) == (0, "")
    assert str(tmp_path / "chromium") in done.stdout


def test_make_help_lists_every_target() -> None:
    listed = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    targets = {line.split()[0] for line in listed.splitlines() if not line.startswith("make")}
    assert targets >= {
        "demo",
        "test",
        "tools",
        "images",
        "buildpack",
        "package",
        "publish",
        "builder",
        "lint",
        "lock",
        "clean",
        "help",
    }
