"""Environments of functions on this machine, made by the real uv. Most tests need no network."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uv

from funcpack.check.local import inspect
from funcpack.command_errors import CacheDirectoryError, InvokerPackagesError, PackagesError
from funcpack.environments import cache, invoker, pythons
from funcpack.environments.environment import Environment, provide
from funcpack.errors import InvokerConflictError, MissingModuleError, PythonVersionEndedError, render
from tests import other_python
from tests.images.package_index import PASSWORD, USER, private_index_server
from tests.unit.buildpack.sources import package
from tests.unit.buildpack.test_locked import PROJECT, pylock, uv_lock
from tests.unit.buildpack.wheels import write_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT = Path(__file__).parents[3]
OWN = pythons.own_interpreter().version
OWN_MINOR = ".".join(map(str, sys.version_info[:2]))
DEADLINE = 60

PROVIDE = """
import os, sys
from pathlib import Path
from funcpack.check.local import inspect
from funcpack.environments.environment import provide
print(provide(inspect(Path(sys.argv[1]), None, os.environ), python=sys.argv[2], report=lambda line: None).python)
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine without a network, and the app of a function on it. `lines` are those of the last report."""

    app: Path
    cache: Path
    lines: list[str]

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.app / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def provide(self, python: str | None = OWN_MINOR, handler: str | None = None) -> Environment:
        self.lines.clear()
        return provide(inspect(self.app, handler, os.environ), python=python, report=self.lines.append)

    def run(self, environment: Environment, *arguments: str) -> str:
        """Run the environment's Python in the app directory, and return its output."""
        done = subprocess.run(
            [environment.python, "-P", *arguments], cwd=self.app, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def evaluate(self, environment: Environment, module: str, expression: str) -> str:
        return self.run(environment, "-c", f"import {module}; print({expression})")

    def entries(self) -> list[Path]:
        return sorted((self.cache / "funcpack" / "environments").iterdir())


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    for name in [name for name in os.environ if name.startswith(("UV_", "PIP_", "BP_", "PYTHON_HANDLER"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    machine = Machine(tmp_path / "app", tmp_path / "cache", [])
    machine.write({"handler.py": "def handler(req): ...\n"})
    return machine


def test_function_without_dependencies_starts_without_an_index(machine: Machine) -> None:
    environment = machine.provide()
    assert machine.lines == []
    assert machine.run(environment, "-m", "funcpack_invoker", "check").splitlines() == [
        f"handler.handler ({machine.app}/handler.py) takes HTTP requests and runs on threads.",
        "  req: the request, a flask.Request",
    ]


def test_other_packages_of_the_tool_are_not_in_the_environment(machine: Machine) -> None:
    names = machine.evaluate(
        machine.provide(), "importlib.metadata as m", "*sorted(d.name.lower() for d in m.distributions())"
    ).split()
    assert {"flask", "funcpack-invoker", "werkzeug"} <= set(names)
    assert set(names).isdisjoint({"funcpack", "httpx", "pip", "pytest", "rich", "uv"})


def vendored(machine: Machine, version: str = "1.0") -> None:
    write_wheel(machine.app / "vendor", "orders", version)


@pytest.mark.parametrize("file", ["requirements.txt", "pyproject.toml", "uv.lock", "pylock.toml"])
def test_packages_of_each_format(file: str, machine: Machine) -> None:
    wheel = write_wheel(machine.app / "vendor", "orders", "1.0")
    locks = {
        "uv.lock": {"pyproject.toml": PROJECT, "uv.lock": uv_lock(wheel)},
        "pylock.toml": {"pylock.toml": pylock(wheel)},
    }
    machine.write(locks.get(file, {file: PROJECT if file == "pyproject.toml" else "orders==1.0\n"}))
    environment = machine.provide()
    assert machine.lines[0] == f"Installing the packages in {file}"
    assert machine.evaluate(environment, "orders", "orders.VERSION") == "1.0"


def test_packages_of_a_lock_of_uv_with_local_sources(machine: Machine) -> None:
    project = f'{PROJECT}[tool.uv.sources]\norders = {{ path = "lib/orders" }}\n'
    machine.write({**package("lib/orders"), "pyproject.toml": project})
    subprocess.run([uv.find_uv_bin(), "lock", "--python", OWN_MINOR], cwd=machine.app, check=True, capture_output=True)
    for version in ("1.0", "2.0"):
        machine.write({"lib/orders/orders.py": f'VERSION = "{version}"\n'})
        assert machine.evaluate(machine.provide(), "orders", "orders.VERSION") == version
        assert machine.lines[0] == "Installing the packages in uv.lock"


def test_second_start_runs_nothing(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    vendored(machine)
    machine.write({"requirements.txt": "orders\n"})
    first = machine.provide()
    assert machine.lines == ["Installing the packages in requirements.txt", *machine.lines[1:-1], "   + orders==1.0"]
    monkeypatch.setenv("UV_CACHE_DIR", "/dev/null/uv")  # uv would fail
    monkeypatch.delenv("UV_OFFLINE")
    assert machine.provide() == first
    assert machine.lines == []


def test_changed_requirement_leads_to_another_environment(machine: Machine) -> None:
    for version in ("1.0", "2.0"):
        vendored(machine, version)
    found = {}
    for version in ("1.0", "2.0", "1.0"):
        machine.write({"requirements.txt": f"orders=={version}\n"})
        environment = machine.provide()
        found[environment.digest] = machine.evaluate(environment, "orders", "orders.VERSION")
    assert list(found.values()) == ["1.0", "2.0"]


def test_changed_sources_of_a_local_package_are_installed_again(machine: Machine) -> None:
    machine.write({**package("lib/orders"), "requirements.txt": "./lib/orders\n"})
    for version in ("1.0", "2.0"):
        machine.write({"lib/orders/orders.py": f'VERSION = "{version}"\n'})
        assert machine.evaluate(machine.provide(), "orders", "orders.VERSION") == version


def test_project_that_is_a_package_is_installed(machine: Machine) -> None:
    machine.write(package("."))
    environment = machine.provide()
    assert machine.evaluate(environment, "importlib.metadata as m", "m.version('orders')") == "1.0"
    written = {path.name for path in machine.app.iterdir()} - {"__pycache__"}
    assert written == {"backend.py", "handler.py", "orders.py", "pyproject.toml"}


def test_packages_of_the_function_come_before_those_of_the_invoker(machine: Machine) -> None:
    write_wheel(machine.app / "vendor", "blinker", "1.9.1")
    machine.write({"requirements.txt": "blinker\n"})
    assert machine.evaluate(machine.provide(), "blinker", "blinker.VERSION") == "1.9.1"


def test_scripts_run_with_the_environment(machine: Machine) -> None:
    entry_points = {"orders-1.0.dist-info/entry_points.txt": "[console_scripts]\nshow = orders:show\n"}
    module = {"orders.py": "import sys\ndef show(): print(sys.prefix)\n"}
    write_wheel(machine.app / "vendor", "orders", "1.0", more=entry_points | module)
    machine.write({"requirements.txt": "orders\n"})
    script = machine.provide().python.with_name("show")
    assert subprocess.run([script], capture_output=True, text=True, check=True).stdout.strip() == str(script.parents[1])


def test_conflict_with_the_invoker(machine: Machine) -> None:
    write_wheel(machine.app / "vendor", "werkzeug", "1.0")
    machine.write({"requirements.txt": "werkzeug\n"})
    with pytest.raises(InvokerConflictError) as caught:
        machine.provide()
    assert "  funcpack-invoker requires werkzeug>=2.3.7, but requirements.txt installs werkzeug 1.0" in render(
        caught.value
    )


def test_package_that_cannot_be_installed(machine: Machine) -> None:
    machine.write({"requirements.txt": "orders\n"})
    with pytest.raises(PackagesError) as caught:
        machine.provide()
    assert caught.value.title == "The package index is not reachable"
    assert "pack build" not in caught.value.remedy
    assert machine.entries() == []


def test_function_in_no_installed_package(machine: Machine) -> None:
    vendored(machine)
    machine.write({"requirements.txt": "orders\n"})
    with pytest.raises(MissingModuleError):
        machine.provide(handler="orders.handlers.handle")


def test_pip_configuration_of_the_user(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_wheel(tmp_path / "wheels", "orders", "1.0")
    (tmp_path / "pip.conf").write_text(f"[global]\nfind-links = {tmp_path / 'wheels'}\n[install]\nno-index = true\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    machine.write({"requirements.txt": "orders\n"})
    assert machine.evaluate(machine.provide(), "orders", "orders.VERSION") == "1.0"


def test_uv_configuration_of_the_user(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_wheel(tmp_path / "wheels", "orders", "1.0")
    (tmp_path / "uv.toml").write_text(f'find-links = ["{tmp_path / "wheels"}"]\nno-index = true\n')
    monkeypatch.setenv("UV_CONFIG_FILE", str(tmp_path / "uv.toml"))
    machine.write({"requirements.txt": "orders\n"})
    assert machine.evaluate(machine.provide(), "orders", "orders.VERSION") == "1.0"


@pytest.fixture
def private_index(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An index with the package `orders`, which requires credentials, and a function that requires the package."""
    wheel = write_wheel(tmp_path / "index" / "simple" / "orders", "orders", "1.0")
    (wheel.parent / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')
    machine.write({"requirements.txt": "orders\n"})
    monkeypatch.delenv("UV_OFFLINE")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with private_index_server(tmp_path / "index") as host:
        monkeypatch.setenv("PIP_INDEX_URL", f"http://{host}/simple")
        yield


@pytest.mark.usefixtures("private_index")
def test_netrc_of_the_user(machine: Machine, tmp_path: Path) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text(f"machine 127.0.0.1 login {USER} password {PASSWORD}\n")
    netrc.chmod(0o600)
    assert machine.evaluate(machine.provide(), "orders", "orders.VERSION") == "1.0"
    assert PASSWORD not in "".join(machine.lines)


@pytest.mark.usefixtures("private_index")
def test_index_that_rejects_the_user(machine: Machine) -> None:
    with pytest.raises(PackagesError) as caught:
        machine.provide()
    assert caught.value.title == "The package index rejected the credentials"
    assert "~/.netrc" in caught.value.remedy


@pytest.mark.usefixtures("private_index")
def test_package_that_does_not_exist(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", os.environ["PIP_INDEX_URL"].replace("//", f"//{USER}:{PASSWORD}@"))
    machine.write({"requirements.txt": "ordders\n"})
    with pytest.raises(PackagesError) as caught:
        machine.provide()
    assert caught.value.title == "A package does not exist in the package index"
    assert PASSWORD not in "".join(machine.lines)


def test_environment_without_its_python_is_created_again(machine: Machine) -> None:
    environment = machine.provide()
    environment.python.unlink()
    environment.python.symlink_to("/nowhere/python")
    assert machine.provide() == environment
    assert environment.python.exists()


def test_unused_environments_are_removed(machine: Machine) -> None:
    unused = machine.provide()
    left = unused.python.parents[3] / ".new-killed"
    left.mkdir()
    for path, days in ((unused.python.parents[2], 31), (left, 2)):
        last_use = time.time() - days * 86_400
        os.utime(path, (last_use, last_use))
    vendored(machine)
    machine.write({"requirements.txt": "orders\n"})
    used = machine.provide()
    assert machine.entries() == [used.python.parents[2]]


def start(machine: Machine) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROVIDE, str(machine.app), OWN_MINOR]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)


# A build backend that waits for a file, and that says when it does.
WAITING = """
import pathlib, time

app = pathlib.Path({app!r})
(app / "waiting").touch()
while not (app / "go").exists():
    time.sleep(0.01)
"""


def waiting_project(machine: Machine) -> None:
    files = package("lib/orders")
    files["lib/orders/backend.py"] = WAITING.format(app=str(machine.app)) + files["lib/orders/backend.py"]
    machine.write({**files, "requirements.txt": "./lib/orders\n"})


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + DEADLINE
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} did not appear"
        time.sleep(0.01)


def test_killed_process_leaves_nothing_broken(machine: Machine) -> None:
    waiting_project(machine)
    process = start(machine)
    wait_for(machine.app / "waiting")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=DEADLINE)
    assert [path.name[:5] for path in machine.entries()] == [".new-"]
    (machine.app / "go").touch()
    assert machine.evaluate(machine.provide(), "orders", "orders.VERSION") == "1.0"


def test_two_processes_at_once(machine: Machine) -> None:
    waiting_project(machine)
    processes = [start(machine), start(machine)]
    try:
        wait_for(machine.app / "waiting")
        (machine.app / "go").touch()
        pythons_found = {process.communicate(timeout=DEADLINE)[0].strip() for process in processes}
    finally:
        for process in processes:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert pythons_found == {str(machine.provide().python)}
    assert machine.lines == []
    assert len(machine.entries()) == 1


@pytest.mark.parametrize("home", [None, "/dev/null"])
def test_cache_without_a_home_directory(
    home: str | None, machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delenv("HOME") if home is None else monkeypatch.setenv("HOME", home)
    assert machine.provide().python.is_relative_to(tmp_path / f"funcpack-{os.getuid()}")


def test_cache_that_cannot_be_written(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")
    with pytest.raises(CacheDirectoryError):
        machine.provide()


@pytest.mark.parametrize("mode", [0o777, 0o720])
def test_temporary_cache_that_others_can_write_is_rejected(
    mode: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    cache.directory({}).chmod(mode)
    with pytest.raises(CacheDirectoryError):
        cache.directory({})


def test_python_that_is_not_supported(machine: Machine) -> None:
    with pytest.raises(PythonVersionEndedError) as caught:
        machine.provide("3.9")
    assert caught.value.remedy.startswith("Set --python to a supported version")


def other_minor() -> str:
    return Path(other_python.command()).name.removeprefix("python")


def test_another_python_gets_the_locked_packages_of_the_invoker(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UV_OFFLINE")
    monkeypatch.delenv("UV_CACHE_DIR")
    version = other_minor()
    environment = machine.provide(version)
    assert f"Installing the packages of the invoker for Python {version}" in machine.lines[0]
    assert machine.evaluate(environment, "sys", "*sys.version_info[:2], sep='.'") == version
    assert machine.run(environment, "-m", "funcpack_invoker", "check").startswith("handler.handler")


def test_another_python_without_an_index(machine: Machine) -> None:
    with pytest.raises(InvokerPackagesError):
        machine.provide(other_minor())


def test_without_a_request_the_own_python_is_enough(machine: Machine) -> None:
    environment = machine.provide(None)
    assert machine.run(environment, "-m", "funcpack_invoker", "check").startswith("handler.handler")
    assert machine.evaluate(environment, "sys", "*sys.version_info[:2], sep='.'") == OWN_MINOR


def test_requirements_of_the_invoker_are_those_of_its_project_file() -> None:
    import tomllib

    from packaging.requirements import Requirement

    project = tomllib.loads((ROOT / "invoker" / "pyproject.toml").read_text())["project"]
    assert tuple(sorted(Requirement(text).name for text in project["dependencies"])) == invoker.REQUIREMENTS
    lines = (ROOT / "requirements" / "cli.in").read_text().splitlines()
    assert set(project["dependencies"]) <= set(lines)
