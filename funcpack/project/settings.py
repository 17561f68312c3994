"""What the user asked for: settings and the handler's name, each with the place where it was said.

Nothing here reads the function itself (see handler.py) or has an effect.
"""

from __future__ import annotations

import keyword
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from funcpack.errors import MalformedHandlerError, ProjectFileError, SwitchError
from funcpack.project.app_files import leads_nowhere

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

DEFAULT_HANDLER = "handler.handler"
DEFAULT_HANDLER_OF_FUNC = "func.main"
HANDLER_VARIABLES = ("PYTHON_HANDLER", "BP_FUNCTION")

YES = frozenset({"1", "true", "yes", "on", "y", "t"})
_NO = frozenset({"0", "false", "no", "off", "n", "f"})


@dataclass(frozen=True, slots=True)
class Setting:
    """A value and where it comes from, in words that fit into a sentence: `project.toml`."""

    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class Settings:
    """The variables of a build: the platform's, then those of project.toml in the app directory.

    pack turns the latter into the former by itself; kn func and Tekton do not.
    """

    environ: Mapping[str, str]
    project: Mapping[str, str]

    @classmethod
    def read(cls, app: Path, environ: Mapping[str, str]) -> Settings:
        """Read project.toml beside the environment.

        Raises:
            ProjectFileError: it is not TOML, or not in the form of project.toml.

        """
        return cls(environ, _project_env(app / "project.toml"))

    def get(self, *names: str) -> Setting | None:
        """Return the first of the variables that is set, the platform's before project.toml's; empty is not set."""
        for variables in (self.environ, self.project):
            for name in names:
                value = variables.get(name, "").strip()
                if value:
                    # pack has put the descriptor's variables into the environment; people look for them where they wrote them.
                    is_of_project = self.project.get(name, "").strip() == value
                    return Setting(value, f"{name} in project.toml" if is_of_project else name)
        return None

    def all(self) -> dict[str, str]:
        """Return every variable with the value that counts."""
        return {**self.project, **self.environ}

    def is_on(self, name: str) -> bool:
        """Tell if a switch is on.

        Raises:
            SwitchError: it says neither yes nor no.

        """
        setting = self.get(name)
        if setting and setting.value.lower() not in YES | _NO:
            raise SwitchError(name, setting.value, setting.origin)
        return setting is not None and setting.value.lower() in YES


@dataclass(frozen=True, slots=True)
class HandlerName:
    """The name of a function: `module` is imported, `attributes` are followed from it."""

    text: str
    module: str
    attributes: tuple[str, ...]
    origin: str

    @classmethod
    def parse(cls, setting: Setting) -> HandlerName:
        """Read `module.function`, `package.module.function`, `module:function` or `package.module:object.method`.

        Raises:
            MalformedHandlerError: it is none of those.

        """
        text = setting.value
        module, colon, attributes = text.partition(":") if ":" in text else text.rpartition(".")
        if not colon or not all(_is_name(part) for part in (*module.split("."), *attributes.split("."))):
            raise MalformedHandlerError(text, setting.origin)
        return cls(text, module, tuple(attributes.split(".")), setting.origin)


def named_handler(settings: Settings) -> HandlerName | None:
    """Return the handler that somebody named, or None.

    Raises:
        MalformedHandlerError: its name cannot be one.

    """
    setting = settings.get(*HANDLER_VARIABLES)
    return HandlerName.parse(setting) if setting else None


def default_handler(app: Path) -> HandlerName:
    """Return the handler of a project that names none: kn func's own default where its func.yaml says so."""
    if (app / "func.yaml").is_file() and any((root / "func.py").is_file() for root in source_roots(app)):
        return HandlerName.parse(Setting(DEFAULT_HANDLER_OF_FUNC, "the default beside a func.yaml"))
    return HandlerName.parse(Setting(DEFAULT_HANDLER, "the default"))


def source_roots(app: Path) -> tuple[Path, ...]:
    """Return the directories that are on the function's `sys.path`: the app's, and its src where there is one."""
    src = app / "src"
    return (app, src) if src.is_dir() else (app,)


def _is_name(text: str) -> bool:
    return text.isidentifier() and not keyword.iskeyword(text)


def _project_env(file: Path) -> dict[str, str]:
    """Return the build variables of project.toml, in every schema.

    0.1 has `[[build.env]]`; 0.2 and later have `[[io.buildpacks.build.env]]`, and pack still takes their early mistake
    `[[io.buildpacks.env.build]]`. https://github.com/buildpacks/spec/blob/main/extensions/project-descriptor.md
    """
    if leads_nowhere(file):
        raise ProjectFileError(file.name, f"it is a link to '{file.readlink()}', which is not there")
    if not file.is_file():
        return {}
    try:
        descriptor = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as exc:
        raise ProjectFileError(file.name, "the file is not written in UTF-8") from exc
    except (OSError, ValueError) as exc:
        raise ProjectFileError(file.name, str(exc)) from exc
    entries = (
        *_entries(descriptor, ("build", "env")),
        *_entries(descriptor, ("io", "buildpacks", "env", "build")),
        *_entries(descriptor, ("io", "buildpacks", "build", "env")),
    )
    return dict(_variables(entries))


def _entries(table: Any, path: tuple[str, ...]) -> Iterable[Any]:
    for key in path:
        table = table.get(key) if isinstance(table, dict) else None
    if isinstance(table, dict) and set(HANDLER_VARIABLES) & table.keys():
        name = ".".join(path)
        raise ProjectFileError("project.toml", f"[{name}] is a table of variables; each one is a [[{name}]] of its own")
    return table if isinstance(table, list) else ()


def _variables(entries: Iterable[Any]) -> Iterator[tuple[str, str]]:
    for entry in entries:
        name = entry.get("name") if isinstance(entry, dict) else None
        value = entry.get("value", "") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not isinstance(value, str):
            raise ProjectFileError("project.toml", f"a build variable needs a name and a value in quotes, not {entry}")
        yield name, value
