"""The environment variables of the programs that a build runs.

They include the user's variables, because packages may be built from source and requirements files may refer to variables.
Variables that redirect Python or uv to other directories are left out, and pip's settings are translated for uv.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from funcpack.buildpack.install.redaction import without_credentials
from funcpack.project.settings import YES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# The lifecycle exports every file with this time (archive/writer.go). Builds of packages from source see the same time.
SOURCE_DATE_EPOCH = "315532801"

# Debugging information would contain the random directories that uv builds in, and would make libraries large. -O2 is here
# because some build tools replace their own flags with these.
_COMPILER_FLAGS = "-O2 -g0"
_DEFAULTS = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "CFLAGS": _COMPILER_FLAGS,
    "CXXFLAGS": _COMPILER_FLAGS,
}

# Other variables that begin with UV_ configure a developer's machine: caches, environments, output.
_UV_SETTINGS = frozenset(
    "UV_" + name
    for name in [
        "BUILD_CONSTRAINT",
        "CONCURRENT_BUILDS",
        "CONCURRENT_DOWNLOADS",
        "CONCURRENT_INSTALLS",
        "CONFIG_FILE",
        "CONSTRAINT",
        "DEFAULT_INDEX",
        "EXCLUDE",
        "EXCLUDE_NEWER",
        "EXTRA_INDEX_URL",
        "FIND_LINKS",
        "FORK_STRATEGY",
        "GIT_LFS",
        "HTTP_CONNECT_TIMEOUT",
        "HTTP_RETRIES",
        "HTTP_TIMEOUT",
        "INDEX",
        "INSECURE_HOST",
        "KEYRING_PROVIDER",
        "NATIVE_TLS",
        "NO_BINARY",
        "NO_BINARY_PACKAGE",
        "NO_BUILD",
        "NO_BUILD_ISOLATION",
        "NO_BUILD_PACKAGE",
        "NO_CONFIG",
        "NO_SOURCES",
        "NO_VERIFY_HASHES",
        "OFFLINE",
        "OVERRIDE",
        "PRERELEASE",
        "PYTHON_DOWNLOADS_JSON_URL",
        "PYTHON_INSTALL_MIRROR",
        "REQUEST_TIMEOUT",
        "REQUIRE_HASHES",
        "RESOLUTION",
        "SYSTEM_CERTS",
        "TORCH_BACKEND",
        "VERIFY_HASHES",
    ]
)
_UV_INDEX_PREFIX = "UV_INDEX_"  # UV_INDEX_URL, UV_INDEX_STRATEGY, and UV_INDEX_<NAME>_USERNAME and _PASSWORD


def _seconds(text: str) -> str:
    """Round seconds up to an integer, because uv does not accept fractions. Other texts are left for uv to reject."""
    number = re.fullmatch(r"(\d{1,9})\.\d*", text)
    return str(int(number[1]) + 1) if number else text


_PIP_SETTINGS: dict[str, tuple[str, Callable[[str], str]]] = {
    "PIP_INDEX_URL": ("UV_DEFAULT_INDEX", str),
    "PIP_EXTRA_INDEX_URL": ("UV_INDEX", str),
    "PIP_TRUSTED_HOST": ("UV_INSECURE_HOST", str),
    "PIP_FIND_LINKS": ("UV_FIND_LINKS", lambda text: ",".join(text.split())),
    "PIP_CONSTRAINT": ("UV_CONSTRAINT", str),
    "PIP_BUILD_CONSTRAINT": ("UV_BUILD_CONSTRAINT", str),
    "PIP_REQUIRE_HASHES": ("UV_REQUIRE_HASHES", str),
    "PIP_KEYRING_PROVIDER": ("UV_KEYRING_PROVIDER", str),
    "PIP_DEFAULT_TIMEOUT": ("UV_HTTP_TIMEOUT", _seconds),
    "PIP_TIMEOUT": ("UV_HTTP_TIMEOUT", _seconds),
    "PIP_RETRIES": ("UV_HTTP_RETRIES", str),
    "PIP_PROXY": ("ALL_PROXY", str),
    "PIP_CERT": ("SSL_CERT_FILE", str),
    "PIP_CLIENT_CERT": ("SSL_CLIENT_CERT", str),
    "PIP_PRE": ("UV_PRERELEASE", lambda text: "allow" if is_on(text) else "if-necessary-or-explicit"),
}

_FORMATS = {
    "PIP_NO_BINARY": "no-binary",
    "UV_NO_BINARY_PACKAGE": "no-binary",
    "PIP_ONLY_BINARY": "only-binary",
    "UV_NO_BUILD_PACKAGE": "only-binary",
}

# Variables that build backends take the version of a package from, as SETUPTOOLS_SCM_PRETEND_VERSION.
_VERSION = re.compile(r"_VERSION(_FOR_|$)")

# The build decides which interpreter, environment and shared libraries are used.
_LEFT_OUT = frozenset({"VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "__PYVENV_LAUNCHER__", "LD_PRELOAD"})
_LEFT_OUT_PREFIXES = ("PYTHON", "PIP_", "UV_")


def build_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for uv and the programs that it runs, from all variables of the build."""
    env = {name: value for name, value in variables.items() if _is_kept(name)}
    if is_on(env.get("UV_NO_BUILD", "")):
        env.pop("UV_NO_BINARY_PACKAGE", None)  # `uv sync` builds these packages in spite of UV_NO_BUILD
    for name, (uv_name, convert) in _PIP_SETTINGS.items():
        value = variables.get(name, "").strip()
        if value and uv_name not in env:
            env[uv_name] = convert(value)
    return {**_DEFAULTS, **env, "SOURCE_DATE_EPOCH": SOURCE_DATE_EPOCH}


def pip_arguments(variables: Mapping[str, str]) -> list[str]:
    """Return the options of `uv pip` for those settings of pip and uv that it reads no variable for."""
    arguments = ["--no-index"] if is_on(variables.get("PIP_NO_INDEX", "")) else []
    if is_on(variables.get("UV_NO_BUILD", "")):
        # uv builds editable packages in any case, and rejects --no-build together with options for single packages.
        return [*arguments, "--no-build", "--no-editable"]
    arguments += ["--no-binary=:all:"] if is_on(variables.get("UV_NO_BINARY", "")) else []
    for name, option in _FORMATS.items():
        value = variables.get(name, "").replace(",", " ")
        arguments += [f"--{option}={package}" for package in value.split()]
    return arguments


def interpreter_variables() -> dict[str, str]:
    """Return the variables for a Python that runs the buildpack's own code: none of the user's."""
    return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "SOURCE_DATE_EPOCH": SOURCE_DATE_EPOCH}


def index_settings(env: Mapping[str, str]) -> str:
    """Return the settings that affect which packages are installed as one text, without credentials."""
    names = sorted(name for name in env if name.startswith("UV_") and not name.endswith(("_USERNAME", "_PASSWORD")))
    return "\n".join(f"{name}={without_credentials(env[name])}" for name in names if "CONCURRENT" not in name)


def build_settings(uv_env: Mapping[str, str]) -> str:
    """Return the settings that affect how packages are built from source: those of uv, and the versions of dynamic packages."""
    names = sorted(name for name in uv_env if _VERSION.search(name))
    return "\n".join([index_settings(uv_env), *(f"{name}={uv_env[name]}" for name in names)])


def is_on(text: str) -> bool:
    """Check whether a switch of pip is on."""
    return text.strip().lower() in YES


def is_uv_setting(name: str) -> bool:
    """Check whether a variable of the user is passed on to uv."""
    return name in _UV_SETTINGS or name.startswith(_UV_INDEX_PREFIX)


def _is_kept(name: str) -> bool:
    return is_uv_setting(name) or (name not in _LEFT_OUT and not name.startswith(_LEFT_OUT_PREFIXES))
