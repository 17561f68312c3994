"""Service bindings for a build: temporary directories with certificates and credentials (https://servicebinding.io/spec/core/1.1.0/).

They are in a directory that only this user can read. They themselves are readable, because the build runs as another user.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_IN_CONTAINER = "/platform/bindings"
# Where SELinux is on, a container can read only directories with a label for containers.
_SELINUX = Path("/sys/fs/selinux/enforce")


@dataclass(frozen=True, slots=True)
class Binding:
    """A service binding: its type, which is also its name, and its values by file name."""

    type: str
    values: Mapping[str, bytes]

    def write(self, parent: Path) -> Path:
        """Write the binding to a new directory in `parent`, and return it."""
        directory = parent / self.type
        directory.mkdir(mode=0o755)
        for name, value in {"type": self.type.encode(), **self.values}.items():
            (directory / name).write_bytes(value)
            (directory / name).chmod(0o644)
        directory.chmod(0o755)
        return directory


@contextmanager
def temporary_directory(bindings: Sequence[Binding]) -> Iterator[Path]:
    """Write the bindings to a new directory for the block, and yield it."""
    with TemporaryDirectory(prefix="funcpack-bindings-") as private:
        directory = Path(private) / "bindings"
        directory.mkdir()
        directory.chmod(0o755)
        for binding in bindings:
            binding.write(directory)
        yield directory


def volume_options(directory: Path) -> list[str]:
    """Return the options of `pack build` that mount a directory with bindings."""
    mode = "ro,z" if _SELINUX.exists() else "ro"
    return ["--volume", f"{directory}:{_IN_CONTAINER}:{mode}"]
