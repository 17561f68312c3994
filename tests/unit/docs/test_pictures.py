"""The pictures in README.md: they exist, are small, and need nothing from other sites."""

from __future__ import annotations

import re
import zlib
from xml.etree import ElementTree as ET

import pytest

from tools.places import PICTURES, ROOT

NAMED = re.findall(r'(?:src|srcset)="([^"]+)"', (ROOT / "README.md").read_text())
LARGEST = 200_000

SVG = "{http://www.w3.org/2000/svg}svg"


def is_png(content: bytes) -> bool:
    """Return whether this is a whole PNG: each chunk has its checksum, and the last one is the end."""
    signature, rest, kind = content[:8], content[8:], b""
    while rest:
        length = int.from_bytes(rest[:4], "big")
        kind, checksum = rest[4:8], rest[8 + length : 12 + length]
        if int.from_bytes(checksum, "big") != zlib.crc32(rest[4 : 8 + length]):
            return False
        rest = rest[12 + length :]
    return signature == b"\x89PNG\r\n\x1a\n" and kind == b"IEND"


def external(svg: str) -> list[str]:
    """Return what an SVG loads: fonts, imported styles, and addresses other than those of its own parts."""
    return re.findall(r"@font-face|@import|\bhref=|\bsrc=|url\((?!#)[^)]*\)|<(?:image|script|foreignObject)\b", svg)


def test_readme_names_the_pictures_of_both_colour_schemes() -> None:
    assert sorted(NAMED) == sorted(f"docs/pictures/{path.name}" for path in PICTURES.iterdir())
    assert sorted(NAMED) == [
        "docs/pictures/page-dark.png",
        "docs/pictures/page-light.png",
        "docs/pictures/terminal-dark.svg",
        "docs/pictures/terminal-light.svg",
    ]


@pytest.mark.parametrize("name", NAMED)
def test_picture_is_valid_and_small(name: str) -> None:
    content = (ROOT / name).read_bytes()
    assert len(content) <= LARGEST
    if name.endswith(".png"):
        assert is_png(content)
    else:
        assert ET.fromstring(content).tag == SVG
        assert external(content.decode()) == []


def test_truncated_png_is_noticed() -> None:
    content = (PICTURES / "page-light.png").read_bytes()
    assert not is_png(content[:-12])
    assert not is_png(content[:-100])


@pytest.mark.parametrize(
    "part",
    [
        "@font-face { src: local(Menlo) }",
        "<style>@import 'a.css'</style>",
        "<rect fill='url(https://example.com/#a)'/>",
        '<image href="https://example.com/a.png"/>',
    ],
)
def test_external_part_is_noticed(part: str) -> None:
    assert external(part)
    assert external('<rect clip-path="url(#part)"/>') == []
