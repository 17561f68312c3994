"""Reads texts of YAML in each style: plain, in quotes, and as a block.

https://yaml.org/spec/1.2.2/#chapter-7-flow-style-productions and #81-block-scalar-styles
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_COMMENT = re.compile(r"(?:^|(?<=[ \t]))#.*")
_NOTHING = frozenset({"~", "null", "Null", "NULL"})
_NOT_PLAIN = re.compile(r"""["'#&*!|>%@`{}\[\],]|[-?:](?:\s|$)""")

_DOUBLE_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_SINGLE_QUOTED = re.compile(r"'((?:[^']|'')*+)'", re.DOTALL)
# What does not stand for itself: escapes, and line breaks with the whitespace around them.
_IN_DOUBLE_QUOTES = re.compile(
    r"\\(?:\n[ \t\n]*+|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)|[ \t\n]++", re.DOTALL
)
_IN_SINGLE_QUOTES = re.compile(r"''|[ \t\n]++")
_ESCAPES = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "\t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "e": "\x1b",
    " ": " ", '"': '"', "/": "/", "\\": "\\", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip

_BLOCK = re.compile(r"(?P<style>[|>])(?:(?P<indent>[1-9])?(?P<end>[+-])?|(?P<end2>[+-])(?P<indent2>[1-9]))")


def without_comment(line: str) -> str:
    """Return a line, which is not in quotes, without its comment."""
    return _COMMENT.sub("", line)


def read(lines: Sequence[str], parent: int) -> str | None:
    """Return the text in some lines, or None for a null. `parent` is the indent of the key that has the text.

    Raises:
        ValueError: It is not a text.

    """
    start = lines[0].lstrip(" ")[0]
    if start in "\"'":
        return _quoted(lines)
    if start in "|>":
        return _block(lines, parent)
    text = _plain(lines)
    return None if text in _NOTHING else text


def _plain(lines: Sequence[str]) -> str:
    """Read a text that ends with a comment or with the lines."""
    parts = [without_comment(line) for line in lines]
    is_commented = [part != line for part, line in zip(parts, lines, strict=True)]
    end = is_commented.index(True) + 1 if True in is_commented else len(parts)
    if _NOT_PLAIN.match(lines[0].lstrip(" ")) or any(": " in f"{part.rstrip()} " for part in parts):
        raise ValueError(lines[0])
    _check_empty(lines[end:])
    text = "\n".join(part.strip() for part in parts[:end]).rstrip("\n")
    return re.sub(r"\n++", lambda breaks: _folded(len(breaks[0])), text)


def _quoted(lines: Sequence[str]) -> str:
    text = "\n".join(lines).lstrip(" ")
    match = _DOUBLE_QUOTED.match(text) or _SINGLE_QUOTED.match(text)
    if match is None:
        raise ValueError(text)
    _check_empty(text[match.end() :].split("\n"))
    parts = _IN_DOUBLE_QUOTES if text.startswith('"') else _IN_SINGLE_QUOTES
    return parts.sub(lambda part: _unquoted(part[0]), match[1])


def _unquoted(part: str) -> str:
    if part == "''":
        return "'"
    if part.startswith("\\\n"):
        return "\n" * (part.count("\n") - 1)
    if not part.startswith("\\"):
        return _folded(part.count("\n")) if "\n" in part else part
    if len(part) == 2 and part[1] not in _ESCAPES:
        raise ValueError(part)
    return _ESCAPES[part[1]] if len(part) == 2 else chr(int(part.lstrip("\\xuU"), base=16))


def _folded(breaks: int) -> str:
    """Return what line breaks stand for: a space for one, and a line break for each further one."""
    return "\n" * (breaks - 1) or " "


def _block(lines: Sequence[str], parent: int) -> str:
    header = _BLOCK.fullmatch(without_comment(lines[0]).strip())
    if header is None:
        raise ValueError(lines[0])
    indent = _indent_of_block(lines[1:], parent, header["indent"] or header["indent2"])
    content = _content_of_block(lines[1:], indent)
    filled = len(content)
    while filled and not content[filled - 1]:
        filled -= 1
    text = "\n".join(content[:filled]) if header["style"] == "|" else _folded_block(content[:filled])
    match header["end"] or header["end2"]:
        case "-":
            return text
        case "+":
            return text + "\n" * (len(content) - filled + bool(text))
    return text and f"{text}\n"


def _indent_of_block(lines: Sequence[str], parent: int, given: str | None) -> int:
    if given:
        return parent + int(given)
    first = next((line for line in lines if line.strip(" ")), "")
    return max(parent + 1, len(first) - len(first.lstrip(" ")))


def _content_of_block(lines: Sequence[str], indent: int) -> list[str]:
    """Return the lines without their indent, up to comments with a smaller one."""
    end = next((place for place, line in enumerate(lines) if line[:indent].strip(" ")), len(lines))
    _check_empty(lines[end:])
    return [line[indent:] for line in lines[:end]]


def _folded_block(lines: Sequence[str]) -> str:
    """Join lines, except for those that are indented further."""
    text, breaks, joins = "", 0, False
    for line in lines:
        if not line:
            breaks += 1
            continue
        is_indented = line[0] in " \t"
        if text or joins:
            text += _folded(breaks + 1) if joins and not is_indented else "\n" * (breaks + 1)
        else:
            text = "\n" * breaks
        text, breaks, joins = text + line, 0, not is_indented
    return text


def _check_empty(lines: Sequence[str]) -> None:
    if any(without_comment(line).strip() for line in lines):
        raise ValueError(lines)
