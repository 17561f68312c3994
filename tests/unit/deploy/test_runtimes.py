"""The runtime of a function on Cloud Functions."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from funcpack.check.local import inspect
from funcpack.deploy.google.generations import V1, V2
from funcpack.deploy.google.runtimes import runtime
from funcpack.deploy.settings.configuration import Configuration
from funcpack.deployment_errors import DifferentRuntimesError, OldRuntimeError, RuntimeNameError

if TYPE_CHECKING:
    from pathlib import Path

    from funcpack.deploy.google.generations import Generation

RUNNING = "python{}{}".format(*sys.version_info[:2])


def chosen(
    app: Path, generation: Generation, values: dict[str, Any], *, python: str | None = None
) -> tuple[str, list[str]]:
    """Return the runtime of an app with a configuration, and the notes."""
    (app / "handler.py").write_text("def handler(req):\n    return 'hello'\n")
    if python:
        (app / ".python-version").write_text(python)
    notes: list[str] = []
    inspection = inspect(app, None, {})
    name = runtime(
        Configuration(values), generation.runtimes, inspection, minimum=generation.minimum, note=notes.append
    )
    return name, notes


@pytest.mark.parametrize(
    ("generation", "values"),
    [
        (V1, {"cloudfunction": {"runtime": "python312"}}),
        (V1, {"runtime": "python312"}),
        (V1, {"runtime": "python312", "cloudfunction": {"runtime": "python312"}}),
        (
            V1,
            {"cloudfunction": {"runtime": "python312"}, "cloudfunction_v2": {"buildConfig": {"runtime": "python313"}}},
        ),
        (V2, {"cloudfunction": {"runtime": "python312"}}),
        (V2, {"cloudfunction": {"buildConfig": {"runtime": "python312"}}}),
        (V2, {"cloudfunction_v2": {"buildConfig": {"runtime": "python312"}}}),
        (V2, {"runtime": "python312"}),
    ],
)
def test_each_place_of_the_configuration_sets_the_runtime(
    tmp_path: Path, generation: Generation, values: dict[str, Any]
) -> None:
    assert chosen(tmp_path, generation, values, python="3.13") == ("python312", [])


def test_default_is_the_python_of_the_project(tmp_path: Path) -> None:
    assert chosen(tmp_path, V1, {}, python="3.12") == ("python312", [])


def test_default_of_a_project_without_a_python_is_the_running_one(tmp_path: Path) -> None:
    assert chosen(tmp_path, V2, {}) == (RUNNING, [])


@pytest.mark.parametrize(
    ("generation", "value"),
    [(V1, "python37"), (V1, "python38"), (V1, "python310"), (V2, "python38"), (V2, "python39"), (V2, "python310")],
)
def test_runtime_below_the_invokers_python_is_valid_with_a_warning(
    tmp_path: Path, generation: Generation, value: str
) -> None:
    assert chosen(tmp_path, generation, {"cloudfunction": {"runtime": value}}) == (
        value,
        [
            (
                f"Warning: cloudfunction.runtime is {value}, and Funcpack's invoker needs python311 or newer. "
                "The function will not start."
            )
        ],
    )


@pytest.mark.parametrize(
    ("generation", "value", "minimum"),
    [
        (V1, "python36", "python37"),
        (V1, "python30", "python37"),
        (V2, "python37", "python38"),
        (V2, "python36", "python38"),
    ],
)
def test_runtime_below_the_minimum_of_the_generation_is_an_error(
    tmp_path: Path, generation: Generation, value: str, minimum: str
) -> None:
    with pytest.raises(OldRuntimeError) as caught:
        chosen(tmp_path, generation, {"cloudfunction": {"runtime": value}})
    assert vars(caught.value) == {"origin": "cloudfunction.runtime", "runtime": value, "minimum": minimum}


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        ("python3.8", "python38"),
        ("Python 3.12", "python312"),
        ("3.13", "python313"),
        ("python3.13.1", "python313"),
        (313, "python313"),
        ("nodejs20", None),
        ("python27", None),
        ("", None),
        ("python3\u0661\u0661", None),
        (["python313"], None),
    ],
)
def test_other_names_are_an_error_with_the_right_form(tmp_path: Path, value: object, meant: str | None) -> None:
    with pytest.raises(RuntimeNameError) as caught:
        chosen(tmp_path, V1, {"runtime": value})
    assert (caught.value.origin, caught.value.meant, caught.value.example) == ("runtime", meant, "python315")


@pytest.mark.parametrize(
    ("generation", "values"),
    [
        (V1, {"runtime": "python312", "cloudfunction": {"runtime": "python313"}}),
        (
            V2,
            {"cloudfunction": {"runtime": "python312"}, "cloudfunction_v2": {"buildConfig": {"runtime": "python313"}}},
        ),
        (V2, {"cloudfunction": {"runtime": "python312", "buildConfig": {"runtime": "python313"}}}),
        (V1, {"runtime": ["python312"], "cloudfunction": {"runtime": "python313"}}),
    ],
)
def test_two_places_that_differ_are_an_error(tmp_path: Path, generation: Generation, values: dict[str, Any]) -> None:
    with pytest.raises(DifferentRuntimesError) as caught:
        chosen(tmp_path, generation, values)
    assert len(caught.value.settings) == 2
