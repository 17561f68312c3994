from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from tools import builder, cnb
from tools.places import DIST
from tools.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("module", "dependency"),
    [(cnb.PACK_MODULE, "github.com/buildpacks/pack"), (cnb.LIFECYCLE_MODULE, "github.com/buildpacks/lifecycle")],
    ids=["pack", "lifecycle"],
)
def test_the_go_modules_pin_the_tools(module: Path, dependency: str) -> None:
    major, minor, patch = cnb.pinned_version(module, dependency).split(".")

    assert major.isdigit()
    assert minor.isdigit()
    assert patch.isdigit()


def test_modules_that_pack_and_the_lifecycle_share_are_compiled_once() -> None:
    pack, lifecycle = requirements(cnb.PACK_MODULE), requirements(cnb.LIFECYCLE_MODULE)

    different = {name for name in pack.keys() & lifecycle.keys() if pack[name] != lifecycle[name]}

    # These are pack's choices: it does not compile with others, or is released with its own lifecycle.
    assert different == {
        "github.com/BurntSushi/toml",
        "github.com/buildpacks/imgutil",
        "github.com/buildpacks/lifecycle",
    }


def requirements(module: Path) -> dict[str, str]:
    lines = (module / "go.mod").read_text().splitlines()
    return dict(line.split()[:2] for line in lines if line.startswith("\t") and " v" in line)


def test_an_unpinned_dependency_is_a_fault() -> None:
    with pytest.raises(LookupError, match=r"go\.mod does not require example\.com/other"):
        cnb.pinned_version(cnb.PACK_MODULE, "example.com/other")


@pytest.mark.parametrize(
    ("output", "is_taken"),
    [
        ("0.39.1\\n", True),
        ("v0.40.6+git-4a2e5b1.build-6789\\n", True),
        ("1.0.0\\n", True),
        ("0.39.0\\n", False),
        ("0.9.2\\n", False),
        ("unknown\\n", False),
    ],
)
def test_the_pack_of_the_user_is_taken_if_it_is_new_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str, is_taken: bool
) -> None:
    program = tmp_path / "pack"
    program.write_text(f"#!/bin/sh\nprintf '{output}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert cnb.find_pack() == (str(program) if is_taken else None)


def test_without_a_pack_on_path_none_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    assert cnb.find_pack() is None


def test_without_go_the_lifecycle_is_left_to_pack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(builder, "DIST", tmp_path)
    progress = Progress(tmp_path / "log")
    with progress.step("lifecycle") as step:
        cnb.ensure_lifecycle(progress, step, "amd64", DIST / "no-such-architecture" / "lifecycle")
    config = tomllib.loads(builder.config_with_released_lifecycle().read_text())
    assert "left to pack, because there is no Go" in capsys.readouterr().out
    assert config["lifecycle"] == {
        "version": cnb.pinned_version(cnb.LIFECYCLE_MODULE, "github.com/buildpacks/lifecycle")
    }
    assert config["buildpacks"] == [{"uri": "prepared"}]
