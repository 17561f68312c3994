"""The files that the settings of uv name, and uv's configuration files, because what is installed depends on their content.

The list follows https://docs.astral.sh/uv/reference/environment/ and https://docs.astral.sh/uv/concepts/configuration-files/.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from funcpack.errors import OutsideFileError
from funcpack.project import digest, local_paths
from funcpack.project.app_files import exists, is_file, is_inside, is_present, read_toml, shown_path
from funcpack.project.requirements import read_requirements

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_REQUIREMENTS = ("UV_CONSTRAINT", "UV_BUILD_CONSTRAINT", "UV_OVERRIDE", "UV_EXCLUDE")
# Directories of packages; other machines' are asked again only if something else changes, as the index is.
_PLACES = ("UV_FIND_LINKS", "UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_INDEX_URL")


@dataclass(frozen=True, slots=True)
class SettingFiles:
    """The digest of the files, and the reasons why it cannot cover everything."""

    digest: str
    changing: tuple[str, ...]


def read_setting_files(env: Mapping[str, str], app: Path) -> SettingFiles:
    """Read the files that the variables of uv name, relative to the app directory in which uv runs.

    Raises:
        UserError: A file is not readable, or includes a file that does not exist.

    """
    files: list[Path] = [*_configuration_files(env, app)]
    values: dict[str, str] = {}
    changing: list[str] = []
    for name in _REQUIREMENTS:
        for value in env.get(name, "").split():
            path = local_paths.local_path(value, app)
            if path is None:
                changing.append(f"{name} is a URL, whose content may have changed")
            elif is_file(path):
                _check_place(app / value, app)
                found = read_requirements(path, app.resolve(), env)
                files += [*found.files, *found.paths]
                values |= found.values
                changing += found.changing
    files += _places(env, app)
    texts = [f"{name}={value}" for name, value in sorted(values.items())]
    return SettingFiles(digest.text_digest("\n".join([digest.files_digest(files, app), *texts])), tuple(changing))


def _check_place(file: Path, app: Path) -> None:
    """Check that a file which the platform names in the app directory is not a link out of it.

    Raises:
        OutsideFileError: It is.

    """
    if Path(os.path.normpath(file)).is_relative_to(app) and not is_inside(file, app):
        raise OutsideFileError(shown_path(file, app), os.path.realpath(file))


def _places(env: Mapping[str, str], app: Path) -> Iterator[Path]:
    for name in _PLACES:
        # An index may have a name: NAME=URL.
        values = re.split(r"[\s,]+", env.get(name, ""))
        paths = [local_paths.local_path(re.sub(r"^[\w-]+=", "", value), app) for value in values]
        yield from (path for path in paths if path and exists(path))


def _configuration_files(env: Mapping[str, str], app: Path) -> Iterator[Path]:
    """Return the configuration files that uv reads, and the local directories that a uv.toml of the app names."""
    if env.get("UV_NO_CONFIG"):
        return
    if env.get("UV_CONFIG_FILE"):
        file = app / env["UV_CONFIG_FILE"]
        _check_place(file, app)
        yield file
        return
    home = Path(env.get("HOME") or "/")
    user = Path(env.get("XDG_CONFIG_HOME") or home / ".config")
    system = [Path(directory) for directory in (env.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")]
    directories = [*(path / "uv" for path in (user, *system, Path("/etc"))), app, *app.parents]
    candidates = [
        *(directory / "uv.toml" for directory in directories),
        *(path / "pyproject.toml" for path in app.parents),
    ]
    yield from (file for file in candidates if is_file(file))
    yield from local_paths.in_uv_settings(_uv_toml(app), app, app, "uv.toml")


def _uv_toml(app: Path) -> Mapping[str, object]:
    return read_toml(app / "uv.toml", app) if is_present(app / "uv.toml") else {}
