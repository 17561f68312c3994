"""Service bindings: directories with a file `type` and files with values, which the platform mounts for the build.

https://github.com/buildpacks/spec/blob/main/extensions/bindings.md and https://servicebinding.io/spec/core/1.1.0/
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from funcpack.errors import BindingFileError
from funcpack.project.app_files import children, is_file

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
        """Return the text of a file without surrounding whitespace, or None if the file does not exist.

        Raises:
            BindingFileError: The file cannot be read, or it is not UTF-8.

        """
        file = self.path / name
        if not is_file(file):
            return None
        try:
            return self.content(file).decode("utf-8-sig").strip()
        except UnicodeDecodeError:
            raise BindingFileError(self.name, name, "is not encoded in UTF-8") from None

    def content(self, file: Path) -> bytes:
        """Return the content of one of the files.

        Raises:
            BindingFileError: The file cannot be read.

        """
        return _content(self.name, file)

    def files(self) -> list[Path]:
        """Return the files with values, without the hidden files of Kubernetes mounts."""
        descriptions = {"type", "provider"}
        found = (path for path in children(self.path) if is_file(path) and not path.name.startswith("."))
        return [path for path in found if path.name not in descriptions]


def find_bindings(type_: str, platform: Path, environ: Mapping[str, str]) -> list[Binding]:
    """Return the bindings of a type, sorted by name. The case of the type in the binding does not matter.

    Raises:
        BindingFileError: The type of a binding cannot be read.

    """
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
        file = directory / "type"
        if is_file(file):
            # No type that the build knows has characters that are not ASCII.
            type_ = _content(directory.name, file).decode("utf-8-sig", "replace").strip()
            yield Binding(directory.name, type_, directory)


def _content(binding: str, file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as exc:
        raise BindingFileError(binding, file.name, f"cannot be read: {exc.strerror}") from exc
