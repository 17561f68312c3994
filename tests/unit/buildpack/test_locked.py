"""uv.lock with packages from a mirror or from the directory `vendor`: the versions and hashes are the lock's."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from tests.images.package_index import package_index_server
from tests.unit.buildpack.wheels import write_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.images.package_index import PackageIndex
    from tests.unit.buildpack.builds import Platform

PROJECT = """[project]
name = "shop"
version = "1"
requires-python = ">=3.11"
dependencies = ["orders"]
"""
LOCKED = "Using the versions and hashes in uv.lock, with packages from other places than it names."


def lock(wheel: Path) -> str:
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    url = f"https://files.pythonhosted.org/packages/{wheel.name}"
    return f"""version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "orders"
version = "1.0"
source = {{ registry = "https://pypi.org/simple" }}
wheels = [
    {{ url = "{url}", hash = "sha256:{sha256}" }},
]

[[package]]
name = "shop"
version = "1"
source = {{ virtual = "." }}
dependencies = [
    {{ name = "orders" }},
]

[package.metadata]
requires-dist = [{{ name = "orders" }}]
"""


@pytest.fixture
def app(rebuilt: Platform) -> Platform:
    rebuilt.write({"handler.py": "def handler(req): ...", "pyproject.toml": PROJECT})
    return rebuilt


@pytest.fixture
def mirror(app: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PackageIndex]:
    """A mirror with the locked package and a newer one."""
    with package_index_server(tmp_path_factory.mktemp("mirror")) as index:
        for version in ("1.0", "2.0"):
            index.add("orders", version)
        app.bind("proxy", "ca-certificates", {"ca.pem": (index.binding / "private.pem").read_text()})
        app.write({"uv.lock": lock(index.root / "simple" / "orders" / "orders-1.0-py3-none-any.whl")})
        yield index


@pytest.mark.parametrize("variable", ["PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL"])
def test_packages_come_from_a_mirror(app: Platform, mirror: PackageIndex, variable: str) -> None:
    result = app.build_well({variable: mirror.url})
    assert LOCKED in result.section("Dependencies")
    assert " + orders==1.0" in result.output


def test_hash_of_a_mirror_counts(app: Platform, mirror: PackageIndex, tmp_path: Path) -> None:
    app.write({"uv.lock": lock(write_wheel(tmp_path / "other", "orders", "1.0", ["ledger"]))})
    result = app.build({"PIP_INDEX_URL": mirror.url})
    assert "[Error: Package hash mismatch]" in result.output


@pytest.mark.parametrize("is_vendored", [True, False])
def test_packages_come_from_a_directory_without_a_network(app: Platform, is_vendored: bool) -> None:
    directory = app.app / ("vendor" if is_vendored else "packages")
    app.write({"uv.lock": lock(write_wheel(directory, "orders", "1.0"))})
    write_wheel(directory, "orders", "2.0")
    env = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "packages", "UV_OFFLINE": "1"}
    result = app.build_well({"HTTPS_PROXY": "http://127.0.0.1:9"} if is_vendored else env)
    assert LOCKED in result.section("Dependencies")
    assert " + orders==1.0" in result.output


def test_lock_that_is_out_of_date_is_rejected(app: Platform) -> None:
    app.write({"uv.lock": lock(write_wheel(app.app / "vendor", "orders", "1.0"))})
    app.write({"pyproject.toml": PROJECT.replace('"orders"', '"orders", "ledger"')})
    write_wheel(app.app / "vendor", "ledger", "1.0")
    assert "[Error: uv.lock is out of date]" in app.build().output
