"""With UV_NO_BUILD, a build runs no code of the source, whatever the source says."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

import pytest

from tests.unit.buildpack.sources import package

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.unit.buildpack.builds import Platform

BACKEND = """
import pathlib
pathlib.Path({trace!r}).touch()
"""
PROJECT = '[project]\nname = "shop"\nversion = "1"\ndependencies = ["orders"]\n'
BUILD_SYSTEM = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["orders"]\n'
DISABLED, EXCEPTION = "Builds of packages from source are disabled", "Code of the source must not run in the build"
VENDORED = "--no-index\n--find-links archives\norders\n"


@pytest.fixture
def app(rebuilt: Platform) -> Platform:
    """An app with a package whose build backend leaves a trace, as a directory and as an archive."""
    files = package("orders")
    files["orders/backend.py"] = BACKEND.format(trace=str(trace(rebuilt))) + files["orders/backend.py"]
    rebuilt.write({"handler.py": "def handler(req): ...\n", **files})
    (rebuilt.app / "archives").mkdir()
    with tarfile.open(rebuilt.app / "archives" / "orders-1.0.tar.gz", "w:gz") as archive:
        archive.add(rebuilt.app / "orders", "orders-1.0")
    return rebuilt


def trace(platform: Platform) -> Path:
    return platform.root / "trace"


def project_toml(name: str, value: str) -> str:
    return f'[[io.buildpacks.build.env]]\nname = "{name}"\nvalue = "{value}"\n'


CASES: dict[str, tuple[Mapping[str, str], str]] = {
    "directory": ({"requirements.txt": "./orders\n"}, DISABLED),
    "editable directory": ({"requirements.txt": "-e ./orders\n"}, DISABLED),
    "archive": ({"requirements.txt": VENDORED}, DISABLED),
    "project": ({"pyproject.toml": PROJECT.replace('"orders"', "") + BUILD_SYSTEM}, DISABLED),
    "editable project": (
        {"requirements.txt": "-e .\n", "pyproject.toml": PROJECT.replace('"orders"', "") + BUILD_SYSTEM},
        DISABLED,
    ),
    "dynamic dependencies": (
        {"pyproject.toml": '[project]\nname = "shop"\nversion = "1"\ndynamic = ["dependencies"]\n' + BUILD_SYSTEM},
        DISABLED,
    ),
    "editable source": (
        {"pyproject.toml": PROJECT + '[tool.uv.sources]\norders = {path = "orders", editable = true}\n'},
        DISABLED,
    ),
    "no-build in pyproject.toml": (
        {
            "requirements.txt": VENDORED,
            "pyproject.toml": "[tool.uv]\nno-build = false\n[tool.uv.pip]\nno-build = false\n",
        },
        DISABLED,
    ),
    "no-binary in requirements.txt": ({"requirements.txt": "--no-binary orders\n" + VENDORED}, EXCEPTION),
    "no-binary in an included file": (
        {"requirements.txt": "-c a.txt\n" + VENDORED, "a.txt": "--no-binary=orders\n"},
        EXCEPTION,
    ),
    "no-binary in pyproject.toml": (
        {"requirements.txt": VENDORED, "pyproject.toml": '[tool.uv.pip]\nno-binary = ["orders"]\n'},
        EXCEPTION,
    ),
    "no-binary-package in pyproject.toml": (
        {"requirements.txt": VENDORED, "pyproject.toml": '[tool.uv]\nno-binary-package = ["orders"]\n'},
        EXCEPTION,
    ),
    "no-binary-package in uv.toml": (
        {"requirements.txt": VENDORED, "uv.toml": 'no-binary-package = ["orders"]\n'},
        EXCEPTION,
    ),
    "no-binary in constraints": (
        {
            "requirements.txt": VENDORED,
            "c.txt": "--no-binary orders\n",
            "project.toml": project_toml("UV_CONSTRAINT", "c.txt"),
        },
        EXCEPTION,
    ),
    "no-binary in overrides": (
        {
            "requirements.txt": VENDORED,
            "o.txt": "--no-binary orders\n",
            "project.toml": project_toml("UV_OVERRIDE", "o.txt"),
        },
        EXCEPTION,
    ),
    "requirements at a URL": ({"requirements.txt": "-r http://127.0.0.1:9/requirements.txt\n"}, EXCEPTION),
    "constraints at a URL": (
        {"requirements.txt": VENDORED, "project.toml": project_toml("UV_CONSTRAINT", "http://127.0.0.1:9/c.txt")},
        EXCEPTION,
    ),
    "PIP_NO_BINARY": (
        {"requirements.txt": VENDORED, "project.toml": project_toml("PIP_NO_BINARY", "orders")},
        DISABLED,
    ),
    "import check": ({"project.toml": project_toml("BP_CHECK_IMPORT", "true")}, EXCEPTION),
}


@pytest.mark.parametrize(("files", "title"), CASES.values(), ids=CASES)
def test_code_of_the_source_does_not_run(app: Platform, files: Mapping[str, str], title: str) -> None:
    app.write(files)
    result = app.build({"UV_NO_BUILD": "1"})
    assert f"[Error: {title}]" in result.output
    assert not trace(app).exists()


@pytest.mark.parametrize("name", ["no-binary-package", "UV_NO_BINARY_PACKAGE"])
def test_lock_with_a_package_that_has_to_be_built(app: Platform, name: str) -> None:
    digest = "0" * 64
    lock = (
        'version = 1\nrevision = 1\nrequires-python = ">=3.11"\n'
        f'[[package]]\nname = "orders"\nversion = "1.0"\nsource = {{ registry = "archives" }}\n'
        f'sdist = {{ path = "orders-1.0.tar.gz", hash = "sha256:{digest}" }}\n'
        '[[package]]\nname = "shop"\nversion = "1"\nsource = { virtual = "." }\ndependencies = [{ name = "orders" }]\n'
        '[package.metadata]\nrequires-dist = [{ name = "orders" }]\n'
    )
    setting = f'{name} = ["orders"]\n' if name.islower() else ""
    uv = f'requires-python = ">=3.11"\n[tool.uv]\nno-index = true\nfind-links = ["archives"]\n{setting}'
    app.write(
        {
            "pyproject.toml": PROJECT + uv,
            "uv.lock": lock,
            "project.toml": project_toml("UV_NO_BINARY_PACKAGE", "orders"),
        }
    )
    result = app.build({"UV_NO_BUILD": "1"})
    assert f"[Error: {EXCEPTION if setting else DISABLED}]" in result.output
    assert not trace(app).exists()


def test_vendored_archive(app: Platform) -> None:
    app.write({"requirements.txt": "orders\n"})
    (app.app / "archives").rename(app.app / "vendor")
    assert f"[Error: {DISABLED}]" in app.build({"UV_NO_BUILD": "1"}).output
    assert not trace(app).exists()


def test_packages_are_built_without_the_setting(app: Platform) -> None:
    app.write({"requirements.txt": "--no-binary orders\n" + VENDORED})
    app.build_well()
    assert trace(app).exists()
