"""Packages that a build installs from their sources: the project itself, and a requirement in a Git repository."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.images.test_rebuild import network
from tests.unit.buildpack.sources import package

if TYPE_CHECKING:
    from tests.images.conftest import MakeApp, Workshop
    from tests.images.package_index import PackageIndex

CODE = """\
import importlib.metadata
import subprocess

import orders


def main():
    print("runs")


def handler():
    script = subprocess.run(["shop"], capture_output=True, text=True, check=True)
    return [importlib.metadata.version("shop"), script.stdout, orders.VERSION, __file__]
"""
# uv contains this build backend.
PYPROJECT = """\
[project]
name = "shop"
version = "1.2"
dependencies = ["orders @ git+{}"]

[project.scripts]
shop = "shop.app:main"

[build-system]
requires = ["uv_build"]
build-backend = "uv_build"

[tool.uv.build-backend]
module-root = "lib"
"""


@pytest.fixture(scope="module")
def repository(make_app: MakeApp, package_index: PackageIndex) -> str:
    """The URL of a Git repository with the package `orders`."""
    source = make_app({name.removeprefix("x/"): text for name, text in package("x").items()})
    target = package_index.root / "orders.git"
    author = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for command in (
        ("-C", source, "init", "-q"),
        ("-C", source, "add", "."),
        ("-C", source, *author, "commit", "-qm", "a"),
        ("clone", "-q", "--bare", source, target),
        ("-C", target, "update-server-info"),
    ):
        subprocess.run(["git", *command], check=True)
    return f"{package_index.url.removesuffix('/simple')}/orders.git"


def test_project_and_a_package_in_a_repository_are_built(
    workshop: Workshop, make_app: MakeApp, package_index: PackageIndex, repository: str
) -> None:
    app = make_app(
        {"pyproject.toml": PYPROJECT.format(repository), "lib/shop/__init__.py": "", "lib/shop/app.py": CODE}
    )
    handler = ("--env", "PYTHON_HANDLER=shop.app.handler")
    first = workshop.build(app, *handler, *network(package_index))
    make_app({"lib/shop/app.py": CODE.replace('"runs"', '"runs again"')}, app)
    again = workshop.build(app, *handler, *network(package_index), image=first.image)

    assert "Found it in lib/shop/app.py" in first.log
    with workshop.run(again.image) as function:
        version, output, orders, file = json.loads(function.request("GET", "/").body)
    assert (version, output, orders) == ("1.2", "runs again\n", "1.0")
    assert file == "/layers/funcpack_python/project/site-packages/shop/app.py"
