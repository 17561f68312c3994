"""The rooms of the invoker: a module imports only from its own room and from the rooms below it."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import funcpack_invoker

PACKAGE = "funcpack_invoker"
SOURCE = Path(funcpack_invoker.__file__).parent

# From the top down: a folder, or a module that is next to the folders.
ROOMS = (
    "__main__",
    "command_line",
    "server",
    "app",
    "health",
    "telemetry",
    "function",
    "flask_bridge",
    "events",
    "http",
    "threads",
    "lazy_imports",
    "logs",
    "context",
    "settings",
    "handler_name",
    "errors",
    "tracebacks",
    "__init__",
)


def module_name(file: Path) -> str:
    parts = file.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


FILES = {module_name(file): file for file in sorted(SOURCE.rglob("*.py"))}


def imported(file: Path) -> set[str]:
    """Return the full names of what a file imports: at its top, inside functions, and for type annotations."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} has a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def arrows(file: Path) -> set[str]:
    """Return the modules of the invoker that a file imports."""
    found = set()
    for name in imported(file):
        if name.partition(".")[0] != PACKAGE:
            continue
        inner = name.removeprefix(f"{PACKAGE}.")
        while inner and inner not in FILES:
            inner = inner.rpartition(".")[0]
        found.add(inner or "__init__")
    return found


def room(module: str) -> str:
    return module.partition(".")[0]


def test_every_module_is_in_a_room() -> None:
    assert {room(module) for module in FILES} == set(ROOMS)


@pytest.mark.parametrize("module", FILES)
def test_imports_point_down(module: str) -> None:
    upward = {target for target in arrows(FILES[module]) if ROOMS.index(room(target)) < ROOMS.index(room(module))}
    assert not upward


def test_no_module_imports_itself_through_others() -> None:
    try:
        TopologicalSorter({module: arrows(file) - {module} for module, file in FILES.items()}).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))
