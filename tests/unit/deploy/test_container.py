"""How the image of an app is made, and the files that are added for it and for Cloud Functions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from funcpack.check.local import inspect
from funcpack.deploy.packing import container, invoker_wheel
from funcpack.deploy.packing.archive import files_of_function, pack
from funcpack.deploy.packing.entry_module import ENTRY_MODULE_FILE, entry
from funcpack.deployment_errors import GeneratedFileError, LockExportError, ProcfileError, UnknownDependenciesError
from funcpack_invoker import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcpack.check.local import Inspection

UV = str(Path(sys.executable).with_name("uv"))
HANDLER = "def handler(req):\n    return 'hello'\n"


def project(directory: Path, files: Mapping[str, str]) -> Inspection:
    for name, content in {"handler.py": HANDLER, **files}.items():
        (directory / name).write_text(content)
    return inspect(directory, None, {})


KINDS: dict[str, tuple[dict[str, str], str, str]] = {
    "Dockerfile": ({"Dockerfile": "FROM x"}, "dockerfile", "Using the Dockerfile"),
    "Procfile": ({"Procfile": "# comment\nweb: x\n"}, "procfile", "Using the Procfile"),
    "both": ({"Dockerfile": "FROM x", "Procfile": "no web"}, "dockerfile", "the Procfile has no effect"),
    "neither": ({}, "default", "neither a Dockerfile nor a Procfile"),
}


@pytest.mark.parametrize(("files", "kind", "note"), KINDS.values(), ids=KINDS)
def test_kind_of_build(tmp_path: Path, files: dict[str, str], kind: str, note: str) -> None:
    source = container.source(tmp_path, project(tmp_path, files))
    assert source.kind == kind
    assert note in source.notes[0]
    assert bool(source.extra) == (kind == "default")


@pytest.mark.parametrize("text", ["", "worker: x\n", "web:\n", "web :  \nworker: x\n", " # web: x\n"])
def test_procfile_without_web_is_an_error(tmp_path: Path, text: str) -> None:
    inspection = project(tmp_path, {"Procfile": text})
    with pytest.raises(ProcfileError):
        container.source(tmp_path, inspection)


@pytest.mark.parametrize("text", ["web: gunicorn -b :$PORT app\n", "worker: x\nweb:gunicorn -b :$PORT app  \r\n"])
def test_procfile_names_what_the_container_starts(tmp_path: Path, text: str) -> None:
    source = container.source(tmp_path, project(tmp_path, {"Procfile": text}))
    assert source.command == ("/cnb/lifecycle/launcher", "--", "sh", "-c", "exec gunicorn -b :$PORT app")


def test_default_dockerfile_stands_in_the_archive_alone(tmp_path: Path) -> None:
    inspection = project(tmp_path, {".dockerignore": "*", ".python-version": "3.12"})
    source = container.source(tmp_path, inspection)
    before = sorted(tmp_path.iterdir())
    upload = pack(tmp_path, extra=source.extra, excluded=source.excluded, required=files_of_function(inspection))
    assert upload.files == (
        ".python-version",
        "Dockerfile",
        f"funcpack-generated/funcpack_invoker-{__version__}-py3-none-any.whl",
        "funcpack-generated/invoker-requirements.txt",
        "handler.py",
    )
    assert sorted(tmp_path.iterdir()) == before
    dockerfile = source.extra["Dockerfile"].decode()
    assert "FROM python:3.12-slim\n" in dockerfile
    assert dockerfile.endswith('USER 1000:1000\nCMD ["python", "-P", "-m", "funcpack_invoker", "handler.handler"]\n')
    assert "&& pip check" not in dockerfile


PYPROJECT = '[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = []\n'
WITH_DEPENDENCIES = PYPROJECT.replace("[]", '["idna>=3"]')
UV_LOCK = """\
version = 1
revision = 3
requires-python = ">=3.11"

[[package]]
name = "app"
version = "1"
source = { virtual = "." }
dependencies = [{ name = "idna" }]

[package.metadata]
requires-dist = [{ name = "idna", specifier = ">=3" }]

[[package]]
name = "idna"
version = "3.10"
source = { registry = "https://pypi.org/simple" }
wheels = [
    { url = "https://example.com/idna-3.10-py3-none-any.whl", hash = "sha256:%s" },
]
""" % ("1" * 64)
PYLOCK = """\
lock-version = "1.0"
created-by = "test"

[[packages]]
name = "idna"
version = "3.10"

[[packages.wheels]]
url = "https://example.com/idna-3.10-py3-none-any.whl"
hashes = { sha256 = "%s" }

[[packages]]
name = "own"
directory = { path = "own" }
""" % ("1" * 64)
PINNED = f"idna==3.10 --hash=sha256:{'1' * 64}"

DEPENDENCIES: dict[str, tuple[dict[str, str], str | None]] = {
    "nothing": ({}, None),
    "requirements.txt": ({"requirements.txt": "idna\n"}, None),
    "requirements.txt and a lock": (
        {"requirements.txt": "idna\n", "pyproject.toml": PYPROJECT, "uv.lock": UV_LOCK},
        None,
    ),
    "pyproject.toml": ({"pyproject.toml": WITH_DEPENDENCIES}, "idna>=3\n"),
    "uv.lock": ({"pyproject.toml": WITH_DEPENDENCIES, "uv.lock": UV_LOCK}, f"{PINNED}\n"),
    "pylock.toml": ({"pylock.toml": PYLOCK}, f"{PINNED}\n./own\n"),
}


@pytest.mark.parametrize(("files", "expected"), DEPENDENCIES.values(), ids=DEPENDENCIES)
def test_dependencies_that_only_uv_reads_become_requirements(
    tmp_path: Path, files: dict[str, str], expected: str | None
) -> None:
    (tmp_path / "own").mkdir()
    inspection = project(tmp_path, files)
    for content, name in (
        (entry(inspection), "requirements.txt"),
        (container.source(tmp_path, inspection).extra, "funcpack-generated/requirements.txt"),
    ):
        found = content.get(name)
        assert (found and found.decode().replace(" \\\n    ", " ")) == expected
    installs = (
        "requirements.txt"
        in container.source(tmp_path, inspection).extra["Dockerfile"].decode().partition("COPY . .")[2]
    )
    assert installs == bool(files)


def test_empty_requirements_txt_that_google_would_use_is_an_error(tmp_path: Path) -> None:
    inspection = project(tmp_path, {"requirements.txt": "# nothing\n", "pyproject.toml": WITH_DEPENDENCIES})
    with pytest.raises(GeneratedFileError, match=r"requirements\.txt"):
        pack(tmp_path, extra=entry(inspection))


def test_dependencies_that_only_a_build_backend_knows_are_an_error(tmp_path: Path) -> None:
    text = '[build-system]\nrequires = ["x"]\n[project]\nname = "app"\nversion = "1"\ndynamic = ["dependencies"]\n'
    inspection = project(tmp_path, {"pyproject.toml": text})
    with pytest.raises(UnknownDependenciesError):
        entry(inspection)


def test_lock_that_uv_cannot_read_is_an_error(tmp_path: Path) -> None:
    inspection = project(tmp_path, {"pyproject.toml": PYPROJECT, "uv.lock": "version = 1\nrequires-python = 1\n"})
    with pytest.raises(LockExportError, match=r"uv\.lock"):
        entry(inspection)


def test_entry_module_is_the_same_for_the_same_function(tmp_path: Path) -> None:
    first = entry(project(tmp_path, {"main.py": HANDLER}))
    assert entry(inspect(tmp_path, None, {})) == first
    other = entry(inspect(tmp_path, "main.handler", {}))
    assert {name for name in first if first[name] != other[name]} == {ENTRY_MODULE_FILE}
    assert first.keys() == other.keys()
    assert not any("__pycache__" in name for name in first)


def test_wheel_is_one_that_installers_accept(tmp_path: Path) -> None:
    wheel = tmp_path / invoker_wheel.FILE_NAME
    wheel.write_bytes(invoker_wheel.invoker_wheel())
    assert wheel.read_bytes() == invoker_wheel.invoker_wheel()
    target = tmp_path / "target"
    install = [UV, "pip", "install", "-q", "--no-deps", "--offline", "--target", str(target)]
    subprocess.run([*install, "--python", sys.executable, str(wheel)], check=True)
    program = "import importlib.metadata as m, funcpack_invoker; print(m.version('funcpack-invoker'), funcpack_invoker.__file__)"
    command = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(target)!r}); {program}"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.split() == [__version__, str(target / "funcpack_invoker" / "__init__.py")]
