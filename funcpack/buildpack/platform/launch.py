"""Writes launch.toml, the processes and labels of an image, and the files of its environment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from funcpack.buildpack.platform import toml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Process:
    """A process of the image. The platform appends its arguments to the command.

    `working_directory` is None for the app directory.
    """

    type: str
    command: Sequence[str]
    default: bool
    working_directory: Path | None = None

    def to_table(self) -> dict[str, object]:
        """Return the process in the form of launch.toml."""
        table = {"type": self.type, "command": list(self.command), "args": [], "default": self.default}
        return table | ({"working-dir": str(self.working_directory)} if self.working_directory else {})


@dataclass(frozen=True, slots=True)
class Launch:
    """The processes and labels of the image."""

    processes: Sequence[Process]
    labels: Mapping[str, str] = field(default_factory=dict)

    def write(self, layers: Path) -> None:
        """Write launch.toml."""
        processes = [process.to_table() for process in self.processes]
        labels = [{"key": key, "value": value} for key, value in sorted(self.labels.items())]
        content = {"processes": processes, "labels": labels}
        (layers / "launch.toml").write_text(toml.dumps(content), encoding="utf-8")


def write_env_files(directory: Path, files: Mapping[str, str]) -> None:
    """Write environment files such as `PORT.default`, without a newline at the end, which would be part of the value."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, value in files.items():
        (directory / name).write_text(value, encoding="utf-8", newline="")
