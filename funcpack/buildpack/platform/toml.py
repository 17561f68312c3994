"""Writes TOML: the subset that the files of the buildpack specification require.

The standard library only reads TOML, and a build image has only the standard library.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def dumps(table: Mapping[str, object]) -> str:
    """Return `table` as a TOML document.

    Values are strings, booleans, integers, lists of these, tables, and lists of tables.
    """
    return "\n".join(_table(table, ())).strip() + "\n"


def _table(table: Mapping[str, object], path: tuple[str, ...]) -> list[str]:
    lines = [f"{_key(key)} = {_value(value)}" for key, value in table.items() if not _is_nested(value)]
    for key, value in table.items():
        if isinstance(value, dict):
            lines += ["", f"[{_path((*path, key))}]", *_table(value, (*path, key))]
        elif isinstance(value, list) and _is_nested(value):
            for element in value:
                lines += ["", f"[[{_path((*path, key))}]]", *_table(element, (*path, key))]
    return lines


def _is_nested(value: object) -> bool:
    return isinstance(value, dict) or (isinstance(value, list) and bool(value) and isinstance(value[0], dict))


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(element) for element in value) + "]"
    raise TypeError(f"cannot write {type(value).__name__} as TOML")


def _string(text: str) -> str:
    # JSON and TOML escape strings alike, except that JSON does not escape DEL and may use surrogate pairs.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def _key(key: str) -> str:
    bare = key.replace("-", "").replace("_", "")
    return key if bare.isascii() and bare.isalnum() else _string(key)


def _path(keys: tuple[str, ...]) -> str:
    return ".".join(_key(key) for key in keys)
