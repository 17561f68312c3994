"""Virtual environments in layers: what is the same for the invoker's and the function's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from funcpack.buildpack.install.interpreter import Interpreter


@dataclass(frozen=True, slots=True)
class Virtualenv:
    """A virtual environment in the directory `venv` of a layer.

    It is not the layer itself: the launcher would put a `lib` there on LD_LIBRARY_PATH.
    """

    layer: Path
    interpreter: Interpreter

    @property
    def path(self) -> Path:
        """Its directory."""
        return self.layer / "venv"

    @property
    def python(self) -> Path:
        """Its interpreter, as processes name it."""
        return self.path / "bin" / "python"

    @property
    def site_packages(self) -> Path:
        """Where its packages are."""
        major, minor = self.interpreter.numbers[:2]
        return self.path / "lib" / f"python{major}.{minor}" / "site-packages"

    def make(self) -> None:
        """Make it, without packages: what `python -m venv` makes apart from scripts for interactive shells.

        uv makes one too, in 60 ms, in which it asks the interpreter what is known here.
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
            "version": self.interpreter.version,
        }
        text = "".join(f"{name} = {value}\n" for name, value in settings.items())
        (self.path / "pyvenv.cfg").write_text(text, encoding="utf-8")

    def drop_traces_of_build(self) -> None:
        """Remove uv's notes of when a package's file was last changed, and its lock, which anybody might write to."""
        import csv  # noqa: PLC0415 - slow, and most builds use the last one's layers

        from funcpack.buildpack.install import distributions  # noqa: PLC0415 - which imports this module

        (self.path / ".lock").unlink(missing_ok=True)
        for note in self.site_packages.glob("*.dist-info/uv_cache.json"):
            note.unlink()
            path = f"{note.parent.name}/{note.name}"
            rows = [row for row in distributions.record(note.parent) if row[0] != path]
            with note.with_name("RECORD").open("w", encoding="utf-8", newline="") as stream:
                csv.writer(stream, lineterminator="\n").writerows(rows)


def normalized(name: str) -> str:
    """Return the name of a package as the index has it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()
