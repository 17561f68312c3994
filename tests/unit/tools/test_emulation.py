"""How a machine learns to run programs for another architecture. Stubs stand for the programs that change a machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tools import emulation
from tools.errors import ToolError
from tools.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

DESCRIPTION = ":qemu-aarch64:M::..."


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with apt-get and an empty binfmt_misc, whose `arch-test` succeeds as soon as an emulator is registered."""
    for name, text in {
        "bin/apt-get": f"echo $* >> {tmp_path}/installed",
        "bin/arch-test": f"[ -s {tmp_path}/misc/register ]",
        "misc/register": "",
        "formats/qemu-aarch64.conf": DESCRIPTION,
    }.items():
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"#!/bin/sh\n{text}\n" if file.parent.name == "bin" else text)
        file.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(emulation, "MISC", tmp_path / "misc")
    monkeypatch.setattr(emulation, "FORMATS", tmp_path / "formats")
    return tmp_path


def test_emulator_is_installed_and_registered(machine: Path) -> None:
    emulation.ensure(Progress(machine / "log"), "arm64")

    assert (machine / "misc" / "register").read_text() == DESCRIPTION
    assert "install -y -q --no-install-recommends qemu-user-static\n" in (machine / "installed").read_text()


def test_machine_that_runs_the_programs_is_left_alone(machine: Path) -> None:
    (machine / "misc" / "register").write_text("registered")

    emulation.ensure(Progress(machine / "log"), "arm64")

    assert (machine / "misc" / "register").read_text() == "registered"
    assert not (machine / "installed").exists()


def test_kernel_that_accepts_no_emulator_stops_with_the_remedy(machine: Path) -> None:
    (machine / "bin" / "arch-test").write_text("#!/bin/sh\nexit 1\n")

    with pytest.raises(ToolError) as raised:
        emulation.ensure(Progress(machine / "log"), "arm64")

    assert str(raised.value) == (
        "error: this machine does not run programs for arm64\n\n"
        "`arch-test` does not find an emulator in /proc/sys/fs/binfmt_misc, and the kernel does not let this process register"
        " one.\n\n"
        "What to do: run the command on a machine whose kernel has binfmt_misc, or name only this machine's architecture, for"
        " example: make publish ARCHITECTURES=amd64 REGISTRY=..."
    )
