"""The hook in .pre-commit-hooks.yaml, as pre-commit runs it in somebody's repository."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PRE_COMMIT = Path(sys.executable).with_name("pre-commit")


def run(directory: Path, *command: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=directory, env=os.environ | variables, capture_output=True, text=True, check=False
    )


def test_manifest_is_valid() -> None:
    done = run(ROOT, PRE_COMMIT, "validate-manifest", ".pre-commit-hooks.yaml")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_hook_checks_the_function(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text("def handler(session): ...\n")
    config = (
        "repos:\n- repo: local\n  hooks:\n"
        + "".join(f"  {line}" for line in (ROOT / ".pre-commit-hooks.yaml").read_text().splitlines(keepends=True))
    ).replace("language: python\n", "language: system\n")
    (tmp_path / ".pre-commit-config.yaml").write_text(config)
    run(tmp_path, "git", "init", "-q")
    run(tmp_path, "git", "add", ".")
    variables = {
        "PATH": f"{PRE_COMMIT.parent}:{os.environ['PATH']}",
        "PRE_COMMIT_HOME": str(tmp_path / ".git" / "pre-commit"),
    }
    done = run(tmp_path, PRE_COMMIT, "run", "funcpack-check", **variables)
    assert done.returncode == 1
    assert "handler.py:1:13: Unsupported function parameter" in done.stdout
    (tmp_path / "handler.py").write_text("def handler(req): ...\n")
    run(tmp_path, "git", "add", ".")
    assert run(tmp_path, PRE_COMMIT, "run", "funcpack-check", **variables).returncode == 0
