"""The variables of the programs that a build runs.

They get what the user set, because packages may be built from source and requirements may name variables; but nothing
that redirects Python or uv to other directories, and pip's settings in uv's words.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from funcpack.project.settings import YES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Every exported file is given this time (lifecycle, archive/writer.go); packages that are built from source see it too.
SOURCE_DATE_EPOCH = "315532801"

# Without debugging information, which would name the random directories that uv builds in, and make libraries large. -O2,
# since some build tools take these instead of their own.
_COMPILER_FLAGS = "-O2 -g0"
_DEFAULTS = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "CFLAGS": _COMPILER_FLAGS,
    "CXXFLAGS": _COMPILER_FLAGS,
}

# Whatever is not in this table and begins with UV_ is about the developer's machine: caches, environments, output.
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
    """Return whole seconds, which uv wants and pip does not; what is no number stays for uv to refuse."""
    number = re.fullmatch(r"(\d+)\.\d*", text)
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

# These say which interpreter, environment or shared libraries are used; the build decides that.
_LEFT_OUT = frozenset({"VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV", "__PYVENV_LAUNCHER__", "LD_PRELOAD"})
_LEFT_OUT_PREFIXES = ("PYTHON", "PIP_", "UV_")

# A password may have an @ in it, and by mistake a slash, but for which a port comes before it.
_CREDENTIALS = re.compile(r"(?<=://)(?:[^/\s]+|[^/\s:@]+:(?!\d+/|//)\S+)@")
# An address that lacks its scheme is none, which uv says with all of it.
_CREDENTIALS_ALONE = re.compile(r"(?<![\w/:.%+-])[\w.%+-]+:[^\s/@]+@(?=[\w\[])")
# Storage gives out addresses that are signed in their query.
_QUERY = re.compile(r"(://[^\s?#,]+\?)[^\s#,`'\")]+")


def of_build(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for uv and for whatever it runs."""
    env = {name: value for name, value in variables.items() if _is_kept(name)}
    for name, (uv_name, convert) in _PIP_SETTINGS.items():
        value = variables.get(name, "").strip()
        if value and uv_name not in env:
            env[uv_name] = convert(value)
    return {**_DEFAULTS, **env, "SOURCE_DATE_EPOCH": SOURCE_DATE_EPOCH}


def pip_arguments(variables: Mapping[str, str]) -> list[str]:
    """Return pip's settings for which uv has options only."""
    arguments = ["--no-index"] if is_on(variables.get("PIP_NO_INDEX", "")) else []
    for option in ("no-binary", "only-binary"):
        value = variables.get(f"PIP_{option.upper().replace('-', '_')}", "").replace(",", " ")
        arguments += [f"--{option}={package}" for package in value.split()]
    return arguments


def of_interpreter() -> dict[str, str]:
    """Return the variables for Python itself, when it does our work: none of the user's."""
    return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "SOURCE_DATE_EPOCH": SOURCE_DATE_EPOCH}


def of_index(env: Mapping[str, str]) -> str:
    """Return the settings that decide what is installed, without credentials, as one text."""
    names = sorted(name for name in env if name.startswith("UV_") and not name.endswith(("_USERNAME", "_PASSWORD")))
    return "\n".join(f"{name}={without_credentials(env[name])}" for name in names if "CONCURRENT" not in name)


def without_credentials(text: str) -> str:
    """Return a text whose URLs have no user, no password and no query."""
    return _QUERY.sub(r"\1***", _CREDENTIALS_ALONE.sub("***@", _CREDENTIALS.sub("***@", text)))


def is_on(text: str) -> bool:
    """Tell if a switch says yes, as pip reads it."""
    return text.strip().lower() in YES


def _is_kept(name: str) -> bool:
    if name in _UV_SETTINGS or name.startswith(_UV_INDEX_PREFIX):
        return True
    return name not in _LEFT_OUT and not name.startswith(_LEFT_OUT_PREFIXES)
