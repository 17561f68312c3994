"""A project that is a package is installed itself, as `uv sync` does."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.unit.buildpack.sources import BACKEND
from tests.unit.buildpack.wheels import write_wheel

if TYPE_CHECKING:
    from tests.unit.buildpack.builds import Platform

ABOUT = '[project]\nname = "shop"\nversion = "1.2"\nrequires-python = ">=3.11"\ndependencies = []\n'
SCRIPT = '[project.scripts]\nshop = "shop.app:main"\n'
# uv contains this build backend.
UV_BUILD = '[build-system]\nrequires = ["uv_build"]\nbuild-backend = "uv_build"\n'
OWN_BACKEND = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
CODE = "PLACE = __file__\n\ndef handler(req):\n    return 'old'\n\ndef main():\n    print('runs')\n"
SOURCES = {"src/shop/__init__.py": "", "src/shop/app.py": CODE, "src/shop/data.txt": "data"}
UV_LOCK = """version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "shop"
version = "1.2"
source = {{ {} = "." }}
"""
PYLOCK_HEADER = 'lock-version = "1.0"\ncreated-by = "a test"\n\n'
PYLOCK_OF_ORDERS = '[[packages]]\nname = "orders"\nversion = "1.0"\nwheels = [{path = "packages/orders-1.0-py3-none-any.whl", hashes = {}}]\n'
PYLOCK = PYLOCK_HEADER + PYLOCK_OF_ORDERS
PYLOCK_OF_PROJECT = PYLOCK_HEADER + '[[packages]]\nname = "shop"\ndirectory = {path = ".", editable = true}\n'
HANDLER = {"PYTHON_HANDLER": "shop.app.handler"}
VERSION = "import importlib.metadata as m; print(m.version('shop'))"
INSTALLING = "Installing the project 'shop'."
REUSING = "Reusing layer 'project' from the last build."


def project(**more: str) -> dict[str, str]:
    return {"pyproject.toml": ABOUT + SCRIPT + UV_BUILD, **SOURCES, **more}


FORMATS = pytest.mark.parametrize(
    "files",
    [
        pytest.param({}, id="pyproject"),
        pytest.param({"uv.lock": UV_LOCK.format("editable")}, id="uv-lock"),
        pytest.param({"pylock.toml": PYLOCK}, id="pylock"),
        pytest.param({"pylock.toml": PYLOCK_OF_PROJECT}, id="pylock-with-the-project"),
        pytest.param({"requirements.txt": "."}, id="requirements"),
        pytest.param({"requirements.txt": "-e ."}, id="requirements-editable"),
    ],
)


@FORMATS
def test_metadata_and_entry_points_of_the_project(rebuilt: Platform, files: dict[str, str]) -> None:
    write_wheel(rebuilt.app / "packages", "orders", "1.0")
    rebuilt.write(project(**files))
    rebuilt.build_well(HANDLER)
    assert rebuilt.python(VERSION) == "1.2"
    assert rebuilt.python("import importlib.metadata as m; m.entry_points(name='shop')['shop'].load()()") == "runs"
    (script,) = {*rebuilt.layers.glob("*/bin/shop"), *rebuilt.layers.glob("*/venv/bin/shop")}
    assert (
        subprocess.run([script], cwd=rebuilt.app / "src", capture_output=True, text=True, check=True).stdout == "runs\n"
    )


@FORMATS
def test_change_of_the_project_reaches_the_image(rebuilt: Platform, files: dict[str, str]) -> None:
    write_wheel(rebuilt.app / "packages", "orders", "1.0")
    rebuilt.write(project(**files))
    rebuilt.build_well(HANDLER)
    rebuilt.write({"pyproject.toml": (ABOUT + SCRIPT + UV_BUILD).replace("1.2", "1.3")})
    rebuilt.write({name: text.replace('"1.2"', '"1.3"') for name, text in files.items()})
    rebuilt.build_well(HANDLER)
    assert rebuilt.python(VERSION) == "1.3"


@pytest.mark.parametrize(
    "lock", ["", PYLOCK_OF_PROJECT, PYLOCK_OF_PROJECT.replace("[[packages]]\n", f"{PYLOCK_OF_ORDERS}[[packages]]\n")]
)
def test_change_of_the_code_leaves_the_dependencies(rebuilt: Platform, lock: str) -> None:
    write_wheel(rebuilt.app / "packages", "orders", "1.0")
    rebuilt.write(project(**({"pylock.toml": lock} if lock else {})))
    rebuilt.build_well(HANDLER)
    assert REUSING in rebuilt.build_well(HANDLER).section("Dependencies")
    rebuilt.write({"src/shop/app.py": CODE.replace("old", "new")})
    section = rebuilt.build_well(HANDLER).section("Dependencies")
    assert "Reusing layer 'dependencies' from the last build." in section
    assert {"Not reusing layer 'project' from the last build:", "  - a file of the app changed", INSTALLING} <= {
        *section
    }


@pytest.mark.parametrize(
    "pyproject",
    [
        pytest.param(ABOUT, id="no-build-system"),
        pytest.param(f"{ABOUT}{UV_BUILD}[tool.uv]\npackage = false\n", id="package-is-false"),
        pytest.param(f"{ABOUT}{UV_BUILD}[tool.poetry]\npackage-mode = false\n", id="package-mode-of-poetry"),
        pytest.param(f"{ABOUT}{UV_BUILD}[tool.pdm]\ndistribution = false\n", id="distribution-of-pdm"),
        pytest.param(UV_BUILD, id="no-project"),
    ],
)
def test_project_that_is_no_package_is_not_installed(rebuilt: Platform, pyproject: str) -> None:
    rebuilt.write({"pyproject.toml": pyproject, "handler.py": "def handler(req): ..."})
    assert INSTALLING not in rebuilt.build_well().output
    assert not (rebuilt.layers / "project").exists()


def test_package_that_becomes_none_is_removed(rebuilt: Platform) -> None:
    rebuilt.write(project())
    rebuilt.build_well(HANDLER)
    rebuilt.write({"pyproject.toml": ABOUT})
    rebuilt.build_well(HANDLER)
    assert not (rebuilt.layers / "project.toml").exists()


def test_uv_lock_of_a_virtual_project(rebuilt: Platform) -> None:
    pyproject = f"{ABOUT}{UV_BUILD}[tool.uv]\npackage = false\n"
    rebuilt.write({"pyproject.toml": pyproject, "uv.lock": UV_LOCK.format("virtual"), **SOURCES})
    assert INSTALLING not in rebuilt.build_well(HANDLER).output


IN_LIB = {name.replace("src/", "lib/"): text for name, text in SOURCES.items()}
LIB = f'{ABOUT}{UV_BUILD}[tool.uv.build-backend]\nmodule-root = "lib"\n'


@pytest.mark.parametrize("requirements", ["", "-e .", "."])
def test_function_in_a_directory_that_only_the_package_names(rebuilt: Platform, requirements: str) -> None:
    rebuilt.write({"pyproject.toml": LIB, "requirements.txt": requirements, **IN_LIB})
    result = rebuilt.build_well(HANDLER)
    assert "Found it in lib/shop/app.py, line 3. It accepts HTTP requests: req." in result.section("Function")
    place = rebuilt.python("import shop.app; print(shop.app.PLACE)")
    assert place.startswith(str(rebuilt.app / "lib" if requirements == "-e ." else rebuilt.layers))


def test_function_of_a_package_is_checked_in_its_directory(rebuilt: Platform) -> None:
    rebuilt.write({"pyproject.toml": LIB, **IN_LIB})
    result = rebuilt.build({"PYTHON_HANDLER": "shop.app.handle"})
    assert "[Error: The function does not exist in its module]" in result.output
    assert "lib/shop/app.py does not define 'handle'" in result.output


def test_function_in_an_installed_package(rebuilt: Platform) -> None:
    more = {"orders_functions/__init__.py": "def handler(req): ..."}
    write_wheel(rebuilt.app / "packages", "orders-functions", "1.0", more=more)
    rebuilt.write({"requirements.txt": "--no-index\n--find-links packages\norders-functions\n"})
    for _ in range(2):
        result = rebuilt.build_well({"PYTHON_HANDLER": "orders_functions.handler"})
        line = "It cannot be checked, because its module is not in the app, but may be in an installed package."
        assert line in result.output
        rebuilt.restore()
    result = rebuilt.build({"PYTHON_HANDLER": "orders_functions.paid.handler"})
    assert (
        "There is no orders_functions/paid.py or orders_functions/paid/__init__.py in the app directory, in its 'src'"
        in (result.output)
    )


@pytest.mark.parametrize(
    ("files", "handler"),
    [
        pytest.param({"requirements.txt": "orders"}, "main.handler", id="no-similar-package"),
        pytest.param({"requirements.txt": "--find-links packages\norders"}, "main.handler", id="directory-of-packages"),
        pytest.param(project(), "shopp.handler", id="misspelt-module-of-the-project"),
        pytest.param(project(), "shop.ap.handler", id="misspelt-module-in-the-project"),
    ],
)
def test_module_that_no_package_can_contain_is_rejected_before_the_installation(
    rebuilt: Platform, files: dict[str, str], handler: str
) -> None:
    write_wheel(rebuilt.app / "packages", "orders", "1.0")
    rebuilt.write({"handler.py": "def handler(req): ...", **files})
    result = rebuilt.build({"PYTHON_HANDLER": handler})
    assert "[Error: The function's module does not exist]" in result.output
    assert "[Dependencies]" not in result.output


@pytest.mark.parametrize("lock", ["", PYLOCK_OF_PROJECT])
def test_project_without_its_build_backend_in_vendor(rebuilt: Platform, lock: str) -> None:
    write_wheel(rebuilt.app / "vendor", "orders", "1.0")
    rebuilt.write({"pylock.toml": lock} if lock else {})
    rebuilt.write(project(**{"pyproject.toml": ABOUT + UV_BUILD.replace("uv_build", "hatchling")}))
    for _ in range(2):
        section = rebuilt.build_well(HANDLER).section("Dependencies")
        assert section[-1] == "  pip download hatchling -d vendor"
        assert "error" not in "".join(section)


def test_error_of_the_build_backend_with_vendor_is_shown(rebuilt: Platform) -> None:
    write_wheel(rebuilt.app / "vendor", "orders", "1.0")
    rebuilt.write({"pyproject.toml": OWN_BACKEND + ABOUT, "backend.py": "raise SystemExit('no backend')", **SOURCES})
    output = rebuilt.build(HANDLER).output
    assert "no backend" in output
    assert "[Error: The project cannot be installed]" in output


@FORMATS
def test_project_is_installed_once(rebuilt: Platform, files: dict[str, str]) -> None:
    write_wheel(rebuilt.app / "packages", "orders", "1.0")
    rebuilt.write(project(**files))
    rebuilt.build_well(HANDLER)
    assert (
        rebuilt.python("import importlib.metadata as m; print([d.name for d in m.distributions()].count('shop'))")
        == "1"
    )


# A build backend that leaves intermediate results and a module of the package next to the sources.
LEAVES_FILES = f"""{BACKEND.replace("orders", "shop")}
build_package = build_wheel


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    for name in ("build/lib/shop.py", ".pdm-build/shop.py", "shop.egg-info/PKG-INFO", "_shop_version.py"):
        pathlib.Path(name).parent.mkdir(parents=True, exist_ok=True)
        pathlib.Path(name).touch()
    return build_package(wheel_directory)
"""


def test_files_that_the_build_backend_leaves_in_the_app(rebuilt: Platform) -> None:
    files = {"pyproject.toml": OWN_BACKEND + ABOUT, "backend.py": LEAVES_FILES, "shop.py": "def handler(req): ..."}
    rebuilt.write({**files, "shop.egg-info/PKG-INFO": "Name: shop\nVersion: 0.1\n"})
    rebuilt.build_well({"PYTHON_HANDLER": "shop.handler"})
    assert {path.name for path in rebuilt.app.iterdir()} == {*files, "__pycache__", "_shop_version.py"}
    assert rebuilt.python(VERSION) == "1.0"
    (rebuilt.app / "_shop_version.py").unlink()
    again = rebuilt.build_well({"PYTHON_HANDLER": "shop.handler"})
    assert "  - the build backend wrote files into the app (_shop_version.py)" in again.section("Dependencies")
    assert (rebuilt.app / "_shop_version.py").exists()


GENERATES = BACKEND.replace(
    '"orders.py": pathlib.Path("orders.py").read_text(),', '"shop/__init__.py": "", "shop/_fast.py": "VERSION = 1",'
)


def test_module_that_the_build_backend_generates_is_next_to_the_sources(rebuilt: Platform) -> None:
    rebuilt.write({"pyproject.toml": OWN_BACKEND + ABOUT, "backend.py": GENERATES.replace("orders", "shop")})
    rebuilt.write({"src/shop/__init__.py": "", "src/shop/app.py": "def handler(req): ..."})
    for _ in range(2):
        rebuilt.build_well(HANDLER)
        assert (rebuilt.app / "src" / "shop" / "_fast.py").is_file()
        (rebuilt.app / "src" / "shop" / "_fast.py").unlink()


def test_version_in_a_variable_is_an_input_of_the_installation(rebuilt: Platform) -> None:
    rebuilt.write(project())
    for version in ("1.0", "1.1"):
        result = rebuilt.build_well({**HANDLER, "SETUPTOOLS_SCM_PRETEND_VERSION": version})
        assert INSTALLING in result.section("Dependencies")


def test_version_of_a_repository_is_determined_in_every_build(rebuilt: Platform) -> None:
    dynamic = ABOUT.replace('version = "1.2"', 'dynamic = ["version"]')
    rebuilt.write({"pyproject.toml": OWN_BACKEND + dynamic, "backend.py": BACKEND.replace("orders", "shop")})
    rebuilt.write({"shop.py": "def handler(req): ...", ".git/HEAD": ""})
    for _ in range(2):
        section = rebuilt.build_well({"PYTHON_HANDLER": "shop.handler"}).section("Dependencies")
    assert "  - the version of the project may come from its Git repository" in section
