"""Converts plain text to a PDF. It needs no network and no settings, and the same text gives the same bytes."""

import io
import logging
import re
import tempfile
import unicodedata
from datetime import datetime
from functools import cache
from pathlib import Path

import pymupdf_fonts
from fontTools.ttLib import TTFont
from fpdf import FPDF
from fpdf.enums import Align, WrapMode, XPos, YPos

# FiraGO has Latin, Greek, Cyrillic, Arabic, Hebrew, Thai, Georgian and Devanagari. The other fonts add symbols. All have
# the SIL Open Font License. They come from a package, because the run image has no fonts.
FONTS = ("figo", "symbol2", "symbol1", "math")
SIZE, LINE = 11, 6  # points, millimetres
BOX = "\N{WHITE SQUARE}"

logging.getLogger("fontTools").setLevel(logging.WARNING)  # at INFO, it logs every table of every font


class Document(FPDF):
    """A4 pages with page numbers in the footer."""

    def __init__(self, title: str, date: datetime) -> None:
        super().__init__()
        self.str_alias_nb_pages = None  # otherwise fpdf2 also replaces "{nb}" in the text
        self.set_title(title)
        self.set_creation_date(date)
        self.set_auto_page_break(auto=True, margin=20)
        for name, file in font_files().items():
            self.add_font(name, fname=file)
        self.set_font(FONTS[0], size=SIZE)
        self.set_fallback_fonts(list(FONTS[1:]))
        self.set_text_shaping(use_shaping_engine=True)  # for joined letters and right-to-left text

    def footer(self) -> None:
        """Print the page number."""
        self.set_y(-15)
        self.set_font(FONTS[0], size=9)
        self.cell(0, LINE, str(self.page_no()), align=Align.C)
        self.set_font(FONTS[0], size=SIZE)


def convert(text: str, *, title: str, date: datetime) -> bytes:
    """Return printable text as a PDF. Each line is a paragraph, wrapped between words. A form feed starts a new page."""
    document = Document(title, date)
    for page in text.split("\f"):
        document.add_page()
        for line in page.split("\n"):
            align = Align.R if runs_from_right(line) else Align.L
            document.multi_cell(0, LINE, line, align=align, new_x=XPos.LMARGIN, new_y=YPos.NEXT, wrapmode=WrapMode.WORD)
    return bytes(document.output())


def printable(text: str) -> str:
    """Return the text with tabs as spaces and with the unsupported characters replaced."""
    lines = re.sub("\r\n?|[\v\x85\u2028\u2029]", "\n", text).rstrip("\n").expandtabs(4)
    return "".join(map(_printable, lines))


def _printable(character: str) -> str:
    if character in "\n\f" or ord(character) in characters():
        return character
    match unicodedata.category(character):
        case "So":  # a symbol or an emoji: show its name
            return f"[{unicodedata.name(character, BOX).lower()}]"
        case "Cc" | "Cf" | "Mn" | "Sk":  # characters that modify others: joiners, variation selectors, skin tones
            return ""
    return BOX


def runs_from_right(line: str) -> bool:
    """Return whether the first letter of the line belongs to a right-to-left script."""
    directions = (unicodedata.bidirectional(character) for character in line)
    return next((direction for direction in directions if direction in {"L", "R", "AL"}), "L") != "L"


@cache
def characters() -> frozenset[int]:
    """Return all characters that the fonts support."""
    fonts = (TTFont(io.BytesIO(pymupdf_fonts.myfont(name)), lazy=True) for name in FONTS)
    return frozenset().union(*(font.getBestCmap() for font in fonts))


@cache
def font_files() -> dict[str, Path]:
    """Write the fonts to files, as fpdf2 requires, and return the paths."""
    directory = Path(tempfile.mkdtemp(prefix="fonts-"))
    files = {name: directory / f"{name}.ttf" for name in FONTS}
    for name, file in files.items():
        file.write_bytes(pymupdf_fonts.myfont(name))
    return files
