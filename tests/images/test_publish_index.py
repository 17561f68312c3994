"""The index of the images for several architectures, which `make publish` pushes: small images, in a real registry."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from images import archive
from images.make import base_image
from images.recipe import RUN
from tests.images import registries
from tools import crane, publish
from tools.errors import ToolError
from tools.parts import Parts
from tools.places import ROOT
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


@pytest.mark.skipif(bool(base_image()), reason="images for a registry are made only by root on Debian")
def test_tag_that_would_lose_an_architecture_is_not_replaced(release: Release, tmp_path: Path, log: Path) -> None:
    published(release, tmp_path)
    writes = registries.writes(log)
    variables = {"REGISTRY": release.registry, "VERSION": "0.1.1", "ARCHITECTURES": "amd64", "UNSIGNED": "1"}
    command = ["make", "publish", f"PYTHON={sys.executable}", *(f"{name}={value}" for name, value in variables.items())]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr.startswith(
        f"\nerror: {release.registry}/funcpack/run:0.1 would lose arm64\n\nThe tag has images for more architectures than"
        " ARCHITECTURES names, and publishing replaces all of them. Nothing was built or pushed.\n\nWhat to do: publish for all"
        " architectures: leave ARCHITECTURES out. To publish for some of them, for example as a test, use another registry, or a"
        " version with a suffix, which moves no other tags: VERSION=0.1.0-test.\n"
    )
    assert registries.writes(log) == writes != []


@pytest.mark.parametrize(
    ("version", "architectures"),
    [
        pytest.param("0.1.0", ("amd64", "arm64"), id="all"),
        pytest.param("0.1.0-test", ("amd64",), id="only-its-own-tag"),
        pytest.param("0.1.0-rc.1", ("arm64",), id="the-same"),
    ],
)
def test_tags_that_lose_nothing_can_be_pushed(
    version: str, architectures: tuple[str, ...], release: Release, tmp_path: Path
) -> None:
    published(release, tmp_path)
    arm64 = release.reference(RUN.name, "arm64")
    crane.push_index(Progress(tmp_path / "log"), [arm64], f"{release.registry}/{RUN.name}:0.1.0-rc.1")

    publish.check_architectures(Progress(tmp_path / "log"), Release.of(release.registry, version), architectures)


def test_tags_of_the_registry_are_found(release: Release, tmp_path: Path) -> None:
    progress, repository = Progress(tmp_path / "log"), f"{release.registry}/{RUN.name}"
    assert crane.tags_of(progress, repository) == []

    published(release, tmp_path)

    assert {"0.1", "latest", "0.1.0"} < set(crane.tags_of(progress, repository))


class _Warning(BaseHTTPRequestHandler):
    """Answers every request with a digest and a warning, as registries do: section Warnings of the distribution specification."""

    def do_GET(self) -> None:
        self.send_response(200)
        headers = {
            "Warning": '299 - "this repository moves soon"',
            "Content-Type": "application/vnd.oci.image.index.v1+json",
            "Docker-Content-Digest": f"sha256:{'a' * 64}",
            "Content-Length": "0",
        }
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815 - the base class calls it by this name

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Print nothing."""


def test_warning_of_a_registry_is_no_part_of_a_name(tmp_path: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Warning) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        image = f"127.0.0.1:{server.server_port}/funcpack/run"

        name = crane.full_name(Progress(tmp_path / "log"), f"{image}:0.1.0")
        server.shutdown()

    assert name == f"{image}@sha256:{'a' * 64}"
    assert "this repository moves soon" in (tmp_path / "log").read_text()


def test_registry_that_does_not_respond_stops_the_release(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="failed with exit code 1"):
        published(Release.of("127.0.0.1:1", "0.1.0"), tmp_path)
