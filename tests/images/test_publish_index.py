"""The index of the images for several architectures, which `make publish` pushes: small images, in a real registry."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import pytest

from images import archive
from images.recipe import RUN
from tests.images import registries
from tools import crane, publish
from tools.errors import ToolError
from tools.parts import Parts
from tools.progress import Progress
from tools.publish import Release

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ARCHITECTURES = ("amd64", "arm64")


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "registry"


@pytest.fixture
def release(log: Path) -> Iterator[Release]:
    with registries.running(log) as registry:
        yield Release.of(registry, "0.1.0")


def published(release: Release, directory: Path) -> str:
    """Push an image without files for each architecture, and return the name of their index."""
    with tarfile.open(directory / "root.tar", "w"):
        pass
    parts = [Parts(architecture, "latest", directory, directory, directory) for architecture in ARCHITECTURES]
    progress = Progress(directory / "log")

    def push(parts: Parts, reference: str) -> None:
        file = directory / f"{parts.architecture}.tar"
        archive.write(RUN, parts.architecture, directory / "root.tar", file)
        crane.push(progress, file, reference)

    return publish.publish_image(progress, release, RUN.name, parts, push)


def test_index_has_an_image_for_each_architecture(release: Release, tmp_path: Path) -> None:
    name = published(release, tmp_path)

    index = registries.manifest_of(f"{release.registry}/funcpack/run:0.1")
    assert [entry["platform"] for entry in index["manifests"]] == [
        {"os": "linux", "architecture": architecture} for architecture in ARCHITECTURES
    ]
    assert [entry["digest"] for entry in index["manifests"]] == [
        registries.digest_of(release.reference(RUN.name, architecture)) for architecture in ARCHITECTURES
    ]
    digests = {registries.digest_of(f"{release.registry}/funcpack/run:{tag}") for tag in ("0.1", "latest", "0.1.0")}
    assert {f"{release.registry}/funcpack/run@{digest}" for digest in digests} == {name}


def test_what_the_registry_has_is_not_pushed_again(release: Release, tmp_path: Path, log: Path) -> None:
    first = published(release, tmp_path)
    writes = registries.writes(log)

    assert published(release, tmp_path) == first
    assert registries.writes(log) == writes != []


def test_registry_that_does_not_respond_stops_the_release(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="failed with exit code 1"):
        published(Release.of("127.0.0.1:1", "0.1.0"), tmp_path)
