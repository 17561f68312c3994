"""The settings of this machine that a build needs, too: of the function, of pip and of uv, without paths and credentials.

Settings come from options, variables, and the configuration files of uv and pip, in this order of precedence. What concerns only
this machine, such as caches, is left out.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from funcpack.environments.settings import pip_variables
from funcpack.image_builds.credentials import Credentials, Login, read_netrc
from funcpack.project.app_files import as_table, as_tables, parse_toml
from funcpack.project.setting_paths import REQUIREMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_OF_FUNCTION = ("PYTHON_HANDLER", "BP_FUNCTION", "BP_PYTHON_VERSION", "BP_CHECK_IMPORT")
_DEFAULT_INDEX = ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL")
_OTHER_INDEXES = ("UV_INDEX", "UV_EXTRA_INDEX_URL", "PIP_EXTRA_INDEX_URL")
_FIND_LINKS = ("UV_FIND_LINKS", "PIP_FIND_LINKS")
_MIRRORS = ("UV_PYTHON_INSTALL_MIRROR", "UV_PYTHON_DOWNLOADS_JSON_URL")
_WITH_URLS = frozenset({*_DEFAULT_INDEX, *_OTHER_INDEXES, *_FIND_LINKS, *_MIRRORS})
# Their values name files or directories, which the build has only if they are in the app.
_WITH_PATHS = frozenset(
    {
        *_FIND_LINKS,
        *_MIRRORS,
        *REQUIREMENTS,
    }
)
_PASSED_ON = frozenset(
    {
        *_OF_FUNCTION,
        *_WITH_URLS,
        *_WITH_PATHS,
        *(f"PIP_{name}" for name in ("DEFAULT_TIMEOUT", "NO_BINARY", "NO_INDEX", "ONLY_BINARY", "PRE", "PROXY")),
        *(f"PIP_{name}" for name in ("REQUIRE_HASHES", "RETRIES", "TIMEOUT", "TRUSTED_HOST")),
        *(f"UV_{name}" for name in ("EXCLUDE_NEWER", "FORK_STRATEGY", "GIT_LFS", "HTTP_CONNECT_TIMEOUT")),
        *(f"UV_{name}" for name in ("HTTP_RETRIES", "HTTP_TIMEOUT", "INDEX_STRATEGY", "INSECURE_HOST", "NO_BINARY")),
        *(f"UV_{name}" for name in ("NO_BINARY_PACKAGE", "NO_BUILD", "NO_BUILD_ISOLATION", "NO_BUILD_PACKAGE")),
        *(f"UV_{name}" for name in ("NO_CONFIG", "NO_SOURCES", "NO_VERIFY_HASHES", "PRERELEASE", "REQUEST_TIMEOUT")),
        *(f"UV_{name}" for name in ("REQUIRE_HASHES", "RESOLUTION", "TORCH_BACKEND", "VERIFY_HASHES")),
    }
)
_OF_INDEX = re.compile(r"UV_INDEX_(?P<index>\w+)_(?:USERNAME|PASSWORD)")
# The settings in uv.toml by their variables: https://docs.astral.sh/uv/reference/settings/
_UV_FILE = {
    "index-url": "UV_INDEX_URL",
    "extra-index-url": "UV_EXTRA_INDEX_URL",
    "find-links": "UV_FIND_LINKS",
    "index-strategy": "UV_INDEX_STRATEGY",
    "allow-insecure-host": "UV_INSECURE_HOST",
    "python-install-mirror": "UV_PYTHON_INSTALL_MIRROR",
}
_SYSTEM_UV_FILES = (Path("/etc/xdg/uv/uv.toml"), Path("/etc/uv/uv.toml"))


@dataclass(frozen=True, slots=True)
class BuildSettings:
    """What a build takes over from this machine: variables without secrets, and credentials.

    `options` are the user's other variables for this build, as NAME=VALUE or NAME. `left_out` names variables that are not
    passed on, because their values are paths of this machine.
    """

    variables: Mapping[str, str]
    credentials: Credentials
    options: Sequence[str]
    left_out: Sequence[str]

    @property
    def urls(self) -> list[str]:
        """Return the URLs of all places of packages."""
        words = [word for name in sorted(_WITH_URLS) for word in _words(self.variables.get(name, ""))]
        default = [self.credentials.default_index] if self.credentials.default_index else []
        return [*default, *(word.partition("=")[2] if _is_named(word) else word for word in words)]


def read_settings(
    environ: Mapping[str, str], options: Sequence[str], app: Path, *, has_bindings: bool = True
) -> BuildSettings:
    """Read the settings of this machine for a build of `app`.

    `options` are the variables that the user sets for this build, as NAME=VALUE, or NAME for the value in `environ`.
    """
    chosen = option_values(environ, options)
    merged = _merged((pip_variables(environ), _uv_file(environ), environ, chosen))
    local = {name for name in _WITH_PATHS & merged.keys() - chosen.keys() if not _is_portable(merged[name], app)}
    netrc = _netrc_file(environ) if has_bindings else None
    credentials = Credentials(has_bindings, netrc, read_netrc(netrc))
    variables = {
        name: credentials.separate(value, is_default=name in _DEFAULT_INDEX) if name in _WITH_URLS else value
        for name, value in merged.items()
        if name in _PASSED_ON - local
    }
    if credentials.default_index:
        variables = {name: value for name, value in variables.items() if name not in _DEFAULT_INDEX}
    variables |= _separate_named({**environ, **chosen}, variables.get("UV_INDEX", ""), app, credentials)
    others = [option for option in options if not _is_setting(option.partition("=")[0])]
    return BuildSettings(variables, credentials, others, sorted(local))


def option_values(environ: Mapping[str, str], options: Iterable[str]) -> dict[str, str]:
    """Return the variables in options by name."""
    parts = (option.partition("=") for option in options)
    return {name: value if separator else environ.get(name, "") for name, separator, value in parts}


def _is_setting(name: str) -> bool:
    return name in _PASSED_ON or _OF_INDEX.fullmatch(name) is not None


def _merged(layers: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return all variables. The same setting of pip and uv counts once, in the last layer that has one of them."""
    merged: dict[str, str] = {}
    for layer in layers:
        found = {name: value.strip() for name, value in layer.items() if value.strip()}
        for group in (_DEFAULT_INDEX, _OTHER_INDEXES, _FIND_LINKS):
            if found.keys() & set(group):
                merged = {name: value for name, value in merged.items() if name not in group}
        merged |= found
    first = next((name for name in _DEFAULT_INDEX if name in merged), None)
    return {name: value for name, value in merged.items() if name == first or name not in _DEFAULT_INDEX}


def _separate_named(environ: Mapping[str, str], indexes: str, app: Path, credentials: Credentials) -> Mapping[str, str]:
    """Add the logins of indexes that variables name, and return those variables whose index is not known here."""
    urls = {_variable_part(name): url for name, url in _named_indexes(indexes, app)}
    kept: dict[str, str] = {}
    for index in sorted({match["index"] for name in environ if (match := _OF_INDEX.fullmatch(name))}):
        names = (f"UV_INDEX_{index}_USERNAME", f"UV_INDEX_{index}_PASSWORD")
        login = Login(*(environ.get(name, "") for name in names))
        if index not in urls or not credentials.add(urls[index], login):
            kept |= {name: environ[name] for name in names if environ.get(name)}
    return kept


def _named_indexes(indexes: str, app: Path) -> list[tuple[str, str]]:
    words = [word.partition("=") for word in _words(indexes) if _is_named(word)]
    tables = as_tables(as_table(as_table(_toml(app / "pyproject.toml").get("tool")).get("uv")).get("index"))
    return [(name, url) for name, _, url in words] + [(str(item.get("name")), str(item.get("url"))) for item in tables]


def _variable_part(name: str) -> str:
    return re.sub(r"\W", "_", name.upper())


def _uv_file(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the settings in the user's configuration of uv as variables; without one, those of the system's."""
    home = Path(environ.get("HOME", "/"))
    of_user = Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "uv" / "uv.toml"
    chosen = environ.get("UV_CONFIG_FILE")
    files = [Path(chosen)] if chosen else [of_user, *_SYSTEM_UV_FILES]
    if environ.get("UV_NO_CONFIG"):
        return {}
    file = next((file for file in files if file.is_file()), None)
    content = _toml(file) if file else {}
    of_pip = as_table(content.get("pip"))
    found = {variable: _joined(content.get(name, of_pip.get(name))) for name, variable in _UV_FILE.items()}
    indexes = [item for item in as_tables(content.get("index")) if item.get("url") and not item.get("explicit")]
    found["UV_DEFAULT_INDEX"] = " ".join(str(item["url"]) for item in indexes if item.get("default"))
    found["UV_INDEX"] = " ".join(_word(item) for item in indexes if not item.get("default"))
    return {name: value for name, value in found.items() if value}


def _word(index: Mapping[str, object]) -> str:
    """Return an index as a word of UV_INDEX."""
    return f"{index['name']}={index['url']}" if index.get("name") else str(index["url"])


def _joined(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _toml(file: Path) -> Mapping[str, object]:
    """Return the content of a file, or nothing; uv and the static check report what is wrong with it."""
    try:
        return parse_toml(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _netrc_file(environ: Mapping[str, str]) -> Path | None:
    file = Path(environ.get("NETRC") or Path(environ.get("HOME", "/")) / ".netrc")
    return file if file.is_file() and os.access(file, os.R_OK) else None


def _is_portable(value: str, app: Path) -> bool:
    """Check whether the build has all files and directories that a setting names."""
    return all("://" in word or (not Path(word).is_absolute() and (app / word).exists()) for word in _words(value))


def _is_named(word: str) -> bool:
    """Check whether the word names an index: name=https://pypi.example.com/simple."""
    return "=" in word.partition("://")[0]


def _words(value: str) -> list[str]:
    return value.replace(",", " ").split()
