"""Reads the variables for building and for running the function from kn func's func.yaml.

They are `build.buildEnvs` and `run.envs`, lists of `name` and `value`. Everything else in the file is ignored.
https://github.com/knative/func/blob/main/docs/reference/func_yaml.md
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcpack.project.app_files import text_or_nothing
from funcpack.project.yaml_blocks import Node, NotUnderstoodError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_BUILD, _RUN = ("build", "buildEnvs"), ("run", "envs")

# The name becomes part of the name of a file.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")

# kn func resolves references, and rejects everything else that begins like one.
_REFERENCE = "{{"
_IS_REFERENCE = re.compile(r"\{\{\s*+(?:secret|configMap|env):[^{}]*+\}\}")

# Bytes that are not UTF-8 (U+FFFD), and what no variable can contain.
_IMPOSSIBLE = re.compile("[\0\ud800-\udfff\ufffd]")


@dataclass(frozen=True, slots=True)
class FuncYaml:
    """The variables that have a literal value.

    `not_understood` are those that the file has, too, but that cannot be read, in words, each with the number of its line.
    """

    build_variables: Mapping[str, str]
    run_variables: Mapping[str, str]
    not_understood: tuple[tuple[int, str], ...] = ()

    @classmethod
    def read(cls, file: Path) -> FuncYaml:
        """Read a func.yaml; there are no variables if it does not exist."""
        document = Node.document(text_or_nothing(file, file.parent))
        build, not_understood = _variables(document, *_BUILD)
        run, not_understood_of_run = _variables(document, *_RUN)
        return cls(build, run, tuple(dict.fromkeys(not_understood + not_understood_of_run)))


def _variables(document: Node, section: str, key: str) -> tuple[dict[str, str], list[tuple[int, str]]]:
    variables: dict[str, str] = {}
    try:
        entries = _entries(document, section, key)
    except NotUnderstoodError as exc:
        return {}, [(exc.line, f"'{key}' in '{section}', or a line above it")]
    not_understood = []
    for entry in entries:
        try:
            variables |= _variable(entry)
        except _NotReadError as exc:
            not_understood.append((entry.line, str(exc)))
    return variables, not_understood


def _entries(document: Node, section: str, key: str) -> list[Node]:
    sections = document.mapping()
    keys = sections[section].mapping() if section in sections else {}
    return keys[key].items() if key in keys else []


class _NotReadError(Exception):
    """The message says what cannot be read."""


def _variable(entry: Node) -> dict[str, str]:
    """Return the variable of an entry, or none if it has no value, or one that kn func inserts when it deploys."""
    name, value = _name_and_value(entry)
    if value is None or _IS_REFERENCE.fullmatch(value):
        return {}
    if not _NAME.fullmatch(name or ""):
        raise _NotReadError(f"the name '{name}'" if name else "a variable without a name")
    if _IMPOSSIBLE.search(value) or value.startswith(_REFERENCE):
        raise _NotReadError(f"the value of '{name}'")
    return {str(name): value}


def _name_and_value(entry: Node) -> tuple[str | None, str | None]:
    try:
        keys = entry.mapping()
        name = keys["name"].text() if "name" in keys else None
    except NotUnderstoodError:
        raise _NotReadError("a variable") from None
    try:
        return name, keys["value"].text() if "value" in keys else None
    except NotUnderstoodError:
        raise _NotReadError(f"the value of '{name}'") from None
