from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from funcpack import errors

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.buildpack.builds import Platform

HANDLER = "def handler(req): ...\n"
SERVER = {"service/main.py": "from func_python.http import serve"}
OWN_FUNCTION = "def new():\n    return Function()\n"
NO_HANDLER_FILE = (
    "PYTHON_HANDLER is not set and there is no handler.py. Add handler.py with 'def handler(req)', or set PYTHON_HANDLER to your"
    " function, for example 'orders.handle'."
)
FUNC_YAML = "specVersion: 0.36.0\nname: f\nruntime: python\n"


@pytest.mark.parametrize(
    ("files", "env"),
    [
        pytest.param({"handler.py": HANDLER}, {}, id="default-handler"),
        pytest.param({"handler.py": "async def handler(req): ...\n"}, {}, id="async"),
        pytest.param({"handler.py": "if True:\n    def handler(req): ...\n"}, {}, id="indented"),
        pytest.param({"src/handler.py": HANDLER}, {}, id="default-handler-in-src"),
        pytest.param({"handler.py": "from app import handler"}, {}, id="imported"),
        pytest.param({"handler.py": "handler = make()"}, {}, id="assigned"),
        pytest.param({"handler.py": "from flask import Flask\nhandler = Flask(__name__)\n"}, {}, id="application"),
        pytest.param({"handler.py": "from app import *"}, {}, id="star-import"),
        pytest.param({"handler.py": "def handler(req"}, {}, id="syntax-error-is-for-the-build-to-tell"),
        pytest.param({"other.py": "def handler2(req): ..."}, {"PYTHON_HANDLER": "other.handler2"}, id="named"),
        pytest.param({"main.py": "app = create()"}, {"PYTHON_HANDLER": "main:app"}, id="named-application"),
        pytest.param({"main.py": "def create(): ..."}, {"PYTHON_HANDLER": "main:create()"}, id="named-factory"),
        pytest.param({}, {"BP_FUNCTION": "func.main"}, id="named-as-the-successor-did"),
        pytest.param({}, {"PYTHON_HANDLER": "missing.handler"}, id="named-but-missing"),
        pytest.param({}, {"PYTHON_HANDLER": ".handler"}, id="malformed"),
        pytest.param({}, {"PYTHON_HANDLER": "handler."}, id="malformed-too"),
        pytest.param(
            {"project.toml": '[[build.env]]\nname = "PYTHON_HANDLER"\nvalue = "main.f"\n'}, {}, id="project-toml-0.1"
        ),
        pytest.param(
            {
                "project.toml": '[_]\nschema-version = "0.2"\n'
                '[[io.buildpacks.build.env]]\nname = "BP_FUNCTION"\nvalue = "main.f"\n'
            },
            {},
            id="project-toml-0.2",
        ),
        pytest.param({"func.yaml": FUNC_YAML, "func.py": "def main(req): ..."}, {}, id="kn-func"),
        pytest.param({"func.yaml": FUNC_YAML, "fn/handler.py": HANDLER, **SERVER}, {}, id="kn-func-moved-it"),
        pytest.param(
            {"fn/func.yaml": FUNC_YAML, "fn/func.py": "def main(req): ...", **SERVER}, {}, id="kn-func-moved-all"
        ),
        pytest.param(
            {
                "func.yaml": FUNC_YAML,
                "fn/project.toml": '[[build.env]]\nname = "PYTHON_HANDLER"\nvalue = "main.f"\n',
                **SERVER,
            },
            {},
            id="kn-func-moved-project-toml",
        ),
    ],
)
def test_passes(platform: Platform, files: dict[str, str], env: dict[str, str]) -> None:
    platform.write(files)
    result = platform.detect(env)
    assert (result.code, result.output) == (0, "")


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        pytest.param({}, NO_HANDLER_FILE, id="empty"),
        pytest.param(
            {"func.yaml": FUNC_YAML, "function/func.py": OWN_FUNCTION},
            errors.function_of_kn_func("function/func.py"),
            id="own-function-of-kn-func",
        ),
        pytest.param(
            {
                "func.yaml": FUNC_YAML,
                "fn/function/__init__.py": "async def handle(scope, receive, send): ...",
                **SERVER,
            },
            errors.function_of_kn_func("function/__init__.py"),
            id="own-function-that-kn-func-moved",
        ),
        pytest.param(
            {"func.yaml": "runtime: go\n", "fn/handler.py": HANDLER, **SERVER},
            NO_HANDLER_FILE,
            id="other-runtime-of-kn-func",
        ),
        pytest.param({"main.go": "package main"}, NO_HANDLER_FILE, id="go"),
        pytest.param(
            {"handler.py": "def handle(req): ...", "project.toml": "[_]\n"},
            errors.missing_default_handler("handler.py", "handler", "handler", ["handle"]),
            id="other-name",
        ),
        pytest.param(
            {"handler.py": ""},
            (
                "PYTHON_HANDLER is not set and handler.py does not define 'handler'. Add 'def handler(req)', or set PYTHON_HANDLER"
                " to your function, for example 'orders.handle'."
            ),
            id="empty-file",
        ),
        pytest.param(
            {"func.yaml": FUNC_YAML, "func.py": "def other(): ..."},
            (
                "PYTHON_HANDLER is not set and func.py does not define 'main'. Add 'def main(req)', or set PYTHON_HANDLER to your"
                " function, for example 'func.other'."
            ),
            id="kn-func-without-main",
        ),
        pytest.param(
            {"func.yaml": FUNC_YAML, "func.py": "def other(): ...", "handler.py": HANDLER},
            errors.missing_default_handler("func.py", "func", "main", ["other"]),
            id="kn-func-beside-a-handler",
        ),
        pytest.param(
            {"handler.py": "class A:\n    def handler(req): ...\n"},
            errors.missing_default_handler("handler.py", "handler", "handler", []),
            id="method",
        ),
        pytest.param(
            {"project.toml": "[[build.env]"},
            f"{NO_HANDLER_FILE} (project.toml, line 1: Expected ']]' at the end of an array declaration.)",
            id="broken-project-toml",
        ),
    ],
)
def test_passes_over_with_a_reason(platform: Platform, files: dict[str, str], reason: str) -> None:
    platform.write(files)
    result = platform.detect({"PYTHON_HANDLER": ""})
    assert (result.code, result.output) == (100, f"Not a function for Funcpack: {reason}\n")


WITHOUT_PYTHON = "Funcpack requires Python 3.11 or newer in the build image, and there is none on PATH ({}). Use a builder that has one.\n"


@pytest.fixture
def old_python(tmp_path: Path) -> Path:
    """A directory with a python3 that fails every check of its version."""
    directory = tmp_path / "bin"
    directory.mkdir()
    (directory / "python3").write_text("#!/bin/sh\nexit 1\n")
    (directory / "python3").chmod(0o755)
    return directory


class TestBuildImageWithoutPython:
    def test_is_a_no_with_a_reason(self, platform: Platform) -> None:
        platform.write({"handler.py": HANDLER})
        result = replace(platform, search_path="/invalid").detect()
        assert (result.code, result.output) == (100, WITHOUT_PYTHON.format("/invalid"))

    def test_counts_one_that_is_too_old_as_none(self, platform: Platform, old_python: Path) -> None:
        result = replace(platform, search_path=str(old_python)).detect()
        assert (result.code, result.output) == (100, WITHOUT_PYTHON.format(old_python))

    def test_is_an_error_of_the_build(self, platform: Platform) -> None:
        result = replace(platform, search_path="/invalid").build()
        assert (result.code, result.output) == (1, WITHOUT_PYTHON.format("/invalid"))


def test_named_pipe_is_not_waited_for(platform: Platform) -> None:
    for name in ("handler.py", "project.toml", "func.yaml"):
        os.mkfifo(platform.app / name)
    assert platform.detect().code == 100
