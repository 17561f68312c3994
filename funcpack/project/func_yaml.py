"""Reads the variables for building and for running the function from kn func's func.yaml.

The standard library has no YAML parser. This one understands the subset that kn func writes: `build.buildEnvs` and
`run.envs`, lists of `name` and `value`. It ignores everything else. https://github.com/knative/func/blob/main/docs/reference/func_yaml.md
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from funcpack.project.app_files import text_or_nothing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_LINE = re.compile(r"(?P<indent> *)(?P<item>- +)?(?P<key>[A-Za-z_][\w-]*)\s*:(?:\s+(?P<value>.*))?$")
# The name becomes part of the name of a file.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,199}")


def run_variables(file: Path) -> dict[str, str]:
    """Return the variables of `run.envs` that have a literal value; none if the file does not exist."""
    return _variables(file, "run", "envs")


def build_variables(file: Path) -> dict[str, str]:
    """Return the variables of `build.buildEnvs` that have a literal value; none if the file does not exist."""
    return _variables(file, "build", "buildEnvs")


def _variables(file: Path, section: str, key: str) -> dict[str, str]:
    text = text_or_nothing(file, file.parent)
    variables = {}
    for entry in _entries(_block(_block(text.splitlines(), section), key)):
        name, value = entry.get("name"), entry.get("value")
        if name and value is not None and _NAME.fullmatch(name) and _is_literal(value):
            variables[name] = value
    return variables


def _is_literal(value: str) -> bool:
    """Check whether a value is one that a variable can have, and not one that kn func resolves when it deploys.

    It resolves `{{ secret:name:key }}`, `{{ configMap:... }}` and `{{ env:NAME }}`.
    """
    is_reference = "}}" in value.partition("{{")[2]
    return not is_reference and "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def _block(lines: Iterable[str], key: str) -> list[str]:
    """Return the lines below `key:` at the outermost level of `lines`."""
    lines = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    outer = min((_indent(line) for line in lines), default=0)
    found: list[str] = []
    inside = False
    for line in lines:
        # The items of a list may have the same indent as its key.
        if _indent(line) == outer and not line.lstrip().startswith("- "):
            inside = line.strip().startswith(f"{key}:")
        elif inside:
            found.append(line)
    return found


def _entries(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    entry: dict[str, str] = {}
    for line in lines:
        match = _LINE.match(line)
        if match and match["item"]:
            yield entry
            entry = {}
        if match:
            entry[match["key"]] = _scalar((match["value"] or "").strip())
    yield entry


def _scalar(text: str) -> str:
    if text.startswith('"'):
        end = re.match(r'"(?:[^"\\]|\\.)*+"', text)
        try:
            return str(json.loads(end[0])) if end else text
        except ValueError:
            return text
    if text.startswith("'"):
        end = re.match(r"'((?:[^']|'')*+)'", text)
        return end[1].replace("''", "'") if end else text
    return re.sub(r"(?<!\s)\s+#.*$", "", text)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
