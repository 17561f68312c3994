"""The variables for uv on a developer's machine: those of a build, and the user's own configuration of uv and pip."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from funcpack.check.other_python import search_path
from funcpack.command_errors import NoUvError
from funcpack.environments import cache

if TYPE_CHECKING:
    from collections.abc import Mapping

# A build has a cache and interpreters of its own, and a developer has those of all projects.
_OF_MACHINE = frozenset(
    {
        "UV_CACHE_DIR",
        "UV_LINK_MODE",
        "UV_PYTHON_BIN_DIR",
        "UV_PYTHON_CACHE_DIR",
        "UV_PYTHON_DOWNLOADS",
        "UV_PYTHON_INSTALL_DIR",
        "UV_PYTHON_PREFERENCE",
    }
)
_OF_DOWNLOADS = ("UV_HTTP_", "UV_OFFLINE", "UV_REQUEST_TIMEOUT")
# https://pip.pypa.io/en/stable/topics/configuration/: later files take precedence.
_GLOBAL_FILES = (Path("/etc/xdg/pip/pip.conf"), Path("/etc/pip.conf"))


def uv_variables(of_project: Mapping[str, str], environ: Mapping[str, str], cache_directory: Path) -> dict[str, str]:
    """Return the variables for uv: those of a build of the project, and those of this machine."""
    of_machine = {name: environ[name] for name in _OF_MACHINE if name in environ}
    env = {**of_project, **of_machine, "PATH": search_path(environ)}
    # pip and other programs trust the authorities of the system; by default uv does not.
    if "UV_SYSTEM_CERTS" not in env and "UV_NATIVE_TLS" not in env:
        env["UV_SYSTEM_CERTS"] = "1"
    if cache.is_temporary(cache_directory) and "UV_CACHE_DIR" not in env:
        env["UV_CACHE_DIR"] = str(cache_directory / "uv")
    return env


def with_effect(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables without those that change only how packages are downloaded."""
    return {name: value for name, value in variables.items() if not name.startswith(_OF_DOWNLOADS)}


def pip_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the settings in pip's configuration files as the variables that pip reads, which take precedence over them."""
    import configparser  # noqa: PLC0415 - slow

    found: dict[str, str] = {}
    for file in _pip_files(environ):
        parser = configparser.RawConfigParser(strict=False)
        try:
            parser.read_string(file.read_text(encoding="utf-8"))
        except (OSError, ValueError, configparser.Error):
            continue  # it does not exist, or pip cannot read it either
        for section in ("global", "install"):
            if parser.has_section(section):
                found |= {_variable(name): value for name, value in parser.items(section)}
    return found


def _variable(name: str) -> str:
    return f"PIP_{name.upper().replace('-', '_')}"


def _pip_files(environ: Mapping[str, str]) -> list[Path]:
    chosen = environ.get("PIP_CONFIG_FILE")
    if chosen == os.devnull:
        return []
    home = Path(environ.get("HOME", "/"))
    of_user = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    return [
        *_GLOBAL_FILES,
        home / ".pip" / "pip.conf",
        of_user / "pip" / "pip.conf",
        *([Path(chosen)] if chosen else []),
    ]


def uv_executable() -> Path:
    """Return the uv that is installed together with the tool.

    Raises:
        NoUvError: It is not installed.

    """
    import uv  # noqa: PLC0415 - needed only here

    try:
        return Path(uv.find_uv_bin())
    except FileNotFoundError as exc:
        raise NoUvError from exc
