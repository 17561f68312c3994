"""What to deploy, and as what: everything that is known before a backend looks at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

    from funcpack.check.local import Inspection
    from funcpack.deploy.settings.configuration import Configuration
    from funcpack.deploy.settings.options import Options

# Prints a line for people.
Note: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Target:
    """A function and its configuration.

    `backend` is one of `backends.BACKENDS`, and `name` is valid for it. `inspection` is the checked function, or None for
    commands that do not need it. `environ` are the variables of the process.
    """

    directory: Path
    backend: str
    name: str
    options: Options
    configuration: Configuration
    environ: Mapping[str, str]
    inspection: Inspection | None

    def section(self, name: str) -> Mapping[str, Any]:
        """Return a section of the configuration, which is empty if the user has not written it."""
        return self.configuration.section(name)
