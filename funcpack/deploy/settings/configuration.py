"""The configuration: `config.json` or `.goblet/config.json`, a stage of it, and the options `--set`.

The variables of the process do not change it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Any

from funcpack.command_errors import OptionValueError
from funcpack.deploy.settings import json_text
from funcpack.deploy.settings.merging import merged
from funcpack.deploy.settings.sections import check_sections
from funcpack.deployment_errors import (
    ConfigurationContentError,
    ConfigurationFileError,
    ConfigurationFilesError,
    UnknownStageError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILES = ("config.json", ".goblet/config.json")


@dataclass(frozen=True, slots=True)
class Configuration:
    """The values of the file with the stage and `--set` merged in.

    `file` is what errors name: the file, the stage and the options that the values come from, or None without any of them.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    file: str | None = None

    def section(self, name: str) -> Mapping[str, Any]:
        """Return the section of this name, or an empty one."""
        section: Mapping[str, Any] = self.values.get(name, {})
        return section

    @property
    def texts(self) -> Mapping[str, str]:
        """The variables of `environment`, without those that `secrets` sets too."""
        secrets = self.section("secrets")
        return {name: value for name, value in self.section("environment").items() if name not in secrets}


def read_configuration(
    directory: Path, *, config: Path | None = None, stage: str | None = None, assignments: tuple[str, ...] = ()
) -> Configuration:
    """Read the configuration of the function in `directory`, or the file `config`.

    `stage` is the name of the stage to merge in, and `assignments` are the values of `--set`.

    Raises:
        CommandError: The file, the stage or an assignment is not valid.

    """
    file = config or _find(directory)
    values = _read(file) if file else {}
    origins = [str(file)] if file else []
    if stage is not None:
        values = _with_stage(values, stage, str(file) if file else None)
        origins[-1] += f" (stage {stage})"
    if assignments:
        values = reduce(_with_assignment, assignments, values)
        # Without the values, which may be secrets.
        origins += [f"--set {assignment.partition('=')[0]}" for assignment in assignments]
    origin = ", ".join(origins) or None
    check_sections(values, origin)
    return Configuration({name: value for name, value in values.items() if name != "stages"}, origin)


def _find(directory: Path) -> Path | None:
    files = [directory / name for name in FILES if (directory / name).exists()]
    if len(files) > 1:
        raise ConfigurationFilesError((str(files[0]), str(files[1])))
    return files[0] if files else None


def _read(file: Path) -> Mapping[str, Any]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as exc:
        raise ConfigurationFileError(str(file), exc.strerror or str(exc)) from exc
    except UnicodeDecodeError as exc:
        raise ConfigurationFileError(str(file), "it is not encoded in UTF-8") from exc
    values = json_text.parse(text, str(file))
    if not isinstance(values, dict):
        raise ConfigurationContentError(str(file), "is not a JSON object")
    check_sections(values, str(file))
    return values


def _with_stage(values: Mapping[str, Any], stage: str, file: str | None) -> Mapping[str, Any]:
    stages = values.get("stages", {})
    if stage not in stages:
        raise UnknownStageError(stage, file, tuple(stages))
    return _with_values(values, stages[stage])


def _with_assignment(values: Mapping[str, Any], assignment: str) -> Mapping[str, Any]:
    path, equals, text = assignment.partition("=")
    keys = path.split(".")
    if not equals or not all(keys):
        raise OptionValueError("--set", assignment, "is not an assignment", "--set cloudrun.traffic=25")
    value = json_text.value_or_text(text)
    for key in reversed(keys):
        value = {key: value}
    return _with_values(values, value)


def _with_values(values: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration with others merged in. A secret of theirs replaces a text of the same name, and the other way round."""
    kept = dict(values)
    for kind, other in (("environment", "secrets"), ("secrets", "environment")):
        variables, replaced = values.get(kind), others.get(other)
        # The types are checked when everything is merged.
        if isinstance(variables, dict) and isinstance(replaced, dict):
            kept[kind] = {name: value for name, value in variables.items() if name not in replaced}
    return merged(kept, others)
