"""The variables of a build, each with the place where it was set."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from funcpack.errors import SwitchError

if TYPE_CHECKING:
    from collections.abc import Mapping

# Variables that choose the programs, the libraries and the files that a build uses, or the way to the network. The source must
# not set them: its own files would run in the build, or the platform's credentials would reach somebody else.
_OF_PLATFORM = frozenset(
    {
        "BASH_ENV",
        "BP_RUN_IMAGE_PYTHON",
        "ENV",
        "GCONV_PATH",
        "GLIBC_TUNABLES",
        "HOME",
        "LOCPATH",
        "NETRC",
        "OPENSSL_CONF",
        "OPENSSL_ENGINES",
        "OPENSSL_MODULES",
        "PATH",
        "SERVICE_BINDING_ROOT",
        "SSH_ASKPASS",
        "TEMP",
        "TMP",
        "TMPDIR",
        "UV_CONFIG_FILE",
        "UV_PYTHON_DOWNLOADS_JSON_URL",
        "XDG_CONFIG_DIRS",
        "XDG_CONFIG_HOME",
    }
)
_OF_PLATFORM_PREFIXES = ("CNB_", "GIT_", "LD_")
_PROXY = "_PROXY"

# The lifecycle prepends the values of the user to those of the builder (env/build.go).
_SEARCH_PATHS = frozenset({"CPATH", "LD_LIBRARY_PATH", "LIBRARY_PATH", "PATH", "PKG_CONFIG_PATH"})

YES = frozenset({"1", "true", "yes", "on", "y", "t"})
_NO = frozenset({"0", "false", "no", "off", "n", "f"})


@dataclass(frozen=True, slots=True)
class Setting:
    """A value and its origin, in words that fit into a sentence: `project.toml`."""

    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class Settings:
    """The variables that the user gave to the platform, those of project.toml in the app directory, and those of the builder.

    pack copies the variables of the project to those of the user. kn func and Tekton do not. kn func copies those of func.yaml
    (`kn_func`) instead. A copy has no more rights than the file: the builder's variables take precedence over it.
    """

    platform: Mapping[str, str]
    project: Mapping[str, str]
    kn_func: Mapping[str, str] = field(default_factory=dict)
    builder: Mapping[str, str] = field(default_factory=dict)

    def get(self, *names: str) -> Setting | None:
        """Return the first variable that is not empty; the platform's variables take precedence over project.toml's."""
        for variables in (self._of_platform(), self._of_project()):
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
        return {**self._of_project(), **self._of_platform()}

    def ignored(self) -> list[str]:
        """Return the variables that the project sets, but that only the platform may set."""
        return sorted(filter(_is_of_platform, {*self.project, *self.kn_func}))

    def is_of_project(self, name: str) -> bool:
        """Check whether the effective value of a variable is one that the project sets, also by way of the platform."""
        if name in self.platform:
            return self._is_copy(name) and name not in self.builder
        return name in self.project and name not in self.builder

    def _of_project(self) -> dict[str, str]:
        return {name: value for name, value in self.project.items() if not _is_of_platform(name)}

    def _of_platform(self) -> dict[str, str]:
        copied = {
            name: value for name, value in self.platform.items() if self._is_copy(name) and not _is_of_platform(name)
        }
        given = {name: self._joined(name, value) for name, value in self.platform.items() if not self._is_copy(name)}
        return {**copied, **self.builder, **given}

    def _is_copy(self, name: str) -> bool:
        """Check whether the platform copied a variable from the project, as far as their values show it."""
        values = {variables[name].strip() for variables in (self.project, self.kn_func) if name in variables}
        return self.platform[name].strip() in values

    def _joined(self, name: str, value: str) -> str:
        of_builder = self.builder.get(name) if name in _SEARCH_PATHS else None
        return f"{value}:{of_builder}" if of_builder else value

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
    return name in _OF_PLATFORM or name.startswith(_OF_PLATFORM_PREFIXES) or name.upper().endswith(_PROXY)
