"""`python -m funcpack_invoker`: what it takes, says and ends with."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

USAGE = "usage: funcpack-invoker [check] [HANDLER] [--source DIR] [--port N]\n"


@pytest.fixture
def app(tmp_path: Path) -> Path:
    (tmp_path / "handler.py").write_text("def handler(data): ...\n\ndef other(request): ...\n")
    (tmp_path / "broken.py").write_text("nonsense\n")
    return tmp_path


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "funcpack_invoker", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "environment", "text"),
    [
        pytest.param((), {}, "handler.handler ({app}/handler.py) takes CloudEvents and runs on threads.", id="default"),
        pytest.param(("handler.other",), {}, "handler.other ({app}/handler.py) takes HTTP requests", id="argument"),
        pytest.param((), {"PYTHON_HANDLER": "handler:other"}, "handler:other ({app}/handler.py)", id="variable"),
        pytest.param(
            ("handler.handler",),
            {"PYTHON_HANDLER": "handler.other"},
            "handler.handler (",
            id="argument before variable",
        ),
    ],
)
def test_check_says_what_is_served(
    app: Path, arguments: tuple[str, ...], environment: dict[str, str], text: str
) -> None:
    result = run("check", "--source", str(app), *arguments, **environment)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith(text.format(app=app))


def test_check_of_a_module_that_uses_the_application_of_flask(tmp_path: Path) -> None:
    code = "from flask import current_app\ncurrent_app.config['X'] = 1\ndef handler(req): ...\n"
    (tmp_path / "handler.py").write_text(code)
    result = run("check", "--source", str(tmp_path))
    assert (result.returncode, result.stderr) == (0, "")


def test_check_of_a_broken_module_says_why(app: Path) -> None:
    result = run("check", "broken.handler", "--source", str(app))
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("The handler's module cannot be imported\n")
    assert result.stderr.endswith("NameError: name 'nonsense' is not defined\n")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        pytest.param(
            ("--nonsense",), f"{USAGE}funcpack-invoker: error: unrecognized arguments: --nonsense\n", id="option"
        ),
        pytest.param(
            ("a.b", "c.d"), f"{USAGE}funcpack-invoker: error: unrecognized arguments: c.d\n", id="two handlers"
        ),
        pytest.param(
            ("--source", "/nowhere"),
            f"{USAGE}funcpack-invoker: error: argument --source: /nowhere is not a directory\n",
            id="source",
        ),
        pytest.param(("--port", "x"), "PORT is 'x', but it must be a whole number from 1 to 65535\n", id="port"),
        pytest.param(
            ("x",),
            "PYTHON_HANDLER is 'x', but it does not name a function; expected module.function, module:function or "
            "module:factory(), where each part is a Python identifier\n",
            id="handler",
        ),
    ],
)
def test_wrong_usage_is_exit_2(arguments: tuple[str, ...], text: str) -> None:
    result = run(*arguments)
    assert (result.returncode, result.stdout, result.stderr) == (2, "", text)


def test_wrong_switch_for_lazy_imports_is_named() -> None:
    result = run(FUNCTION_LAZY_IMPORTS="maybe")
    assert (result.returncode, result.stdout) == (2, "")
    assert "FUNCTION_LAZY_IMPORTS" in result.stderr
    assert "'maybe'" in result.stderr
    assert "on or off" in result.stderr
