"""The effort to read a project grows with its size, and not with the square of it. The tests count calls of functions."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from funcpack.check.handler import check_handler
from funcpack.project.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HANDLER = "def handler(req): ...\n"
SIZE = 400

PROJECTS: dict[str, Callable[[int], dict[str, str]]] = {
    "aliases": lambda n: {"handler.py": "def a0(req): ...\n" + "".join(f"a{i + 1} = a{i}\n" for i in range(n)) + f"handler = a{n}\n"},
    "imported names": lambda n: {
        "names.py": "".join(f"a{i} = {i}\n" for i in range(n)),
        "handler.py": "from names import " + ", ".join(f"a{i}" for i in range(n)) + f"\n{HANDLER}",
    },
    "modules": lambda n: {f"m{i}.py": f"from m{i + 1} import handler\n" for i in range(n)} | {f"m{n}.py": HANDLER, "handler.py": "from m0 import handler\n"},
    "two modules": lambda n: {
        "a.py": HANDLER + "from b import " + ", ".join(f"b{i} as a{i}" for i in range(n)) + "\n",
        "b.py": "from a import handler as b0\nfrom a import " + ", ".join(f"a{i} as b{i + 1}" for i in range(n)) + "\n",
        "handler.py": f"from b import b{n} as handler\n",
    },
    "requirements": lambda n: {"handler.py": HANDLER, "requirements.txt": "orders==1\n" * n},
    "included files": lambda n: {"handler.py": HANDLER, "requirements.txt": "".join(f"-r r{i}.txt\n" for i in range(n)), **{f"r{i}.txt": "orders\n" for i in range(n)}},
    "tables": lambda n: {"handler.py": HANDLER, "uv.lock": "".join(f'[[package]]\nname = "a{i}"\n' for i in range(n))},
    "variables": lambda n: {"handler.py": HANDLER, "project.toml": "".join(f'[[build.env]]\nname = "A{i}"\nvalue = ""\n' for i in range(n))},
    "entries of func.yaml": lambda n: {"handler.py": HANDLER, "func.yaml": "run:\n  envs:\n" + "".join(f"  - name: A{i}\n    value: b\n" for i in range(n))},
}  # fmt: skip


def calls(app: Path, files: dict[str, str]) -> int:
    """Return the number of calls that reading and checking a project makes."""
    app.mkdir()
    for name, text in files.items():
        (app / name).write_text(text)
    count = 0

    def count_call(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(count_call)
    try:
        project = Project.read(app, {}, {})
        check_handler(project.handler, app, (3, 11), (), project.dependencies)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("name", PROJECTS)
def test_effort_grows_with_the_size(tmp_path: Path, name: str) -> None:
    create = PROJECTS[name]
    calls(tmp_path / "warm-up", create(2))
    small, middle, large = (calls(tmp_path / str(factor), create(factor * SIZE)) for factor in (1, 2, 4))
    assert large - middle < 2.5 * (middle - small)
