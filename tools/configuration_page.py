"""Writes the table of docs/configuration.md from the invoker's own: .venv/bin/python -m tools.configuration_page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack_invoker.settings import VARIABLES
from tools.places import ROOT

if TYPE_CHECKING:
    from funcpack_invoker.settings import Variable

PAGE = ROOT / "docs" / "configuration.md"
BEGIN = "<!-- tools/configuration_page.py writes what is between these lines -->\n"
END = "<!-- end -->\n"


def updated(page: str) -> str:
    """Return the page with the table as it is now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def table() -> str:
    """Return the table of variables."""
    rows = ["| variable | default | accepted | meaning |", "|-|-|-|-|", *map(_row, VARIABLES)]
    return "".join(f"{row}\n" for row in rows)


def _row(variable: Variable) -> str:
    default = variable.default_text or f"`{variable.default}`"
    return f"| `{variable.name}` | {default} | {variable.form.accepted} | {variable.meaning} |"


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text()))
