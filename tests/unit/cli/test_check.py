"""`funcpack check`: the verdict is that of the build, as text and as JSON."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from funcpack.check.local import examine, inspect
from funcpack.cli.main import main
from funcpack.errors import PythonVersionTooNewError, render
from tests import other_python
from tests.unit.buildpack.test_broken_projects import FIXTURES, SITUATIONS, lines_of
from tests.unit.buildpack.wheels import write_wheel

if TYPE_CHECKING:
    from collections.abc import Mapping

# The check knows nothing of the build image.
OF_THE_IMAGE = {"run-image-python-does-not-exist"}


def app_of(situation: Path, directory: Path) -> Path:
    """Return a copy of the app with its vendored packages."""
    app = directory / "app"
    shutil.copytree(situation / "app", app, symlinks=True)
    for line in lines_of(situation / "wheels"):
        name, version, *requires = line.split()
        write_wheel(app / "vendor", name, version, requires)
    return app


def write(directory: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def comparable(text: str) -> str:
    """Return a text with the Python version that the expected logs have."""
    version = ".".join(map(str, sys.version_info[:2]))
    return text.replace(f"(checked with Python {version})", "(checked with Python 3.13)")


@pytest.mark.parametrize("situation", [name for name in SITUATIONS if name not in OF_THE_IMAGE])
def test_verdict_is_that_of_the_build(situation: str, tmp_path: Path) -> None:
    app = app_of(FIXTURES / situation, tmp_path)
    environ = dict(line.split("=", 1) for line in lines_of(FIXTURES / situation / "environment"))
    log = (FIXTURES / situation / "expected.txt").read_text()
    problems = examine(app, None, environ).problems
    if "[Invoker]" in log:  # the build accepted the project, and failed later
        assert problems == ()
        return
    title, _, text = log.rpartition("[Error: ")[2].partition("]\n")
    assert problems[0].title == title
    assert comparable("\n".join(render(problems[0]))) == text.rstrip("\n")


@pytest.mark.parametrize("situation", [name for name in SITUATIONS if name not in OF_THE_IMAGE])
def test_every_problem_has_a_place_and_a_hint(situation: str, tmp_path: Path) -> None:
    app = app_of(FIXTURES / situation, tmp_path)
    environ = dict(line.split("=", 1) for line in lines_of(FIXTURES / situation / "environment"))
    for problem in examine(app, None, environ).problems:
        assert problem.remedy
        file, line, column = problem.place
        assert file is None or os.path.lexists(app / file)
        assert file or line is None
        assert line or column is None


def test_several_problems_are_all_reported(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "handler.py": "import first\nimport second\n\ndef handler(session): ...\n",
            "first.py": "x = (\n",
            "second.py": "def f(:\n",
        },
    )
    problems = examine(tmp_path, None, {}).problems
    assert [problem.place.file for problem in problems] == ["handler.py", "second.py", "first.py"]


def test_option_for_the_python_replaces_the_request(tmp_path: Path) -> None:
    write(tmp_path, {"handler.py": "def handler(req): ...\n", ".python-version": "3.12"})
    assert inspect(tmp_path, None, {}).python == (3, 12)
    assert inspect(tmp_path, None, {}, python="3.15").python == (3, 15)
    with pytest.raises(PythonVersionTooNewError, match="--python"):
        inspect(tmp_path, None, {}, python="3.99")


@pytest.mark.parametrize(
    ("files", "file", "line"),
    [
        ({"handler.py": "def handler(req: ...\n"}, "handler.py", 1),
        ({"handler.py": "import orders\ndef handler(req): ...\n", "orders.py": "\nx = (\n"}, "orders.py", 2),
    ],
)
def test_newer_python_of_this_machine_finds_errors(files: dict[str, str], file: str, line: int, tmp_path: Path) -> None:
    version = newer_python()
    write(tmp_path, {**files, ".python-version": version})
    (problem,) = examine(tmp_path, None, {}).problems
    assert problem.place[:2] == (file, line)
    assert f"(checked with Python {version})" in problem.found


def test_syntax_of_a_newer_python_is_no_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"handler.py": "def handler[T](req): ...\n", ".python-version": "3.12"})
    assert examine(tmp_path, None, {}).problems == ()
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PYENV_ROOT", raising=False)
    assert examine(tmp_path, None, {}).problems == ()


def newer_python() -> str:
    version = Path(other_python.command()).name.removeprefix("python")
    if tuple(map(int, version.split("."))) < sys.version_info[:2]:
        pytest.skip("this machine has no newer Python")
    return version


def report(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, Any]:
    code = main(["check", *arguments, "--output", "json"])
    captured = capsys.readouterr()
    assert captured.err == ""
    return code, json.loads(captured.out)


FUNCTION = {"ok": True, "handler": "handler.handler", "file": "handler.py", "problems": []}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(
            "def handler(req, headers, debug=False): ...\n",
            {
                "kind": "http",
                "line": 1,
                "parameters": [
                    {"name": "req", "value": "the request, a flask.Request"},
                    {"name": "headers", "value": "the headers, a case-insensitive mapping"},
                ],
            },
            id="HTTP",
        ),
        pytest.param(
            "import json\n\n@json\n\ndef handler(payload): ...\n\ndef handler(payload, attributes): ...\n",
            {
                "kind": "cloudevent",
                "line": 7,
                "parameters": [
                    {"name": "payload", "value": "the event's data"},
                    {"name": "attributes", "value": "the event's attributes, a dict"},
                ],
            },
            id="CloudEvent",
        ),
        pytest.param("async def handler(): ...\n", {"kind": "http", "line": 1, "parameters": []}, id="no parameters"),
        pytest.param(
            "def handler(environ, start_response): ...\n",
            {"kind": "http", "line": 1, "parameters": []},
            id="application",
        ),
        pytest.param(
            "import x\n@x.y\ndef handler(anything): ...\n",
            {"kind": None, "line": 3, "parameters": []},
            id="decorated",
        ),
        pytest.param(
            "import x\nhandler = x.create()\n", {"kind": None, "line": 2, "parameters": []}, id="result of a call"
        ),
    ],
)
def test_json_of_a_function(
    source: str, expected: dict[str, object], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, {"handler.py": source})
    assert report([str(tmp_path)], capsys) == (0, FUNCTION | expected)


def test_json_of_a_function_elsewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = {
        "main.py": "from shop.orders import handle\n",
        "shop/__init__.py": "",
        "shop/orders.py": "def handle(event): ...\n",
    }
    write(tmp_path, files)
    code, found = report([str(tmp_path), "--handler", "main.handle"], capsys)
    assert (code, found["handler"], found["file"], found["line"]) == (0, "main.handle", "shop/orders.py", 1)


def test_json_of_a_function_in_a_package_to_install(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {"requirements.txt": "orders==1.0\n"})
    code, found = report([str(tmp_path), "--handler", "orders.handle"], capsys)
    assert (code, found) == (
        0,
        {
            "ok": True,
            "handler": "orders.handle",
            "kind": None,
            "file": None,
            "line": None,
            "parameters": [],
            "problems": [],
        },
    )


@pytest.mark.parametrize("name", ["order.handle", "not a name"])
def test_a_problem_of_the_option_names_the_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    write(tmp_path, {"orders.py": "def handle(event): ...\n"})
    code, found = report([str(tmp_path), "--handler", name], capsys)
    problem = found["problems"][0]
    assert (code, problem["file"]) == (1, None)
    assert "--handler" in problem["message"] + problem["hint"]
    assert "PYTHON_HANDLER" not in problem["message"] + problem["hint"]


@pytest.mark.parametrize(
    ("files", "title"),
    [
        ({}, "There is no function in this directory"),
        ({"notes.txt": ""}, "There is no function in this directory"),
        ({"main.py": ""}, "The function's module does not exist"),
        (
            {"project.toml": '[[io.buildpacks.build.env]]\nname = "PYTHON_HANDLER"\nvalue = "shop.place"\n'},
            "The function's module does not exist",
        ),
    ],
)
def test_a_directory_without_python_files_is_probably_the_wrong_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], files: dict[str, str], title: str
) -> None:
    write(tmp_path, files)
    code, found = report([str(tmp_path)], capsys)
    assert (code, [problem["title"] for problem in found["problems"]]) == (1, [title])


def test_json_of_a_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {"handler.py": "# Grüße\ndef handler(req, ünknown, eventt): ...\n", "project.toml": ""})
    code, found = report([str(tmp_path)], capsys)
    (problem,) = found.pop("problems")
    empty = {"ok": False, "handler": "handler.handler", "kind": None, "file": None, "line": None, "parameters": []}
    assert (code, found) == (1, empty)
    assert problem == {
        "title": "Unsupported function parameter",
        "message": "handler.py, line 2: the parameter 'ünknown' has neither a supported name nor a default.",
        "file": "handler.py",
        "line": 2,
        "column": 18,
        "hint": "Rename the parameter, or give it a default: 'ünknown=None'.\n"
        "The supported names are 'event', 'data', 'payload', 'attributes', 'req', 'request', 'body', 'headers' and 'context'.",
    }


def test_json_of_a_project_that_cannot_be_read_names_its_handler(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    variable = '[[build.env]]\nname = "PYTHON_HANDLER"\nvalue = "main.hello"\n'
    write(tmp_path, {"main.py": "def hello(req): ...\n", "project.toml": variable, ".python-version": "three"})
    code, found = report([str(tmp_path)], capsys)
    assert (code, found["handler"], found["problems"][0]["file"]) == (1, "main.hello", ".python-version")


def test_files_in_the_directory_of_kn_func_are_relative_to_dir(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {"func.yaml": "runtime: python\n", "service/main.py": "", "fn/handler.py": "def handler(req): ...\n"}
    write(tmp_path, files)
    assert report([str(tmp_path)], capsys)[1]["file"] == "fn/handler.py"


def text(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = main(["check", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_text_of_a_function(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {"handler.py": "def handler(data, context): ...\n", "flask.py": ""})
    expected = (
        "handler.handler (handler.py:1) accepts CloudEvents.\n"
        "  data: the event's data\n"
        "  context: request id, trace, deadline and logger of the call\n"
    )
    code, out, err = text([str(tmp_path)], capsys)
    assert (code, out) == (0, expected)
    assert err.startswith("Warning: the app has a module 'flask'")


def test_text_names_variables_that_do_not_count(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    variables = "run:\n  envs:\n  - name: A\n    value: *x\nbuild:\n  buildEnvs:\n  - name: PATH\n    value: /app\n"
    write(tmp_path, {"handler.py": "def handler(req): ...\n", "func.yaml": variables})
    _, _, err = text([str(tmp_path)], capsys)
    assert "Warning: ignoring PATH of the project" in err
    assert "Warning: ignoring these parts of func.yaml" in err
    assert "line 3: the value of 'A'" in err


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param(
            {"handler.py": "def handler(req):\n\treturn (1 +\n"},
            "handler.py:2:9: Invalid Python source code\n  return (1 +\n         ^\n\n"
            "handler.py, line 2: '(' was never closed (checked with Python 3.13)\n\n"
            "Correct the line, then check the file with: python -m py_compile handler.py\n\n",
            id="column",
        ),
        pytest.param(
            {"handler.py": "from . import x\ndef handler(req): ...\n"},
            "handler.py:1: Invalid relative import\n  from . import x\n\n"
            "handler.py, line 1: 'from . import x' is relative, but the file is not in a package.\n\n"
            "Write the import without dots: 'import x'.\n\n",
            id="line",
        ),
        pytest.param(
            {"handler.py": "def handle(req): ...\n"},
            "handler.py: The function does not exist in its module\n\n"
            "The handler is 'handler.handler' (the default).\n"
            "handler.py does not define 'handler'. It defines the function 'handle'.\n\n"
            "Did you mean 'handler.handle'? Set PYTHON_HANDLER to 'handler.handle', or add 'def handler(req)' to handler.py.\n\n",
            id="file",
        ),
    ],
)
def test_text_of_a_problem(
    files: dict[str, str], expected: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, files)
    code, out, err = text([str(tmp_path)], capsys)
    assert (code, comparable(out), err) == (1, expected, "")


@pytest.mark.parametrize(("name", "kind"), [("nowhere", "does not exist"), ("file", "is not a directory")])
def test_a_directory_that_is_not_there(
    name: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    code, out, err = text([str(tmp_path / name)], capsys)
    assert (code, out) == (2, "")
    assert f"'{tmp_path / name}' {kind}." in err


def test_check_imports_no_slow_library(tmp_path: Path) -> None:
    write(tmp_path, {"handler.py": "def handler(req): ...\n", "requirements.txt": "flask\n"})
    program = "import sys; from funcpack.cli.main import main; main(['check', sys.argv[1]]); print(*sorted(sys.modules), file=sys.stderr)"
    command = [sys.executable, "-c", program, str(tmp_path)]
    loaded = set(subprocess.run(command, capture_output=True, text=True, check=True).stderr.split())
    slow = {
        "asyncio",
        "difflib",
        "email",
        "flask",
        "http",
        "httpx",
        "importlib.metadata",
        "rich",
        "subprocess",
        "watchfiles",
    }
    assert loaded >= {"click", "funcpack.check.handler"}
    assert loaded & slow == set()
