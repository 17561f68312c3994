"""Layers `big-NAME`: which packages have one, and that a build that reuses it creates the same image as a first build."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from funcpack.buildpack.install.interpreter import Interpreter
from funcpack.buildpack.install.virtualenv import Virtualenv
from funcpack.buildpack.layers import big_package, splitting
from tests.unit.buildpack.builds import PYTHON, Platform
from tests.unit.buildpack.wheels import write_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HANDLER = 'def handler(req):\n    return "hello"\n'
BIG = "x" * 10_000_000
KEPT = "Reusing layer 'big-heavy' from the last build."
MADE = "Moved big packages to separate layers: heavy 1.0."


class TestSplitting:
    """An environment with the package `heavy`, 10 MB in size, and the package `other`."""

    @pytest.mark.parametrize(
        ("heavy", "other", "is_split_off"),
        [
            pytest.param(["heavy/__init__.py"], ["other.py"], True, id="package"),
            pytest.param(["heavy.py", "_heavy.cpython-313-x86_64-linux-gnu.so"], ["other.py"], True, id="modules"),
            pytest.param(["heavy/__init__.py", "heavy.libs/libz.so.1"], [], True, id="package-with-libraries"),
            pytest.param(["heavy/__init__.py", "../../../bin/heavy"], [], True, id="package-with-a-script"),
            pytest.param(["space/heavy/__init__.py"], [], False, id="namespace-package"),
            pytest.param(["heavy/__init__.py", "heavy.pth"], [], False, id="path-file"),
            pytest.param(["heavy/__init__.py", "../../../share/heavy.txt"], [], False, id="data-elsewhere"),
            pytest.param(
                ["heavy/__init__.py", "heavy-1.0.dist-info/direct_url.json"], [], False, id="from-a-url-or-directory"
            ),
            pytest.param(
                ["heavy/__init__.py"], ["other.py", "heavy/plugin.py"], False, id="package-that-another-one-adds-to"
            ),
            pytest.param(
                ["heavy/__init__.py", "heavy/lib.so:$ORIGIN/../heavy.libs", "heavy.libs/z.so"],
                [],
                True,
                id="own-libraries",
            ),
            pytest.param(
                ["heavy/__init__.py", "heavy/lib.so:$ORIGIN/../other/lib"],
                ["other/__init__.py"],
                False,
                id="needs-another",
            ),
            pytest.param(
                ["heavy/__init__.py"], ["other/lib.so:/lib:${ORIGIN}/../heavy/lib"], False, id="is-needed-by-another"
            ),
            pytest.param(["heavy/__init__.py", "heavy/lib.so:$ORIGIN/../.."], [], False, id="needs-other-places"),
        ],
    )
    def test_packages_that_work_anywhere(
        self, tmp_path: Path, heavy: list[str], other: list[str], is_split_off: bool
    ) -> None:
        virtualenv = Virtualenv(tmp_path / "dependencies", Interpreter("3.13.5", PYTHON))
        install(virtualenv, "heavy", heavy, BIG)
        install(virtualenv, "other", other, "")
        before = names(tmp_path)
        packages = splitting.move_big_packages(virtualenv, tmp_path, "", ())
        assert [package.metadata.name for package in packages] == ["heavy"] * is_split_off
        for package in packages:
            package.remove_stub(virtualenv.site_packages)
        assert names(tmp_path) == before

    def test_small_packages_stay(self, tmp_path: Path) -> None:
        virtualenv = Virtualenv(tmp_path / "dependencies", Interpreter("3.13.5", PYTHON))
        install(virtualenv, "heavy", ["heavy/__init__.py"], BIG[1000:])
        assert splitting.move_big_packages(virtualenv, tmp_path, "", ()) == []


def install(virtualenv: Virtualenv, name: str, files: list[str], content: str) -> None:
    """Install a package. The text after a colon in a name is the search path of the library."""
    about = f"{name}-1.0.dist-info"
    paths = [f"{about}/METADATA", f"{about}/RECORD"]
    texts = {f"{about}/METADATA": f"Name: {name}\nVersion: 1.0\n"}
    for index, file in enumerate(files):
        path, _, places = file.partition(":")
        paths.append(path)
        texts[path] = f"\x7fELF\0{places}\0" + (content if index == 0 else "")
    texts[f"{about}/RECORD"] = "".join(f"{path},,\n" for path in paths)
    for path, text in texts.items():
        target = virtualenv.site_packages / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.resolve().parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("before", "after", "is_same"),
    [
        pytest.param(["heavy==1.0"], ["heavy==1.0", "orders"], True, id="other-added"),
        pytest.param(["heavy==1.0"], ["heavy"], False, id="other-condition"),
        pytest.param(["Heavy.Duty==1.0"], ["orders"], True, id="other-package"),
        pytest.param(["heavy==1.0 --hash=sha256:1"], ["heavy==1.0 --hash=sha256:2"], False, id="hash"),
        pytest.param([], ["--index-url https://example.com"], False, id="index"),
        pytest.param([], ["heavy >= 1"], False, id="asked-for"),
    ],
)
def test_what_the_project_says_of_a_package(before: list[str], after: list[str], is_same: bool) -> None:
    assert (
        big_package.requirement_digest("heavy", before) == big_package.requirement_digest("heavy", after)
    ) is is_same


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the packages `heavy`, which is big and needs `ledger`, `orders` and some more."""
    directory = tmp_path_factory.mktemp("wheels")
    for version in ("1.0", "2.0"):
        more = {"heavy_data/__init__.py": "", "heavy_data/big.txt": BIG}
        write_wheel(directory, "heavy", version, ["ledger"], more)
    for name in ("ledger", "orders"):
        write_wheel(directory, name, "1.0")
    write_wheel(directory, "plugin", "1.0", more={"heavy_data/plugin.py": ""})
    return directory


@pytest.fixture
def settings(wheels: Path) -> dict[str, str]:
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}


@pytest.fixture
def app(rebuilt: Platform, settings: Mapping[str, str]) -> Platform:
    """An app that was built with `heavy` before."""
    rebuilt.write({"handler.py": HANDLER, "requirements.txt": "heavy<2\n"})
    assert MADE in rebuilt.build_well(settings).section("Dependencies")
    rebuilt.restore()
    return rebuilt


def test_function_finds_the_package(app: Platform, settings: Mapping[str, str]) -> None:
    shutil.rmtree(app.layers)
    app.layers.mkdir()
    app.build_well(settings)
    code = "import importlib.metadata, heavy, heavy_data, ledger, flask; print(importlib.metadata.version('heavy'))"
    assert app.python(code) == "1.0"
    assert "pkg:pypi/heavy@1.0" in (app.layers / "big-heavy.sbom.cdx.json").read_text()
    assert "heavy" not in (app.layers / "dependencies.sbom.cdx.json").read_text()


def test_unchanged_build_uses_every_layer(app: Platform, settings: Mapping[str, str]) -> None:
    result = app.build_well(settings)
    assert result.section("Dependencies")[-1] == "Reusing layer 'dependencies' from the last build."
    for layer in ("big-heavy", "dependencies"):
        assert "launch = true" in (app.layers / f"{layer}.toml").read_text()


def test_package_stays_when_another_one_is_added(app: Platform, settings: Mapping[str, str]) -> None:
    app.write({"requirements.txt": "heavy<2\norders\n"})
    again = app.build_well(settings).section("Dependencies")
    assert KEPT in again
    assert [line for line in again if line.startswith("   + ")] == ["   + ledger==1.0", "   + orders==1.0"]
    assert not (app.layers / "big-heavy").exists()
    assert_same_as_first_build(app, settings)


PYPROJECT = '[project]\nname = "shop"\nversion = "1"\ndependencies = {}\n'


@pytest.mark.parametrize(
    ("more", "is_kept"),
    [
        pytest.param("", True, id="requirement"),
        pytest.param('[tool.uv]\nconstraint-dependencies = ["heavy>=1"]\n', False, id="setting-of-uv"),
        pytest.param('dynamic = ["readme"]\n', True, id="field-that-is-no-dependency"),
    ],
)
def test_package_stays_when_one_is_added_to_pyproject(
    rebuilt: Platform, settings: Mapping[str, str], more: str, is_kept: bool
) -> None:
    rebuilt.write({"handler.py": HANDLER, "pyproject.toml": PYPROJECT.format(["heavy<2"])})
    rebuilt.build_well(settings)
    rebuilt.restore()
    rebuilt.write({"pyproject.toml": PYPROJECT.format(["heavy<2", "orders"]) + more})
    assert (KEPT in rebuilt.build_well(settings).output) is is_kept
    assert_same_as_first_build(rebuilt, settings)


def test_package_that_another_one_adds_to_does_not_stay(app: Platform, settings: Mapping[str, str]) -> None:
    app.write({"requirements.txt": "heavy<2\nplugin\n"})
    assert KEPT not in app.build_well(settings).output
    assert not list(app.layers.glob("big-*"))
    assert_same_as_first_build(app, settings)


@pytest.mark.parametrize(
    ("requirements", "version"),
    [pytest.param("heavy>=2\n", "2.0", id="other-version"), pytest.param("heavy==1.0\n", "1.0", id="other-condition")],
)
def test_package_is_installed_anew(app: Platform, settings: Mapping[str, str], requirements: str, version: str) -> None:
    app.write({"requirements.txt": requirements})
    assert KEPT not in app.build_well(settings).output
    assert app.python("import heavy; print(heavy.VERSION)") == version
    assert_same_as_first_build(app, settings)


def test_setting_of_uv_in_the_project_counts(app: Platform, settings: Mapping[str, str]) -> None:
    app.write({"requirements.txt": "heavy<2\norders\n", "pyproject.toml": '[tool.uv.pip]\nresolution = "lowest"\n'})
    assert KEPT not in app.build_well(settings).output


def test_new_version_is_not_missed(app: Platform, wheels: Path, settings: Mapping[str, str]) -> None:
    """The packages of an earlier build do not affect the choice of versions."""
    shutil.copytree(wheels, app.app / "index")
    moving = {**settings, "PIP_FIND_LINKS": "index"}
    app.build_well(moving)
    app.restore()
    write_wheel(app.app / "index", "heavy", "1.1")
    app.write({"requirements.txt": "heavy<2\norders\n"})
    assert "   + heavy==1.1" in app.build_well(moving).section("Dependencies")
    assert_same_as_first_build(app, moving)


def test_package_that_is_gone_from_the_requirements_is_gone(app: Platform, settings: Mapping[str, str]) -> None:
    app.write({"requirements.txt": "orders\n"})
    app.build_well(settings)
    assert not list(app.layers.glob("big-*"))
    assert_same_as_first_build(app, settings)


def test_nothing_is_left_without_requirements(app: Platform, settings: Mapping[str, str]) -> None:
    (app.app / "requirements.txt").unlink()
    app.build_well(settings)
    assert not list(app.layers.glob("big-*"))


@pytest.mark.parametrize(
    "env",
    [
        pytest.param({"CNB_TARGET_DISTRO_VERSION": "14"}, id="distribution"),
        pytest.param({"UV_RESOLUTION": "lowest"}, id="setting"),
        pytest.param({"BP_CHECK_IMPORT": "true"}, id="files-needed"),
    ],
)
def test_package_of_another_environment_is_installed_anew(
    app: Platform, settings: Mapping[str, str], env: Mapping[str, str]
) -> None:
    result = app.build_well({**settings, **env})
    assert KEPT not in result.output
    assert MADE in result.section("Dependencies")


@pytest.mark.parametrize("restored", ["", "[metadata\n", "[metadata]\nversion = 1\n"])
def test_layer_of_another_release_is_made_anew(app: Platform, settings: Mapping[str, str], restored: str) -> None:
    (app.layers / "big-heavy.toml").write_text(restored)
    section = app.build_well(settings).section("Dependencies")
    assert "  - the list of packages in separate layers changed from heavy to none" in section
    assert MADE in section


def assert_same_as_first_build(app: Platform, settings: Mapping[str, str]) -> None:
    """Compare the build with one on an empty cache, except for layers that were reused from the last image."""
    built = contents(app.layers)
    shutil.rmtree(app.layers)
    app.layers.mkdir()
    app.build_well(settings)
    first = contents(app.layers)
    kept = {path.stem for path in app.layers.glob("big-*.toml")} - {name.split("/")[0] for name in built if "/" in name}
    wanted = {name: text for name, text in first.items() if name.split("/")[0] not in {*kept, "invoker"}}
    assert {name: text for name, text in built.items() if name.split("/")[0] != "invoker"} == wanted


def contents(layers: Path) -> dict[str, bytes]:
    """Return the content of every file by its path, except for those of the invoker."""
    files = (path for path in layers.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(layers)): path.read_bytes() for path in files if not path.name.startswith("invoker.")}
