"""The bills of materials of Go programs, from what Go records in them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.bills import faults
from tools import go_bill
from tools.go_bill import Module
from tools.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

OUTPUT = """\
/tools/launcher: go1.26.8 X:nocoverageredesign
\tpath\tgithub.com/buildpacks/lifecycle/cmd/launcher
\tmod\tgithub.com/buildpacks/lifecycle\tv0.21.14\th1:3NWO8izi=
\tdep\tgithub.com/BurntSushi/toml\tv1.6.0
\t=>\tgithub.com/BurntSushi/toml\tv1.3.2\th1:dRaEfpa2=
\tdep\tgithub.com/Azure/azure-sdk-for-go\tv68.0.0+incompatible\th1:fcYLmCpy=
\tbuild\t-trimpath=true
"""


def test_modules_are_those_that_the_program_contains() -> None:
    assert go_bill.modules_of(OUTPUT) == [
        Module("github.com/buildpacks/lifecycle", "v0.21.14"),
        Module("github.com/BurntSushi/toml", "v1.3.2"),
        Module("github.com/Azure/azure-sdk-for-go", "v68.0.0+incompatible"),
        Module("stdlib", "1.26.8"),
    ]


def test_package_url_is_lower_case_and_quoted() -> None:
    module = Module("github.com/Azure/azure-sdk-for-go", "v68.0.0+incompatible")

    assert module.purl == "pkg:golang/github.com/azure/azure-sdk-for-go@v68.0.0%2Bincompatible"


@pytest.fixture
def bills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The three bills of a program, which a stub of `go` describes."""
    (tmp_path / "version").write_text(OUTPUT)
    go = tmp_path / "bin" / "go"
    go.parent.mkdir()
    go.write_text(f"#!/bin/sh\nexec /bin/cat {tmp_path}/version\n")
    go.chmod(0o755)
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(go.parent))
        go_bill.write(Progress(tmp_path / "log"), tmp_path / "launcher")
    return {kind: json.loads((tmp_path / f"launcher.sbom.{kind}.json").read_text()) for kind in ("cdx", "spdx", "syft")}


def test_every_format_lists_every_module(bills: dict[str, Any]) -> None:
    wanted = sorted(module.purl for module in go_bill.modules_of(OUTPUT))

    assert [each["purl"] for each in bills["cdx"]["components"]] == wanted
    references = [each["externalRefs"] for each in bills["spdx"]["packages"]]
    assert sorted(each[0]["referenceLocator"] for each in references) == wanted
    assert sorted(str(each["purl"]) for each in bills["syft"]["artifacts"]) == wanted


@pytest.mark.usefixtures("bills")
def test_bills_are_valid(tmp_path: Path) -> None:
    assert faults(*(tmp_path / f"launcher.sbom.{kind}.json" for kind in ("cdx", "spdx", "syft"))) == ""


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("cdx", {"components": [{"type": "library"}]}),
        ("spdx", {"documentNamespace": "not an address"}),
        ("syft", {"artifacts": [{"name": "github.com/buildpacks/lifecycle"}]}),
    ],
)
def test_faults_of_a_bill_are_found(bills: dict[str, Any], kind: str, change: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / f"changed.{kind}.json"
    file.write_text(json.dumps({**bills[kind], **change}))

    assert faults(file).startswith(f"{file} ")
