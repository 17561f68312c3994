"""The bills of materials of the base images, the builder and the lifecycle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from images.archive import BILL_LABEL, BILL_PATH
from images.make import base_image
from images.recipe import BUILD, RUN
from tests.bills import faults
from tools import cnb
from tools.places import BUILDER_IMAGE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.images.conftest import Build, MakeApp, Workshop
    from tools.engine import Engine

FROM_PACKAGES = pytest.mark.skipif(bool(base_image()), reason="here the images are made from a registry's Debian")

# The names of the packages that are installed, however the image records them.
INSTALLED = """
import pathlib, re
database = pathlib.Path("/var/lib/dpkg")
files = [database / "status"] if (database / "status").exists() else (database / "status.d").glob("*")
texts = [file.read_text() for file in files if file.suffix != ".md5sums"]
print(" ".join(sorted(name for text in texts for name in re.findall("^Package: (.*)$", text, re.MULTILINE))))
"""
READ = f"print(open('/{BILL_PATH}').read())"


def components(bill: str) -> list[dict[str, Any]]:
    return list(json.loads(bill)["components"])


@FROM_PACKAGES
@pytest.mark.parametrize("image", [RUN.name, BUILD.name, BUILDER_IMAGE])
def test_image_lists_its_packages_with_their_hashes(workshop: Workshop, image: str) -> None:
    listed = components(workshop.python_in(image, READ))

    assert sorted(each["name"] for each in listed) == workshop.python_in(image, INSTALLED).split()
    assert [each["name"] for each in listed if not each.get("hashes")] == []


@FROM_PACKAGES
@pytest.mark.parametrize("image", [RUN.name, BUILD.name, BUILDER_IMAGE])
def test_label_names_the_layer_of_the_bill(container_engine: Engine, image: str) -> None:
    label = container_engine.run("image", "inspect", "--format", f'{{{{index .Config.Labels "{BILL_LABEL}"}}}}', image)
    layers = container_engine.run("image", "inspect", "--format", "{{json .RootFS.Layers}}", image)

    assert json.loads(layers)[1] == label


@FROM_PACKAGES
@pytest.mark.parametrize("image", [RUN.name, BUILD.name, BUILDER_IMAGE])
def test_bill_of_the_image_is_valid(workshop: Workshop, image: str, tmp_path: Path) -> None:
    bill = tmp_path / "image.cdx.json"
    bill.write_text(workshop.python_in(image, READ))

    assert faults(bill) == ""


@pytest.mark.parametrize("program", cnb.PROGRAMS)
def test_bills_of_the_lifecycle_are_valid(workshop: Workshop, program: str, tmp_path: Path) -> None:
    bills = [tmp_path / f"{program}.sbom.{kind}.json" for kind in ("cdx", "spdx", "syft")]
    for bill in bills:
        bill.write_text(workshop.python_in(BUILDER_IMAGE, f"print(open('/cnb/lifecycle/{bill.name}').read())"))

    assert faults(*bills) == ""


@pytest.fixture(scope="module")
def function(workshop: Workshop, make_app: MakeApp) -> Build:
    return workshop.build(make_app({"handler.py": "def handler():\n    return 1\n"}))


@pytest.fixture
def bills_of_function(workshop: Workshop, function: Build, tmp_path: Path) -> Path:
    """Return the directory with the bills of a function, for each buildpack and layer."""
    workshop.pack("sbom", "download", function.image, "--output-dir", str(tmp_path))
    return tmp_path / "layers" / "sbom" / "launch"


def test_bills_of_a_function_are_valid(bills_of_function: Path) -> None:
    bills = list(bills_of_function.glob("*/*/sbom.*.json"))

    names = sorted(str(bill.relative_to(bills_of_function)) for bill in bills)
    assert names == [
        "buildpacksio_lifecycle/launcher/sbom.cdx.json",
        "buildpacksio_lifecycle/launcher/sbom.spdx.json",
        "buildpacksio_lifecycle/launcher/sbom.syft.json",
        "funcpack_python/invoker/sbom.cdx.json",
    ]
    assert faults(*bills) == ""


def test_a_build_does_not_miss_a_bill_of_the_lifecycle(function: Build, bills_of_function: Path) -> None:
    assert "Did not find SBOM" not in function.log
    launcher = bills_of_function / "buildpacksio_lifecycle" / "launcher"
    version = cnb.pinned_version(cnb.LIFECYCLE_MODULE, "github.com/buildpacks/lifecycle")
    purls = [each["purl"] for each in components((launcher / "sbom.cdx.json").read_text())]
    assert f"pkg:golang/github.com/buildpacks/lifecycle@v{version}" in purls
