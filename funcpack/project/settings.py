"""The variables of a build, each with the place where it was set."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from funcpack.errors import SwitchError

if TYPE_CHECKING:
    from collections.abc import Mapping

YES = frozenset({"1", "true", "yes", "on", "y", "t"})
_NO = frozenset({"0", "false", "no", "off", "n", "f"})


@dataclass(frozen=True, slots=True)
class Setting:
    """A value and its origin, in words that fit into a sentence: `project.toml`."""

    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class Settings:
    """The variables of the platform (`environ`), then those of project.toml in the app directory (`project`).

    pack copies the latter into the former. kn func and Tekton do not. kn func copies those of func.yaml (`kn_func`) instead.
    """

    environ: Mapping[str, str]
    project: Mapping[str, str]
    kn_func: Mapping[str, str] = field(default_factory=dict)

    def get(self, *names: str) -> Setting | None:
        """Return the first variable that is not empty; the platform's variables take precedence over project.toml's."""
        for variables in (self.environ, self.project):
            for name in names:
                value = variables.get(name, "").strip()
                if value:
                    return Setting(value, self._origin(name, value))
        return None

    def _origin(self, name: str, value: str) -> str:
        """Return the place where the user wrote a variable, from which the platform may have copied it into the environment."""
        for file, variables in (("project.toml", self.project), ("func.yaml", self.kn_func)):
            if variables.get(name, "").strip() == value:
                return f"{name} in {file}"
        return name

    def all(self) -> dict[str, str]:
        """Return every variable with its effective value."""
        return {**self.project, **self.environ}

    def is_on(self, name: str) -> bool:
        """Check whether a switch is on.

        Raises:
            SwitchError: The value is not a boolean.

        """
        setting = self.get(name)
        if setting and setting.value.lower() not in YES | _NO:
            raise SwitchError(setting.value, setting.origin)
        return setting is not None and setting.value.lower() in YES
