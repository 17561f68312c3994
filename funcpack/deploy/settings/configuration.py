"""The configuration: `config.json` or `.goblet/config.json`, a stage of it, and the options `--set`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Configuration:
    """The values of the file with the stage and `--set` merged in. `file` is what errors name, or None without a file."""

    values: Mapping[str, Any]
    file: str | None = None

    def section(self, name: str) -> Mapping[str, Any]:
        """Return the section of this name, or an empty one."""
        section: Mapping[str, Any] = self.values.get(name, {})
        return section
