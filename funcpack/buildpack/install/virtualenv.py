"""Virtual environments in layers, for the invoker and for the function, and on a developer's machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcpack.buildpack.install import distributions

if TYPE_CHECKING:
    from pathlib import Path

    from funcpack.buildpack.install.interpreter import Interpreter


@dataclass(frozen=True, slots=True)
class Virtualenv:
    """A virtual environment in the directory `venv` of a layer.

    The layer itself cannot be the environment, because the launcher would put its `lib` on LD_LIBRARY_PATH. The scripts of an
    environment that is relocatable find their interpreter after a move.
    """

    layer: Path
    interpreter: Interpreter
    is_relocatable: bool = False

    @property
    def path(self) -> Path:
        """The directory of the environment."""
        return self.layer / "venv"

    @property
    def python(self) -> Path:
        """The interpreter of the environment."""
        return self.path / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        """The directory of the packages."""
        major, minor = self.interpreter.numbers[:2]
        threads = "t" if self.interpreter.is_free_threaded else ""
        return self.path / "lib" / f"python{major}.{minor}{threads}" / "site-packages"

    def create(self) -> None:
        """Create the environment without packages, as `python -m venv` does, but without scripts for interactive shells.

        uv can create environments, too, but runs the interpreter to learn what is already known here.
        """
        self.site_packages.mkdir(parents=True)
        self.python.parent.mkdir()
        (self.path / "lib64").symlink_to("lib")
        self.python.symlink_to(self.interpreter.path)
        for name in ("python3", self.site_packages.parent.name):
            self.python.with_name(name).symlink_to("python")
        settings = {
            "home": self.interpreter.path.parent,
            "include-system-site-packages": "false",
            "version": self.interpreter.version.removesuffix("t"),
            **({"relocatable": "true"} if self.is_relocatable else {}),
        }
        text = "".join(f"{name} = {value}\n" for name, value in settings.items())
        (self.path / "pyvenv.cfg").write_text(text, encoding="utf-8")

    def remove_traces_of_uv(self) -> None:
        """Remove uv's notes from the environment."""
        remove_traces_of_uv(self.site_packages, self.path / ".lock")


def remove_traces_of_uv(site_packages: Path, lock: Path) -> None:
    """Remove uv's notes on the modification times of packages, and its lock, which every user may write to."""
    import csv  # noqa: PLC0415 - slow, and most builds reuse the layers of the last build

    lock.unlink(missing_ok=True)
    for note in site_packages.glob("*.dist-info/uv_cache.json"):
        note.unlink()
        path = f"{note.parent.name}/{note.name}"
        rows = [row for row in distributions.record(note.parent) if row[0] != path]
        with note.with_name("RECORD").open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows(rows)
