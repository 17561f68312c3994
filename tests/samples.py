"""The samples, and the Python that has what their tests need: boto3, a server of its protocols, a reader of PDFs."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from tests.environments import one_process
from tools import stamp
from tools.places import DIST, ROOT, VENV

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DIRECTORY = ROOT / "samples" / "python"
NAMES = sorted(path.parent.relative_to(DIRECTORY).as_posix() for path in DIRECTORY.glob("*/*/project.toml"))
EVENT_NAMES = [name for name in NAMES if name.startswith("cloudevent/")]
LOCK = ROOT / "requirements" / "samples.txt"
ENVIRONMENT = DIST / "samples" / "venv"


def python() -> Path:
    """Return the Python of an environment of their own, made by uv of the locked, hashed packages when they changed."""
    interpreter = ENVIRONMENT / "bin" / "python"
    wanted = stamp.digest(LOCK, VENV / "pyvenv.cfg")
    with one_process("samples"):
        if not (stamp.is_current("samples", wanted) and interpreter.exists()):
            _install(interpreter)
            stamp.write("samples", wanted)
    return interpreter


def _install(interpreter: Path) -> None:
    uv = str(VENV / "bin" / "uv")
    shutil.rmtree(ENVIRONMENT, ignore_errors=True)
    subprocess.run([uv, "venv", "--quiet", "--python", str(VENV / "bin" / "python"), str(ENVIRONMENT)], check=True)
    sync = [uv, "pip", "sync", "--quiet", "--require-hashes", "--compile-bytecode", "--python", str(interpreter)]
    subprocess.run([*sync, str(LOCK)], check=True)


def run(
    *arguments: str, cwd: Path | None = None, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run that Python; of this process's environment it gets what programs need to start, and `variables`."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [str(python()), *arguments],
        cwd=cwd,
        env={**environment, "PYTHONDONTWRITEBYTECODE": "1", **(variables or {})},
        capture_output=True,
        check=False,
    )
