"""The variables of a build, each with the place where it was set."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from funcpack.errors import SwitchError

if TYPE_CHECKING:
    from collections.abc import Mapping

# Variables that name files outside of the app, or code that every program loads. The source must not choose them.
_OF_PLATFORM = frozenset(
    {"HOME", "NETRC", "SERVICE_BINDING_ROOT", "UV_CONFIG_FILE", "XDG_CONFIG_DIRS", "XDG_CONFIG_HOME"}
)
_OF_PLATFORM_PREFIX = "LD_"

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
        """Return every variable with its effective value, without those that only the platform may set."""
        left_out = self.left_out()
        return {name: value for name, value in {**self.project, **self.environ}.items() if name not in left_out}

    def left_out(self) -> list[str]:
        """Return the variables that the project sets, but that only the platform may set."""
        names = sorted({*self.project, *self.kn_func})
        return [name for name in names if _is_of_platform(name) and self.is_of_project(name)]

    def is_of_project(self, name: str) -> bool:
        """Check whether the effective value of a variable is one that the project sets, also by way of the platform."""
        values = {variables[name].strip() for variables in (self.project, self.kn_func) if name in variables}
        return self.environ.get(name, self.project.get(name, "")).strip() in values

    def is_on(self, name: str) -> bool:
        """Check whether a switch is on.

        Raises:
            SwitchError: The value is not a boolean.

        """
        setting = self.get(name)
        if setting and setting.value.lower() not in YES | _NO:
            raise SwitchError(setting.value, setting.origin)
        return setting is not None and setting.value.lower() in YES


def _is_of_platform(name: str) -> bool:
    return name in _OF_PLATFORM or name.startswith(_OF_PLATFORM_PREFIX)
