"""The choice of the Python for a function on this machine, by the real uv and without a network."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uv as uv_package

from funcpack.buildpack.install.uv import Uv
from funcpack.buildpack.platform.log import Log
from funcpack.check.other_python import search_path
from funcpack.command_errors import NoPythonError
from funcpack.environments import pythons, settings
from funcpack.errors import PythonVersionUnknownError
from funcpack.project.python_request import PythonRequest
from funcpack.project.settings import Setting
from funcpack.project.supported_pythons import DEFAULT
from tests import other_python, python_mirror

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.python_mirror import Mirror

OWN = pythons.own_interpreter()
OWN_MINOR = ".".join(map(str, OWN.numbers[:2]))


def request_for(text: str) -> PythonRequest:
    return PythonRequest.parse(Setting(text, "--python"))


@pytest.fixture
def uv(tmp_path: Path) -> Uv:
    """A uv that finds no Python, on a machine without a network."""
    (tmp_path / "bin").mkdir()
    variables = {
        "PATH": str(tmp_path / "bin"),
        "HOME": str(tmp_path),
        "UV_CACHE_DIR": str(tmp_path / "cache"),
        "UV_OFFLINE": "1",
        "UV_PYTHON_INSTALL_DIR": str(tmp_path / "pythons"),
    }
    return Uv(Path(uv_package.find_uv_bin()), variables, tmp_path)


@pytest.fixture(scope="session")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Mirror, str]]:
    """A mirror that offers another Python than that of these tests, and the version."""
    directory = tmp_path_factory.mktemp("mirror")
    python = Path(other_python.command()).resolve()
    version = subprocess.run([python, "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    python_mirror.pack(python, directory / "cpython.tar.gz")
    (directory / "root").mkdir()
    with python_mirror.serving(directory / "root") as mirror:
        mirror.publish(directory / "cpython.tar.gz", version)
        yield mirror, version


def test_own_python_needs_no_uv(tmp_path: Path) -> None:
    missing = Uv(tmp_path / "uv", {}, tmp_path)
    assert pythons.choose(request_for(OWN_MINOR), missing, Log()) == OWN


def test_own_interpreter_is_not_that_of_the_virtual_environment() -> None:
    program = "import sys; print(sys.prefix == sys.base_prefix, *sys.version_info[:3])"
    done = subprocess.run([OWN.path, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", *map(str, sys.version_info[:3])]


def test_installed_python(uv: Uv) -> None:
    command = Path(other_python.command())
    (Path(uv.env["PATH"]) / command.name).symlink_to(command)
    chosen = pythons.choose(request_for(command.name.removeprefix("python")), uv, Log())
    assert f"python{'.'.join(map(str, chosen.numbers[:2]))}" == command.name
    assert chosen.path.exists()
    exact = pythons.choose(request_for(chosen.version), uv, Log())
    assert exact == chosen


@pytest.mark.parametrize("request_", [None, request_for(f">={OWN_MINOR},<4")])
def test_own_python_stands_in_for_that_of_the_image(request_: PythonRequest | None, uv: Uv) -> None:
    log = io.StringIO()
    assert pythons.choose(request_, uv, Log(log)) == OWN
    shown = ".".join(map(str, DEFAULT))
    expected = (
        f"Using Python {OWN.version}, which runs Funcpack. The image will have Python {shown}. To use that version here, write it to"
        f" .python-version, or use 'funcpack run --python {shown}'.\n"
    )
    assert log.getvalue() == ("" if OWN.numbers[:2] == DEFAULT else expected)


def test_project_without_a_request_needs_no_uv(tmp_path: Path) -> None:
    assert pythons.choose(None, Uv(tmp_path / "uv", {}, tmp_path), Log(io.StringIO())) == OWN


def test_python_is_downloaded(uv: Uv, mirror: tuple[Mirror, str]) -> None:
    server, version = mirror
    log = io.StringIO()
    online = Uv(uv.executable, {**uv.env, **server.variables, "UV_OFFLINE": "0"}, uv.cwd)
    chosen = pythons.choose(request_for(version), online, Log(log))
    assert chosen.version == version
    assert chosen.path.is_relative_to(uv.env["UV_PYTHON_INSTALL_DIR"])
    assert log.getvalue().splitlines()[0] == f"Downloading Python {version}."


def test_python_that_cannot_be_downloaded(uv: Uv, mirror: tuple[Mirror, str]) -> None:
    server, version = mirror
    elsewhere = {**server.variables, "UV_PYTHON_INSTALL_MIRROR": f"{server.url}/elsewhere", "UV_OFFLINE": "0"}
    online = Uv(uv.executable, {**uv.env, **elsewhere}, uv.cwd)
    with pytest.raises(NoPythonError) as caught:
        pythons.choose(request_for(version), online, Log(io.StringIO()))
    assert (caught.value.version, caught.value.own) == (version, OWN.version)


def test_python_that_does_not_exist(uv: Uv) -> None:
    with pytest.raises(PythonVersionUnknownError):
        pythons.choose(request_for(f"{OWN_MINOR}.39"), uv, Log())


def test_pythons_of_pyenv_are_on_the_search_path(tmp_path: Path) -> None:
    for version in ("2.7.18", "3.12.1", "3.13.0"):
        (tmp_path / "versions" / version / "bin").mkdir(parents=True)
    expected = f"/bin:{tmp_path}/versions/3.12.1/bin:{tmp_path}/versions/3.13.0/bin"
    assert search_path({"PATH": "/bin", "PYENV_ROOT": str(tmp_path)}) == expected


def test_home_directory_of_another_user_has_no_pythons_and_no_settings() -> None:
    # Root can read all directories, but not one with a name of this length.
    home = "/" + "x" * 300
    assert search_path({"PATH": "/bin", "HOME": home}) == "/bin"
    assert pythons.visible_pythons({"PATH": "/does/not/exist", "HOME": home}) == []
    assert settings.pip_variables({"HOME": home}) == settings.pip_variables({"HOME": "/does/not/exist"})
