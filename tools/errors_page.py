"""Generates the errors in docs/errors.md from the broken projects in the tests: .venv/bin/python -m tools.errors_page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.places import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGE = ROOT / "docs" / "errors.md"
SITUATIONS = ROOT / "tests" / "fixtures" / "broken"
BEGIN = "<!-- tools/errors_page.py generates the text between these comments -->\n"
END = "<!-- end -->\n"

# Files of a situation next to its app, and their titles.
MORE = {
    "wheels": "The packages in the directory `vendor`, each with its version and requirements",
    "environment": "The variables of the build",
}

# The function of projects whose error is not in the function.
VALID_FUNCTION = b'def handler(req):\n    return "hello"\n'


def updated(page: str) -> str:
    """Return the page with the current errors."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{errors()}{END}{after}"


def errors() -> str:
    """Return a section for each error, with an example for each situation that leads to it."""
    examples: dict[str, list[str]] = {}
    for situation in sorted(SITUATIONS.iterdir()):
        log = (situation / "expected.txt").read_text()
        title = log.partition("[Error: ")[2].partition("]")[0]
        examples.setdefault(title, []).append(_example(situation, log))
    return "".join(f"## {title}\n\n{''.join(found)}" for title, found in sorted(examples.items()))


def _example(situation: Path, log: str) -> str:
    """Return the files of the project and the end of its log."""
    paths = [path for path in sorted(situation.glob("app/**/*")) if path.is_symlink() or path.is_file()]
    files = [_file(path, situation) for path in paths if path.is_symlink() or path.read_bytes() != VALID_FUNCTION]
    more = [
        _block(title, (situation / name).read_text()) for name, title in MORE.items() if (situation / name).exists()
    ]
    return "".join([*files, *more, f"```text\n{_end(log)}```\n\n"])


def _end(log: str) -> str:
    """Return the error, and the section before it if the error refers to it."""
    sections = log.replace("\n\n[", "\n\n\0[").split("\0")
    return "".join(sections[-2:] if "above" in sections[-1] else sections[-1:])


def _file(path: Path, situation: Path) -> str:
    """Return the content of a file, or a sentence if it is a link or not text."""
    name = f"`{path.relative_to(situation / 'app')}`"
    if path.is_symlink():
        return f"{name} is a symbolic link to `{path.readlink()}`.\n\n"
    try:
        text = path.read_text()
    except UnicodeDecodeError:
        return f"{name} is not UTF-8.\n\n"
    return f"{name} contains null bytes.\n\n" if "\0" in text else _block(name, text)


def _block(title: str, text: str) -> str:
    content = text.rstrip("\n")
    return f"{title}:\n\n```\n{content}\n```\n\n" if content else f"{title} is empty.\n\n"


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text()))
