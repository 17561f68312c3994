"""Prepares a README for PyPI, which resolves no relative links and renders no Mermaid diagrams."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tools.places import REPOSITORY, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

RAW = REPOSITORY.replace("https://github.com", "https://raw.githubusercontent.com")

_FENCE = re.compile(r"(?ms)^```(?P<language>\w*)\n.*?^```\n")
_HEADING = re.compile(r"(?m)^#+ (.+)$")
_RELATIVE = r"(?!https?://|mailto:|#)"
_LINK = re.compile(rf"(?P<before>\]\(){_RELATIVE}(?P<target>[^)\s]+)")
_PICTURE = re.compile(rf'(?P<before>\b(?:src|srcset)="){_RELATIVE}(?P<target>[^"]+)')


def prepared(text: str, version: str) -> str:
    """Return the README of the repository with addresses of the tag of `version`, and links in place of diagrams."""
    return "".join(_parts(text, f"v{version}"))


def _parts(text: str, tag: str) -> Iterator[str]:
    """Yield the text between fenced blocks with absolute links, and the blocks as they are, except for diagrams."""
    end = 0
    for fence in _FENCE.finditer(text):
        yield _with_absolute_links(text[end : fence.start()], tag)
        yield _diagram(text[: fence.start()], tag) if fence["language"] == "mermaid" else fence[0]
        end = fence.end()
    yield _with_absolute_links(text[end:], tag)


def _with_absolute_links(text: str, tag: str) -> str:
    text = _PICTURE.sub(lambda match: f"{match['before']}{RAW}/{tag}/{match['target']}", text)
    return _LINK.sub(lambda match: f"{match['before']}{_address(match['target'], tag)}", text)


def _address(target: str, tag: str) -> str:
    kind = "tree" if (ROOT / target).is_dir() else "blob"
    return f"{REPOSITORY}/{kind}/{tag}/{target}"


def _diagram(before: str, tag: str) -> str:
    """Return a link to the section of the README that ends `before`, for the diagram in it."""
    anchor = _HEADING.findall(before)[-1].lower().replace(" ", "-")
    return f"The [README in the repository]({REPOSITORY}/blob/{tag}/README.md#{anchor}) has a diagram.\n"
