"""The imports of `funcpack/`: rooms depend only on lower rooms, and modules do not form a cycle.

Imports inside functions and under TYPE_CHECKING count, too.
"""

from __future__ import annotations

import ast
import graphlib
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[3]

# From the top down. A module belongs to the innermost room that contains it; `funcpack` itself contains the error texts.
TOOL_ROOMS = (
    "funcpack.cli",
    "funcpack.playground",
    "funcpack.dev_server",
    "funcpack.deploy",
    "funcpack.deploy.kubernetes",
    "funcpack.deploy.google",
    "funcpack.deploy.packing",
    "funcpack.deploy.settings",
    "funcpack.deploy.plan",
    "funcpack.ignore_rules",
    "funcpack.calls",
    "funcpack.diagnosis",
    "funcpack.image_builds",
    "funcpack.environments",
)
BUILDPACK_ROOMS = (
    "funcpack.buildpack",
    "funcpack.buildpack.layers",
    "funcpack.buildpack.install",
    "funcpack.buildpack.platform",
    "funcpack.check",
    "funcpack.project",
    "funcpack",
)
ROOMS = TOOL_ROOMS + BUILDPACK_ROOMS

# `python -m funcpack` only calls the tool.
ENTRY = "funcpack.__main__"

# The room that people import from: its package exports `Deployment`.
PUBLIC = "funcpack.deploy"

# The parts of the invoker that work on plain data.
INVOKER_MODULES = {
    "funcpack_invoker.function.parameters",
    "funcpack_invoker.function.protocols",
    "funcpack_invoker.handler_name",
    "funcpack_invoker.standard_library",
}

# One module reads each kind of file of the project; the others read the platform's files.
TOML_READERS = {
    "funcpack.project.app_files",
    "funcpack.buildpack.platform.context",
    "funcpack.buildpack.platform.layer",
}


def module_name(file: Path) -> str:
    return ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_name(file): file for file in sorted((ROOT / "funcpack").rglob("*.py"))}
del MODULES[ENTRY]


def imports(file: Path) -> Iterator[str]:
    """Return the full names of the modules that a file imports."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file} has a relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in MODULES else str(node.module) for name in names)


def room_of(module: str) -> str:
    return next(room for room in sorted(ROOMS, key=len, reverse=True) if f"{module}.".startswith(f"{room}."))


IMPORTS: Mapping[str, set[str]] = {module: set(imports(file)) for module, file in MODULES.items()}


@pytest.mark.parametrize("module", MODULES)
def test_module_imports_only_its_own_room_and_lower_ones(module: str) -> None:
    height = ROOMS.index(room_of(module))
    imported = IMPORTS[module] & MODULES.keys()
    assert [name for name in sorted(imported) if ROOMS.index(room_of(name)) < height] == []


def test_modules_do_not_form_a_cycle() -> None:
    graphlib.TopologicalSorter({module: IMPORTS[module] & MODULES.keys() for module in MODULES}).prepare()


def test_the_buildpack_imports_only_the_standard_library_and_plain_rules_of_the_invoker() -> None:
    modules = [module for module in MODULES if room_of(module) in BUILDPACK_ROOMS]
    imported = set().union(*(IMPORTS[module] for module in modules)) - MODULES.keys()
    others = {name for name in imported if name.partition(".")[0] not in sys.stdlib_module_names}
    assert others == INVOKER_MODULES


def test_every_directory_is_a_package_of_a_known_room() -> None:
    directories = {file.parent for file in MODULES.values()}
    assert {module_name(directory / "__init__.py") for directory in directories} == set(ROOMS)
    assert [directory for directory in directories if not (directory / "__init__.py").is_file()] == []


def test_the_architecture_describes_each_room_of_the_tool_once_and_in_order() -> None:
    section = (ROOT / "docs" / "architecture.md").read_text().partition("## The command line tool")[2]
    rows = re.findall(r"(?m)^\| `([a-z_/]+)/` \|", section.partition("\n## ")[0])
    assert [f"funcpack.{row.replace('/', '.')}" for row in rows] == [*TOOL_ROOMS]


def test_packages_import_nothing_by_themselves() -> None:
    packages = [module for module, file in MODULES.items() if file.name == "__init__.py"]
    assert [module for module in packages if IMPORTS[module]] == [PUBLIC]


def test_files_of_the_project_are_read_in_one_place() -> None:
    assert {module for module, imported in IMPORTS.items() if "tomllib" in imported} == TOML_READERS
