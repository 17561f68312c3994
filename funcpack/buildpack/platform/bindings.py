"""Service bindings: directories with a `type` and files that the platform mounts for the build.

https://github.com/buildpacks/spec/blob/main/extensions/bindings.md and https://servicebinding.io/spec/core/1.1.0/
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Binding:
    """One binding; what its files hold is never shown, since most of it is secret."""

    name: str
    type: str
    path: Path

    def value(self, name: str) -> str | None:
        """Return what one of its files holds, without the newline at its end, or None."""
        file = self.path / name
        return file.read_text(encoding="utf-8").strip() if file.is_file() else None

    def files(self) -> list[Path]:
        """Return the files with values; Kubernetes mounts have hidden ones beside them."""
        descriptions = {"type", "provider"}
        found = (path for path in self.path.iterdir() if path.is_file() and not path.name.startswith("."))
        return sorted(path for path in found if path.name not in descriptions)


def of_type(type_: str, platform: Path, environ: Mapping[str, str]) -> list[Binding]:
    """Return the bindings of a type, whatever its case, by name."""
    return [binding for binding in _all(platform, environ) if binding.type.lower() == type_]


def _all(platform: Path, environ: Mapping[str, str]) -> Iterator[Binding]:
    root = Path(environ.get("SERVICE_BINDING_ROOT") or platform / "bindings")
    directories = sorted(root.iterdir()) if root.is_dir() else ()
    for directory in directories:
        try:
            type_ = (directory / "type").read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            continue  # not a binding
        yield Binding(directory.name, type_, directory)
