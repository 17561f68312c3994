"""Service bindings: directories with a file `type` and files with values, which the platform mounts for the build.

https://github.com/buildpacks/spec/blob/main/extensions/bindings.md and https://servicebinding.io/spec/core/1.1.0/
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


# Texts that are shorter occur in other words, too.
_SHORTEST_SECRET = 6
# The log names the index of a binding.
_NOT_SECRET = frozenset({"uri", "url", "host", "username"})


@dataclass(frozen=True, slots=True)
class Binding:
    """A service binding. Its values are never logged, because most of them are secret."""

    name: str
    type: str
    path: Path

    def value(self, name: str) -> str | None:
        """Return the content of a file without surrounding whitespace, or None if the file does not exist."""
        file = self.path / name
        return file.read_text(encoding="utf-8").strip() if file.is_file() else None

    def files(self) -> list[Path]:
        """Return the files with values, without the hidden files of Kubernetes mounts."""
        descriptions = {"type", "provider"}
        found = (path for path in self.path.iterdir() if path.is_file() and not path.name.startswith("."))
        return sorted(path for path in found if path.name not in descriptions)


def find_bindings(type_: str, platform: Path, environ: Mapping[str, str]) -> list[Binding]:
    """Return the bindings of a type, sorted by name. The case of the type in the binding does not matter."""
    return [binding for binding in _all(platform, environ) if binding.type.lower() == type_]


def secret_values(platform: Path, environ: Mapping[str, str]) -> list[str]:
    """Return the lines of all values of all bindings that may be secret, the longest first."""
    lines = {line.strip() for binding in _all(platform, environ) for file in binding.files() for line in _lines(file)}
    return sorted((line for line in lines if len(line) >= _SHORTEST_SECRET), key=len, reverse=True)


def _lines(file: Path) -> list[str]:
    if file.name in _NOT_SECRET:
        return []
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _all(platform: Path, environ: Mapping[str, str]) -> Iterator[Binding]:
    root = Path(environ.get("SERVICE_BINDING_ROOT") or platform / "bindings")
    directories = sorted(root.iterdir()) if root.is_dir() else ()
    for directory in directories:
        try:
            type_ = (directory / "type").read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            continue  # not a service binding
        yield Binding(directory.name, type_, directory)
