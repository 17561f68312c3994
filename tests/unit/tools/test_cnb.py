from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from tools import builder, cnb
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


def test_an_unpinned_dependency_is_a_fault() -> None:
    with pytest.raises(LookupError, match=r"go\.mod does not require example\.com/other"):
        cnb.pinned_version(cnb.PACK_MODULE, "example.com/other")


def test_without_go_the_lifecycle_is_left_to_pack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(cnb, "LIFECYCLE", tmp_path / "lifecycle")
    monkeypatch.setattr(builder, "DIST", tmp_path)
    progress = Progress(tmp_path / "log")
    with progress.step("lifecycle") as step:
        cnb.ensure_lifecycle(progress, step, "amd64")
    config = tomllib.loads(builder.config_with_released_lifecycle().read_text())
    assert "left to pack, because there is no Go" in capsys.readouterr().out
    assert config["lifecycle"] == {
        "version": cnb.pinned_version(cnb.LIFECYCLE_MODULE, "github.com/buildpacks/lifecycle")
    }
    assert config["buildpacks"] == [{"uri": "prepared"}]
