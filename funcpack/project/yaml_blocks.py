"""Reads the structure of YAML that programs write: mappings and lists in lines, without brackets.

The standard library has no YAML parser. Whatever else YAML allows is reported, so that no value is taken for another one.
https://yaml.org/spec/1.2.2/#chapter-8-block-style-productions
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from funcpack.project import yaml_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEY = re.compile(r""" *+(?P<key>"[^"\\]*+"|'[^']*+'|[A-Za-z_][\w./-]*+) *+:(?=\s|$)""")
_ENDS = ("---", "...")
_EMPTY_COLLECTIONS: tuple[list[str], ...] = ([], ["[]"], ["{}"], ["~"], ["null"])


class NotUnderstoodError(Exception):
    """A line is not YAML, or a part of YAML that this module does not read."""

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line


class Line(NamedTuple):
    """A line with its number."""

    number: int
    text: str

    @property
    def indent(self) -> int:
        """The number of spaces at the beginning."""
        return len(self.text) - len(self.text.lstrip(" "))

    @property
    def is_empty(self) -> bool:
        """Whether the line has nothing but a comment."""
        return not yaml_texts.without_comment(self.text).strip()

    @property
    def is_item(self) -> bool:
        """Whether the line begins an item of a list."""
        return f"{self.text.lstrip(' ')} ".startswith("- ")

    def after(self, end: int) -> Line:
        """Return the line with spaces instead of its first characters, so that the rest keeps its column."""
        return Line(self.number, " " * end + self.text[end:])


@dataclass(frozen=True, slots=True)
class Node:
    """A value: the rest of the line of its key or dash, and the lines below. `parent` is the indent of that key or dash."""

    line: int
    lines: Sequence[Line]
    parent: int

    @classmethod
    def document(cls, text: str) -> Node:
        """Return the first document of a file."""
        texts = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
        lines = [Line(number, line) for number, line in enumerate(texts, 1)]
        first = next((place for place, line in enumerate(lines) if not line.is_empty), 0)
        begin = first + 1 if lines[first].text.rstrip() == "---" else first
        end = next((place for place in range(begin, len(lines)) if lines[place].text.startswith(_ENDS)), len(lines))
        return cls(1, lines[begin:end], -1)

    def mapping(self) -> dict[str, Node]:
        """Return the values of a mapping by their keys.

        Raises:
            NotUnderstoodError: It is something else.

        """
        lines, outer = self._content()
        keys: dict[str, tuple[int, list[Line]]] = {}
        below: list[Line] = []
        for line in lines:
            # The items of a list may have the same indent as its key.
            if line.is_empty or line.indent > outer or (keys and line.indent == outer and line.is_item):
                below.append(line)
                continue
            match = _KEY.match(line.text)
            if match is None or line.indent < outer:
                raise NotUnderstoodError(line.number)
            below = [line.after(match.end())]
            keys[match["key"].strip("\"'")] = (line.number, below)
        return {key: Node(number, below, outer) for key, (number, below) in keys.items()}

    def items(self) -> list[Node]:
        """Return the items of a list.

        Raises:
            NotUnderstoodError: It is something else.

        """
        lines, outer = self._content()
        items: list[list[Line]] = []
        for line in lines:
            if not line.is_empty and line.indent == outer and line.is_item:
                items.append([line.after(outer + 1)])
            elif items and (line.is_empty or line.indent > outer):
                items[-1].append(line)
            else:
                raise NotUnderstoodError(line.number)
        return [Node(below[0].number, below, outer) for below in items]

    def text(self) -> str | None:
        """Return a text, or None if there is no value. Numbers and booleans are texts, too.

        Raises:
            NotUnderstoodError: It is something else.

        """
        lines = self._without_empty_beginning()
        if not lines:
            return None
        if any(line.indent <= self.parent and not line.is_empty for line in lines):
            raise NotUnderstoodError(lines[0].number)
        try:
            return yaml_texts.read([line.text for line in lines], self.parent)
        except ValueError:
            raise NotUnderstoodError(lines[0].number) from None

    def _content(self) -> tuple[Sequence[Line], int]:
        """Return the lines of a collection, and their indent."""
        lines = self._without_empty_beginning()
        texts = [yaml_texts.without_comment(line.text).strip() for line in lines if not line.is_empty]
        return ((), 0) if texts in _EMPTY_COLLECTIONS else (lines, lines[0].indent)

    def _without_empty_beginning(self) -> Sequence[Line]:
        first = next((place for place, line in enumerate(self.lines) if not line.is_empty), len(self.lines))
        return self.lines[first:]
