"""The bills of materials of the base images, the builder and the lifecycle."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from images.archive import BILL_LABEL, BILL_PATH
from images.make import base_image
from images.recipe import BUILD, RUN
from tools import cnb
from tools.places import BUILDER_IMAGE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.images.conftest import MakeApp, Workshop
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


def test_a_build_does_not_miss_a_bill_of_the_lifecycle(workshop: Workshop, make_app: MakeApp, tmp_path: Path) -> None:
    built = workshop.build(make_app({"handler.py": "def handler():\n    return 1\n"}))

    assert "Did not find SBOM" not in built.log
    workshop.pack("sbom", "download", built.image, "--output-dir", str(tmp_path))
    launcher = tmp_path / "layers" / "sbom" / "launch" / "buildpacksio_lifecycle" / "launcher"
    assert {path.name for path in launcher.iterdir()} == {"sbom.cdx.json", "sbom.spdx.json", "sbom.syft.json"}
    version = cnb.pinned_version(cnb.LIFECYCLE_MODULE, "github.com/buildpacks/lifecycle")
    purls = [each["purl"] for each in components((launcher / "sbom.cdx.json").read_text())]
    assert f"pkg:golang/github.com/buildpacks/lifecycle@v{version}" in purls
