"""Dependencies and rebuilds: unchanged layers are reused, and removed requirements disappear from the image."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.images.conftest import Build, MakeApp, Workshop
    from tests.images.package_index import PackageIndex

HANDLER = """\
import importlib.util


def handler():
    return [name for name in ("alpha", "beta", "gamma", "heavy") if importlib.util.find_spec(name)]
"""
LAYERS = ("funcpack/python:invoker", "funcpack/python:dependencies")


def network(index: PackageIndex) -> tuple[str, ...]:
    """Return options for a build that can reach `index` and trusts its authority."""
    return (
        "--network",
        "host",
        "--env",
        f"PIP_INDEX_URL={index.url}",
        "--volume",
        f"{index.binding}:/platform/bindings/private-ca:ro",
    )


@pytest.fixture(scope="module")
def app(make_app: MakeApp) -> Path:
    return make_app({"handler.py": HANDLER, "requirements.txt": "alpha==1.0\nbeta==1.0\n"})


@pytest.fixture(scope="module")
def first(workshop: Workshop, app: Path, package_index: PackageIndex) -> Build:
    for name in ("alpha", "beta"):
        package_index.add(name)
    return workshop.build(app, *network(package_index))


def installed(workshop: Workshop, image: str) -> bytes:
    with workshop.run(image) as function:
        return function.request("GET", "/").body


def test_the_packages_of_the_requirements_are_there(workshop: Workshop, first: Build) -> None:
    assert installed(workshop, first.image) == b'["alpha", "beta"]'
    for layer in LAYERS:
        assert f"Adding layer '{layer}'" in first.log


def test_an_unchanged_rebuild_reuses_every_layer(
    workshop: Workshop, app: Path, first: Build, package_index: PackageIndex
) -> None:
    """Reuse works without a network."""
    again = workshop.build(app, "--env", f"PIP_INDEX_URL={package_index.url}", image=first.image)

    for layer in LAYERS:
        assert f"Reusing layer '{layer}'" in again.log
    assert "Adding layer" not in again.log


def test_a_removed_requirement_is_gone(
    workshop: Workshop, app: Path, first: Build, package_index: PackageIndex
) -> None:
    (app / "requirements.txt").write_text("beta==1.0\n")
    again = workshop.build(app, *network(package_index), image=first.image)

    assert installed(workshop, again.image) == b'["beta"]'
    assert "Reusing layer 'funcpack/python:invoker'" in again.log


def test_a_large_package_stays_when_a_requirement_is_added(
    workshop: Workshop, make_app: MakeApp, package_index: PackageIndex
) -> None:
    package_index.add("gamma")
    package_index.add("heavy", size=10_000_000)
    app = make_app({"handler.py": HANDLER, "requirements.txt": "heavy==1.0\n"})
    first = workshop.build(app, *network(package_index))
    (app / "requirements.txt").write_text("gamma==1.0\nheavy==1.0\n")
    again = workshop.build(app, *network(package_index), image=first.image)
    anew = workshop.build(app, *network(package_index))

    assert "Adding layer 'funcpack/python:big-heavy'" in first.log
    assert "Reusing layer 'funcpack/python:big-heavy'" in again.log
    assert installed(workshop, again.image) == b'["gamma", "heavy"]'
    assert workshop.engine.image_id(again.image) == workshop.engine.image_id(anew.image)


def test_an_index_behind_a_private_authority_needs_its_certificate(
    workshop: Workshop, app: Path, first: Build, package_index: PackageIndex
) -> None:
    refused = workshop.attempt(app, "--network", "host", "--env", f"PIP_INDEX_URL={package_index.url}")

    assert first.code == 0
    assert refused.code != 0
    assert "certificate" in refused.log
