"""The notice about a new run image: images in a real registry, and the real container engine."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import pytest

from images import archive
from images.make import base_image
from images.recipe import RUN
from tests.checkouts import checkout, make
from tests.images import registries
from tools import crane
from tools.progress import Progress
from tools.rebase_notice import STATUS

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

    from tools.engine import Engine


FROM_PACKAGES = pytest.mark.skipif(bool(base_image()), reason="here the images are made from a registry's Debian")


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Return a checkout with the notice of an earlier run image."""
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "notice.md").write_text("The notice of an earlier run image.")
    return checkout(tmp_path)


@pytest.fixture
def registry(tmp_path: Path, container_engine: Engine) -> Iterator[str]:
    with registries.running(tmp_path / "registry.log") as registry:
        yield registry
        container_engine.ask("image", "rm", f"{registry}/{RUN.name}:latest")


def notice(sources: Path, registry: str) -> subprocess.CompletedProcess[str]:
    """Compare with the run image that `make builder` has created. The target `images` would create another one in the checkout."""
    return make(sources, "--assume-old=images", "notice", f"REGISTRY={registry}")


def push_run_image(container_engine: Engine, registry: str, directory: Path, packages: dict[str, str]) -> None:
    root = directory / "root"
    root.mkdir()
    for name, version in packages.items():
        (root / STATUS[1:]).mkdir(parents=True, exist_ok=True)
        (root / STATUS[1:] / name).write_text(f"Package: {name}\nVersion: {version}\nArchitecture: all\n")
    with tarfile.open(directory / "root.tar", "w") as tar:
        tar.add(root, ".")
    archive.write(RUN, container_engine.architecture(), directory / "root.tar", directory / "run.tar")
    crane.push(Progress(directory / "log"), directory / "run.tar", f"{registry}/{RUN.name}:latest")


@FROM_PACKAGES
def test_notice_compares_with_the_published_run_image(
    sources: Path, registry: str, container_engine: Engine, tmp_path: Path
) -> None:
    push_run_image(container_engine, registry, tmp_path, {"base-files": "1", "removed": "2"})

    done = notice(sources, registry)

    assert done.returncode == 0, done.stderr
    rows = (sources / "dist" / "notice.md").read_text().splitlines()
    assert any(row.startswith("| base-files | 1 | 1") for row in rows)
    assert "| removed | 2 | - |" in rows


@FROM_PACKAGES
def test_published_image_of_the_same_packages_has_an_empty_notice(
    sources: Path, registry: str, container_engine: Engine
) -> None:
    container_engine.run("tag", RUN.name, f"{registry}/{RUN.name}:latest")
    container_engine.run("push", f"{registry}/{RUN.name}:latest")

    done = notice(sources, registry)

    assert (done.returncode, done.stderr) == (0, "")
    assert (sources / "dist" / "notice.md").read_text() == ""


def test_image_that_is_not_published_leaves_no_notice(sources: Path, registry: str) -> None:
    done = notice(sources, registry)

    image = f"{registry}/{RUN.name}:latest"
    assert done.returncode == 2
    assert f"error: the packages of {image} cannot be read\n" in done.stderr
    assert f" create --pull=always {image} -\n" in done.stderr
    assert (
        "What to do: check the name of the image, and that this machine can pull it if it is in a registry."
        in done.stderr
    )
    assert "Traceback" not in done.stderr
    assert not (sources / "dist" / "notice.md").exists()


def test_image_without_a_list_of_packages_is_named(
    sources: Path, registry: str, container_engine: Engine, tmp_path: Path
) -> None:
    push_run_image(container_engine, registry, tmp_path, {})

    done = notice(sources, registry)

    assert f"error: the packages of {registry}/{RUN.name}:latest cannot be read\n" in done.stderr
    assert (
        "Only run images that root on Debian or Ubuntu creates list their packages in /var/lib/dpkg/status.d."
        in done.stderr
    )


@pytest.mark.parametrize(
    ("value", "title"), [("", "REGISTRY is not set"), ("https://ghcr.io", "REGISTRY is not a registry")]
)
def test_registry_is_checked(sources: Path, value: str, title: str) -> None:
    done = notice(sources, value)

    assert f"error: {title}\n" in done.stderr
    assert not (sources / "dist" / "notice.md").exists()
