"""Reads the pages of the documentation: their fenced blocks, headings and links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tools.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

DIRECTORIES = ("docs", "invoker", "samples", "templates")
PAGES = sorted([*ROOT.glob("*.md"), *(page for name in DIRECTORIES for page in (ROOT / name).rglob("*.md"))])

_FENCE = re.compile(r"(?ms)^```(?P<language>\w*)\n(?P<text>.*?)^```$")
_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"(?m)^#+ (?P<text>.+)$")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, its text, and the page and line where the text begins."""

    language: str
    text: str
    page: Path
    line: int

    @property
    def place(self) -> str:
        """Where it is, as editors and pytest write it."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path, language: str = "") -> list[Block]:
    """Give the fenced blocks of a page, of one language or of all."""
    text = page.read_text()
    found = [
        Block(match["language"], match["text"], page, text.count("\n", 0, match.start("text")) + 1)
        for match in _FENCE.finditer(text)
    ]
    return [block for block in found if language in {"", block.language}]


def prose(page: Path) -> str:
    """Give the text of a page without its fenced blocks."""
    return _FENCE.sub("", page.read_text())


def links(page: Path) -> list[str]:
    """Give the targets of the links of a page."""
    return [match["target"] for match in _LINK.finditer(prose(page))]


def anchors(page: Path) -> set[str]:
    """Give the anchors that GitHub makes of the headings of a page."""
    headings = (match["text"].strip().lower() for match in _HEADING.finditer(prose(page)))
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in headings}


def table_commands(page: Path, program: str) -> list[str]:
    """Give the commands of a program in the first column of the tables of a page."""
    return re.findall(rf"(?m)^\| `({re.escape(program)} [^`]+)` \|", prose(page))
