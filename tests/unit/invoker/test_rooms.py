"""The rooms of the invoker: a module imports only from its own room and from the rooms below it."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
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
    "functions_framework",
    "server",
    "served",
    "applications",
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
    "free_threading",
    "output",
    "context",
    "goblet",
    "settings",
    "handler_name",
    "standard_library",
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


def test_the_architecture_describes_each_room_once() -> None:
    section = (SOURCE.parents[1] / "docs" / "architecture.md").read_text().partition("## The invoker")[2]
    rows = re.findall(r"(?m)^\| (`.+?`) \|", section.partition("\n### ")[0])
    assert sorted(re.findall(r"`(\w+)/?`", " ".join(rows))) == sorted(set(ROOMS) - {"__init__"})


def below(module: str) -> set[str]:
    """Return a module and all modules that it imports, directly or through others."""
    found = {module}
    waiting = [module]
    while waiting:
        new = arrows(FILES[waiting.pop()]) - found
        found |= new
        waiting += new
    return found


@pytest.mark.parametrize("module", ["function.parameters", "function.protocols", "handler_name", "standard_library"])
def test_rules_that_the_build_shares_need_the_standard_library_only(module: str) -> None:
    roots = {name.partition(".")[0] for part in below(module) for name in imported(FILES[part])}
    assert roots <= sys.stdlib_module_names | {PACKAGE}


@pytest.mark.parametrize("module", [module for module in FILES if room(module) == "events"])
def test_events_need_no_server_and_no_framework(module: str) -> None:
    roots = {name.partition(".")[0] for part in below(module) for name in imported(FILES[part])}
    assert not roots & {"asyncio", "flask", "gunicorn", "httptools", "socket", "werkzeug"}


@pytest.mark.parametrize(
    "module",
    [
        "events.cloudevent",
        "events.reply",
        "function.arguments",
        "function.loader",
        "function.signature",
        "http.response",
    ],
)
def test_import_loads_no_server(module: str) -> None:
    program = f"import sys, {PACKAGE}.{module}; print([m for m in ('gunicorn', 'flask') if m in sys.modules])"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"
