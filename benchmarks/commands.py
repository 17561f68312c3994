"""The time that commands take as a whole: `funcpack --help` next to the import of click, and `funcpack check`."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MODULES = 10

_FUNCTIONS_A_MODULE = 20


def write_project(directory: Path) -> None:
    """Write a project of ten modules: a function that imports nine others, each with some functions of its own."""
    names = [f"part_{number}" for number in range(MODULES - 1)]
    for name in names:
        functions = (
            f'def function_{number}(value: dict[str, int]) -> int:\n    """Add."""\n    return value["key"] + {number}\n'
            for number in range(_FUNCTIONS_A_MODULE)
        )
        directory.joinpath(f"{name}.py").write_text("\n\n".join(functions))
    imports = "".join(f"import {name}\n" for name in names)
    calls = " + ".join(f'{name}.function_0({{"key": 1}})' for name in names)
    directory.joinpath("handler.py").write_text(f"{imports}\n\ndef handler(req):\n    return str({calls})\n")


def seconds(command: Sequence[str | Path]) -> float:
    """Run a command, and return the seconds that it takes.

    Raises:
        CalledProcessError: It fails.

    """
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start
