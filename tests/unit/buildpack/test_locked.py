"""Lock files with packages from a mirror or from the directory `vendor`: the versions and hashes are the lock's."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from funcpack.buildpack.install import pylock as pylock_module
from tests.images.package_index import package_index_server
from tests.unit.buildpack.sources import package
from tests.unit.buildpack.wheels import write_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.images.package_index import PackageIndex
    from tests.unit.buildpack.builds import Platform

PROJECT = """[project]
name = "shop"
version = "1"
requires-python = ">=3.11"
dependencies = ["orders"]
"""
LOCKED = "Using the versions and hashes in {}, with packages from other places than it names."


def pylock(wheel: Path, more: str = "") -> str:
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return f"""lock-version = "1.0"
created-by = "a test"

[[packages]]
name = "orders"
version = "1.0"
index = "https://pypi.org/simple"
wheels = [
    {{ url = "https://files.pythonhosted.org/packages/{wheel.name}", hashes = {{ sha256 = "{sha256}" }} }},
]
{more}"""


def uv_lock(wheel: Path) -> str:
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


LOCKS = pytest.mark.parametrize(("file", "lock"), [("uv.lock", uv_lock), ("pylock.toml", pylock)])


@pytest.fixture
def mirror(app: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PackageIndex]:
    """A mirror with a package and a newer release of it."""
    with package_index_server(tmp_path_factory.mktemp("mirror")) as index:
        for version in ("1.0", "2.0"):
            index.add("orders", version)
        app.bind("proxy", "ca-certificates", {"ca.pem": (index.binding / "private.pem").read_text()})
        yield index


@LOCKS
@pytest.mark.parametrize("variable", ["PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL", ""])
def test_packages_come_from_a_mirror(
    app: Platform, mirror: PackageIndex, variable: str, file: str, lock: Callable[[Path], str]
) -> None:
    app.write({file: lock(mirror.root / "simple" / "orders" / "orders-1.0-py3-none-any.whl")})
    if not variable:
        app.bind("index", "pypi", {"uri": mirror.url})
    result = app.build_well({variable: mirror.url} if variable else {})
    assert LOCKED.format(file) in result.section("Dependencies")
    assert " + orders==1.0" in result.output


@LOCKS
def test_hash_of_a_mirror_counts(
    app: Platform, mirror: PackageIndex, tmp_path: Path, file: str, lock: Callable[[Path], str]
) -> None:
    app.write({file: lock(write_wheel(tmp_path / "other", "orders", "1.0", ["ledger"]))})
    result = app.build({"PIP_INDEX_URL": mirror.url})
    assert "[Error: Package hash mismatch]" in result.output


@LOCKS
@pytest.mark.parametrize("is_vendored", [True, False])
def test_packages_come_from_a_directory_without_a_network(
    app: Platform, is_vendored: bool, file: str, lock: Callable[[Path], str]
) -> None:
    directory = app.app / ("vendor" if is_vendored else "packages")
    app.write({file: lock(write_wheel(directory, "orders", "1.0"))})
    write_wheel(directory, "orders", "2.0")
    env = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "packages", "UV_OFFLINE": "1"}
    result = app.build_well({"HTTPS_PROXY": "http://127.0.0.1:9"} if is_vendored else env)
    assert LOCKED.format(file) in result.section("Dependencies")
    assert " + orders==1.0" in result.output


def test_lock_that_is_out_of_date_is_rejected(app: Platform) -> None:
    app.write({"uv.lock": uv_lock(write_wheel(app.app / "vendor", "orders", "1.0"))})
    app.write({"pyproject.toml": PROJECT.replace('"orders"', '"orders", "ledger"')})
    write_wheel(app.app / "vendor", "ledger", "1.0")
    assert "[Error: uv.lock is out of date]" in app.build().output


@pytest.mark.parametrize(
    ("package", "line"),
    [
        ('version = "1.0"\nsdist = {url = "u", hashes = {sha256 = "a", md5 = "b"}}', "orders==1.0 --hash=sha256:a"),
        ('version = "1.0"\nwheels = [{url = "u", hashes = {sha256 = "a"}}, {url = "v", hashes = {sha512 = "b"}}]', "orders==1.0 --hash=sha256:a --hash=sha512:b"),
        ('version = "1.0"\nmarker = "sys_platform == \'win32\'"', "orders==1.0 ; sys_platform == 'win32'"),
        ("marker = \"'main' in dependency_groups\"", "orders ; python_version >= '0'"),
        ("marker = \"'dev' in dependency_groups or 'x' in extras\"", "orders ; python_version < '0' or python_version < '0'"),
        ("marker = \"'x' not in extras\"", "orders ; python_version >= '0'"),
        ('wheels = [{path = "packages/orders-1.0-py3-none-any.whl", hashes = {sha256 = "a"}}]', "--find-links file://{app}/packages\norders --hash=sha256:a"),
        ('archive = {url = "https://h/o.tar.gz", subdirectory = "s", hashes = {sha256 = "a"}}', "orders @ https://h/o.tar.gz#subdirectory=s --hash=sha256:a"),
        ('archive = {path = "packages/o.tar.gz", hashes = {sha256 = "a"}}', "orders @ file://{app}/packages/o.tar.gz --hash=sha256:a"),
        ('vcs = {type = "git", url = "https://h/o", commit-id = "c", subdirectory = "s"}', "orders @ git+https://h/o@c#subdirectory=s"),
        ('vcs = {type = "git", path = "o", commit-id = "c"}', "orders @ git+file://{app}/o@c"),
        ('directory = {path = "libraries/orders"}', "orders @ file://{app}/libraries/orders"),
        ('directory = {path = ".", editable = true}', "--editable file://{app}"),
        ('directory = {path = ".", editable = true}\nmarker = "os_name == \'nt\'"', "orders @ file://{app} ; os_name == 'nt'"),
    ],
)  # fmt: skip
def test_requirement_for_a_package_of_pylock(tmp_path: Path, package: str, line: str) -> None:
    (tmp_path / "pylock.toml").write_text(f'default-groups = ["main"]\n[[packages]]\nname = "orders"\n{package}\n')
    assert pylock_module.to_requirements(tmp_path, is_without_index=False) == f"{line}\n".replace(
        "{app}", str(tmp_path)
    )


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ('vcs = {type = "git", url = "https://h/o", commit-id = "c"}', "orders==1.0"),
        ('archive = {url = "https://h/o.tar.gz", hashes = {sha256 = "a"}}', "orders==1.0"),
        ('archive = {url = "https://h/o.whl", hashes = {sha256 = "a"}}', "orders==1.0 --hash=sha256:a"),
        ('archive = {path = "o.tar.gz", hashes = {sha256 = "a"}}', "orders @ file://{app}/o.tar.gz --hash=sha256:a"),
    ],
)
def test_requirement_for_a_package_of_another_machine_without_a_network(tmp_path: Path, source: str, line: str) -> None:
    (tmp_path / "pylock.toml").write_text(f'[[packages]]\nname = "orders"\nversion = "1.0"\n{source}\n')
    assert pylock_module.to_requirements(tmp_path, is_without_index=True) == f"{line}\n".replace("{app}", str(tmp_path))


def test_local_packages_of_pylock_are_installed_with_a_vendored_one(app: Platform) -> None:
    more = """[[packages]]
name = "ledger"
directory = { path = "libraries/ledger" }

[[packages]]
name = "bills"
version = "1.0"
wheels = [{ path = "packages/bills-1.0-py3-none-any.whl", hashes = {} }]

[[packages]]
name = "windows-only"
version = "1.0"
marker = "sys_platform == 'win32'"
wheels = [{ url = "https://files.pythonhosted.org/x-1.0-py3-none-any.whl", hashes = {} }]

[[packages]]
name = "tests-only"
version = "1.0"
marker = "'dev' in dependency_groups"
wheels = [{ url = "https://files.pythonhosted.org/x-1.0-py3-none-any.whl", hashes = {} }]
"""
    write_wheel(app.app / "packages", "bills", "1.0")
    app.write({"pylock.toml": pylock(write_wheel(app.app / "vendor", "orders", "1.0"), more)})
    app.write(
        {
            name.replace("orders", "ledger"): text.replace("orders", "ledger")
            for name, text in package("libraries/orders").items()
        }
    )
    result = app.build_well()
    assert [line.split()[1].partition("=")[0] for line in result.output.splitlines() if line.startswith("   + ")] == [
        "bills", "ledger", "orders",
    ]  # fmt: skip
