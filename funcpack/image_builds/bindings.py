"""Service bindings for a build: temporary directories with certificates and credentials (https://servicebinding.io/spec/core/1.1.0/).

The directories are in one that only this user can read. They themselves are readable, because the build runs as another user.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

IN_CONTAINER = "/platform/bindings"
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
def temporary_volumes(bindings: Sequence[Binding]) -> Iterator[list[str]]:
    """Write the bindings for the block, and yield the options of `pack build` that mount them."""
    mode = "ro,z" if _SELINUX.exists() else "ro"
    with TemporaryDirectory(prefix="funcpack-bindings-") as directory:
        parent = Path(directory)
        parent.chmod(0o700)
        written = [binding.write(parent) for binding in bindings]
        yield [part for path in written for part in ("--volume", f"{path}:{IN_CONTAINER}/{path.name}:{mode}")]
