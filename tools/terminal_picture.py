"""Makes the picture of the terminal: a new function is served, called and changed."""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from tools.terminal import PROMPT, Terminal

COLUMNS = 84

# The format of rich without its fonts, which it would load from another site, and without a title.
_FORMAT = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
svg > rect {{ stroke: rgba(128, 128, 128, 0.5) }}
.{unique_id}-matrix {{ font: {char_height}px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""

# How wide a character of the fonts above is, in parts of its height.
_FONT_ASPECT_RATIO = 0.6

# The background, the text, and black, red, green, yellow, blue, magenta, cyan and white.
_THEMES = {
    "light": TerminalTheme(
        (255, 255, 255),
        (31, 35, 40),
        [
            (31, 35, 40),
            (207, 34, 46),
            (17, 99, 41),
            (125, 78, 0),
            (9, 105, 218),
            (130, 80, 223),
            (27, 124, 131),
            (89, 99, 110),
        ],
    ),
    "dark": TerminalTheme(
        (13, 17, 23),
        (230, 237, 243),
        [
            (72, 79, 88),
            (255, 123, 114),
            (63, 185, 80),
            (210, 153, 34),
            (88, 166, 255),
            (188, 140, 255),
            (57, 197, 207),
            (177, 186, 196),
        ],
    ),
}


def make() -> dict[str, str]:
    """Return the SVG of the light and the dark picture. Raises ToolError if the terminal does not show what it should."""
    shown = session()
    return {name: svg(shown, theme) for name, theme in _THEMES.items()}


def session() -> Text:
    """Serve, call and change a function in one terminal and another, and return what both show."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        # The prompt follows an answer on a new line.
        (home / ".curlrc").write_text('write-out = "\\n"\n')
        with Terminal(home, COLUMNS) as serving, Terminal(home, COLUMNS) as calling:
            serving.run("funcpack new --template http hello")
            # Otherwise a note about the version in images depends on the Python that runs this.
            (home / "hello" / ".python-version").write_text("{}.{}\n".format(*sys.version_info))
            serving.start("cd hello && funcpack run")
            serving.wait_for("Requests, sample events and logs")
            for command, line in (
                ("curl http://127.0.0.1:8080", "GET / "),
                ("curl 'http://127.0.0.1:8080/?name=Ada'", "GET /?name=Ada "),
                ("sed -i 's/Hello/Good morning/' hello/handler.py", "Loaded again"),
                ("curl 'http://127.0.0.1:8080/?name=Grace'", "GET /?name=Grace "),
            ):
                calling.run(command)
                serving.wait_for(line)
            shown = [serving.text, calling.text.removesuffix(PROMPT)]
    border = Text(f"{'── another terminal ':─<{COLUMNS}}", style="dim")
    return Text("\n").join([_styled(shown[0]), border, _styled(shown[1])])


def svg(shown: Text, theme: TerminalTheme) -> str:
    """Return a picture of a terminal with this text."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="standard")
    console.print(shown, highlight=False, overflow="fold")
    return console.export_svg(
        title="",
        theme=theme,
        code_format=_FORMAT,
        font_aspect_ratio=_FONT_ASPECT_RATIO,
        # An identifier of the content would change each line of the file with a time.
        unique_id="terminal",
    )


def _styled(output: str) -> Text:
    """Return what a terminal shows, with the prompts in a colour."""
    text = Text.from_ansi(output.rstrip("\n"))
    text.highlight_regex(r"(?m)^\$ ", "bold blue")
    text.highlight_regex(r"(?m)(?<=^\$ ).*$", "bold")
    return text
