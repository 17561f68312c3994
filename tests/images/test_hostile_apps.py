"""Unusual and hostile apps are built and served correctly."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from images.recipe import BUILD, GROUP_ID
from tools.places import BUILDER_IMAGE

if TYPE_CHECKING:
    from pathlib import Path

    from tests.images.conftest import MakeApp, Workshop

SHADOWING = ("sitecustomize", "usercustomize", "typing", "gunicorn", "invoker", "funcpack_invoker", "handlers")
# What is imported of a name that the app has too: the app's own only where nobody else has it.
HANDLER = """\
import importlib
import os
import typing

import flask


def handler(req):
    return {
        "file": typing.__file__,
        "flask": flask.__file__,
        "handlers": importlib.import_module("handlers").OWN,
        "files": len(os.listdir("data")),
        "größe": os.stat("große Datei.bin").st_size,
        "links": sorted(name for name in os.listdir("links") if os.path.exists(f"links/{name}")),
    }
"""
# Without clear-env in buildpack.toml, the loader obeys LD_PRELOAD, and bin/python finds its Python on PATH.
PROJECT = """\
[_]
schema-version = "0.2"

[[io.buildpacks.build.env]]
name = "LD_PRELOAD"
value = "/workspace/library.so"

[[io.buildpacks.build.env]]
name = "PATH"
value = "/workspace"
"""
MANY = 10_000
LARGE = 200 * 2**20


@pytest.fixture(scope="module")
def app(make_app: MakeApp) -> Path:
    """One app with all hostile files, in a directory with spaces and umlauts in its name."""
    shadowing = {f"{name}.py": "OWN = True\nprint('shadows')\n" for name in SHADOWING}
    app = make_app({"handler.py": HANDLER, **shadowing})
    app = app.rename(app.with_name("Größe und Maß 'x'"))
    make_app({f"data/{number}.txt": "" for number in range(MANY)}, app)
    with (app / "große Datei.bin").open("wb") as file:
        file.truncate(LARGE)
    (app / "links").mkdir()
    for name, target in {"out": "/etc", "host": "/etc/hostname-of-nobody", "up": "../..", "loop": "loop"}.items():
        (app / "links" / name).symlink_to(target)
    return app


def test_it_is_built_and_served(workshop: Workshop, app: Path) -> None:
    image = workshop.build(app).image
    with workshop.run(image) as function:
        answer = function.request("GET", "/")
        logs = function.logs()

    assert answer.status == 200, logs
    assert json.loads(answer.body) == {
        "file": "/usr/lib/python3.13/typing.py",
        "flask": "/layers/funcpack_python/invoker/venv/lib/python3.13/site-packages/flask/__init__.py",
        "handlers": True,
        "files": MANY,
        "größe": LARGE,
        "links": ["out", "up"],
    }
    assert logs.count("shadows") == 1  # handlers.py, which the function itself imports


def test_variables_of_the_project_do_not_affect_the_buildpack(workshop: Workshop, make_app: MakeApp) -> None:
    app = make_app(
        {"handler.py": "def handler(req): ...\n", "project.toml": PROJECT, "python3.15": "#!/bin/sh\nexit 100\n"}
    )
    (app / "python3.15").chmod(0o755)
    log = workshop.build(app, "--env", "PATH=/workspace").log  # which replaces the one of the workshop
    assert "library.so" not in log
    assert "Warning: ignoring LD_PRELOAD, PATH of the project" in log


# Prints the attempts to change the app or a layer that succeed.
WRITES = """\
import os

ATTEMPTS = {
    "write": lambda: open("/workspace/handler.py", "a"),
    "create": lambda: open("/workspace/new.py", "w"),
    "create below": lambda: open("/workspace/data/new.py", "w"),
    "replace": lambda: os.rename("/workspace/data/new.txt", "/workspace/handler.py"),
    "remove": lambda: os.unlink("/workspace/data/old.txt"),
    "compile": lambda: open("/workspace/__pycache__/handler.cpython-313.pyc", "a"),
    "open up": lambda: os.chmod("/workspace", 0o777),
    "move": lambda: os.rename("/workspace", "/moved"),
    "create layer": lambda: open("/layers/new", "w"),
    "create in layer": lambda: open("/layers/funcpack_python/invoker/new", "w"),
}
for name, attempt in ATTEMPTS.items():
    try:
        attempt()
    except PermissionError:
        continue
    print(name)
"""


@pytest.mark.parametrize(
    "options", [(), ("--trust-builder=false", "--lifecycle-image", BUILDER_IMAGE)], ids=["trusted", "untrusted"]
)
def test_the_function_cannot_change_the_app(workshop: Workshop, make_app: MakeApp, options: tuple[str, ...]) -> None:
    app = make_app({"handler.py": "def handler(req): ...\n", "data/new.txt": "", "data/old.txt": ""})
    for path in (app, *app.rglob("*")):
        path.chmod(0o777)
    image = workshop.build(app, *options).image

    def attempts(*user: str) -> list[str]:
        command = ["run", "--rm", *user, "--network", "none", "--entrypoint", "/usr/bin/python3", image, "-c", WRITES]
        return workshop.engine.run(*command).splitlines()

    assert attempts() == []
    assert attempts("--user", "12345:0") == []
    assert attempts("--user", f"12345:{GROUP_ID}") == []
    assert "write" in attempts("--user", f"{BUILD.user_id}:{GROUP_ID}")  # its owner
