"""Translates hints of uv for its command line, which users of a build do not have, to the variables that they can set."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from funcpack.buildpack.install.environment import is_uv_setting

if TYPE_CHECKING:
    from collections.abc import Iterator

_OPTION = re.compile(r"`--(?P<name>[a-z][a-z-]*)(?:[= ](?P<value>[^`\s]+))?`")
_IS_HINT = re.compile(r"\bhint\b|\btry:|\buse `--|\bconsider\b", re.IGNORECASE)
_NAMES = {"allow-insecure-host": "UV_INSECURE_HOST", "native-tls": "UV_SYSTEM_CERTS", "pre": "UV_PRERELEASE"}
_VALUES = {"allow-insecure-host": "HOST", "pre": "allow", "find-links": "URL", "default-index": "URL", "index": "URL"}
_PHRASES = (
    # The build sets the variables for these two options of requirements.txt.
    (re.compile(r"warning: Ignoring unsupported option in .*: `--(pre|trusted-host)`.*"), ""),
    (
        re.compile(r"(warning: Ignoring unsupported option in .*?) \(hint: pass `--\S+` on the command line instead\)"),
        r"\1",
    ),
    (
        re.compile(r"Update `uv` by running `uv self update`\."),
        "uv is part of the buildpack: relax `required-version`, or use another release of the buildpack.",
    ),
)


def translated(line: str) -> Iterator[str]:
    """Return the line to show for a line of uv's output; none if the build has done what the line asks for."""
    for pattern, replacement in _PHRASES:
        shown = pattern.sub(replacement, line)
        if line and not shown:
            return
        line = shown
    yield _OPTION.sub(_variable, line) if _IS_HINT.search(line) else line


def _variable(match: re.Match[str]) -> str:
    name = match["name"]
    variable = _NAMES.get(name) or f"UV_{name.upper().replace('-', '_')}"
    return f"`{variable}={match['value'] or _VALUES.get(name, '1')}`" if is_uv_setting(variable) else match[0]
