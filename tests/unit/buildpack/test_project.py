"""The project as one value: its settings, its handler name, and the files that name them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from funcpack.errors import FileEncodingError, HandlerNameError, ProjectFileError, UnreadableFileError, render
from funcpack.project.handler_name import Handler, default_handler, named_handler
from funcpack.project.project import Project
from funcpack.project.project_toml import ProjectToml
from funcpack.project.settings import Setting, Settings
from tests import handler_names

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("text", handler_names.VALID)
def test_handler_name(text: str) -> None:
    handler = Handler.parse(Setting(text, "a test"))
    assert (handler.text, handler.module, handler.attributes) == (text, *handler_names.VALID[text])


@pytest.mark.parametrize("text", handler_names.INVALID)
def test_invalid_handler_name(text: str) -> None:
    with pytest.raises(HandlerNameError) as caught:
        Handler.parse(Setting(text, "a test"))
    assert handler_names.INVALID[text] in caught.value.reason


def test_every_part_of_a_project_keeps_its_origin(tmp_path: Path) -> None:
    files = {
        "project.toml": '[project]\nname = "Orders"\n[[build.env]]\nname = "PYTHON_HANDLER"\nvalue = "orders.handle"\n',
        "pyproject.toml": '[project]\nrequires-python = ">=3.12"\ndependencies = ["flask"]\n',
        "requirements.txt": "flask\n",
        "func.yaml": "run:\n  envs:\n  - name: LEVEL\n    value: high\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    project = Project.read(tmp_path, {"BP_CHECK_IMPORT": "true"}, {})
    assert project.handler == Handler("orders.handle", "orders", ("handle",), "PYTHON_HANDLER in project.toml")
    assert project.python is not None
    assert project.python.setting == Setting(">=3.12", "requires-python in pyproject.toml")
    assert project.dependencies is not None
    assert project.dependencies.format == "requirements.txt"
    assert project.dependencies.ignored == ("pyproject.toml",)
    assert project.run_variables == {"LEVEL": "high"}
    assert project.labels == {"org.opencontainers.image.title": "Orders"}
    assert project.checks_import


ENV_0_1 = '[[build.env]]\nname = "PYTHON_HANDLER"\nvalue = "old.f"\n'
ENV_0_2 = '[_]\nschema-version = "0.2"\n[[io.buildpacks.build.env]]\nname = "PYTHON_HANDLER"\nvalue = "new.f"\n'
ENV_MISTAKEN = (
    '[_]\nschema-version = "0.2"\n[[io.buildpacks.env.build]]\nname = "PYTHON_HANDLER"\nvalue = "mistaken.f"\n'
)


@pytest.mark.parametrize(
    ("descriptor", "env", "handler", "origin"),
    [
        pytest.param("", {"PYTHON_HANDLER": "m.f"}, "m.f", "PYTHON_HANDLER", id="environment"),
        pytest.param("", {"PYTHON_HANDLER": " m.f\n"}, "m.f", "PYTHON_HANDLER", id="with-newline"),
        pytest.param("", {"BP_FUNCTION": "m.f"}, "m.f", "BP_FUNCTION", id="successor"),
        pytest.param("", {"BP_FUNCTION": "s.f", "PYTHON_HANDLER": "m.f"}, "m.f", "PYTHON_HANDLER", id="both"),
        pytest.param(ENV_0_1, {}, "old.f", "PYTHON_HANDLER in project.toml", id="schema-0.1"),
        pytest.param(ENV_0_2, {}, "new.f", "PYTHON_HANDLER in project.toml", id="schema-0.2"),
        pytest.param(ENV_MISTAKEN, {}, "mistaken.f", "PYTHON_HANDLER in project.toml", id="mistaken-key"),
        pytest.param(ENV_0_1, {"BP_FUNCTION": "s.f"}, "s.f", "BP_FUNCTION", id="environment-before-project"),
        pytest.param(
            ENV_0_1, {"PYTHON_HANDLER": "old.f"}, "old.f", "PYTHON_HANDLER in project.toml", id="put-there-by-pack"
        ),
        pytest.param(ENV_0_1, {"PYTHON_HANDLER": ""}, "old.f", "PYTHON_HANDLER in project.toml", id="empty-is-not-set"),
    ],
)
def test_source_of_the_handler(tmp_path: Path, descriptor: str, env: dict[str, str], handler: str, origin: str) -> None:
    (tmp_path / "project.toml").write_text(descriptor)
    name = named_handler(Settings(env, ProjectToml.read(tmp_path).variables))
    assert name is not None
    assert (name.text, name.origin) == (handler, origin)


def test_no_handler_is_named() -> None:
    assert named_handler(Settings({}, {})) is None


@pytest.mark.parametrize(
    ("files", "handler"),
    [
        ((), "handler.handler"),
        (("func.py",), "handler.handler"),
        (("func.yaml",), "handler.handler"),
        (("func.yaml", "func.py"), "func.main"),
        (("func.yaml", "src/func.py"), "func.main"),
    ],
)
def test_default_handler(tmp_path: Path, files: tuple[str, ...], handler: str) -> None:
    for file in files:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    assert default_handler(tmp_path).text == handler


@pytest.mark.parametrize(
    "descriptor",
    [
        "[[build.env]",
        '[[build.env]]\nvalue = "x"',
        '[[build.env]]\nname = "X"\nvalue = 1',
        "[build]\nenv = [1]",
        "[io.buildpacks.build.env]\nPYTHON_HANDLER = 'm.f'",
        "[io.buildpacks.build.env]\nBP_PYTHON_VERSION = '3.12'",
        "[build.env]\nname = 'BP_PYTHON_VERSION'\nvalue = '3.12'",
    ],
)
def test_broken_project_toml(tmp_path: Path, descriptor: str) -> None:
    (tmp_path / "project.toml").write_text(descriptor)
    with pytest.raises(ProjectFileError):
        ProjectToml.read(tmp_path)


@pytest.mark.parametrize(
    ("descriptor", "found"),
    [
        ("a = 1\nb = x", "project.toml, line 2: Invalid value."),
        ("[[build.env]]\nname = ", "project.toml: Invalid value at the end of the file."),
        (
            '[_]\n[[build.env]]\nname = "TOKEN"\nvalue = 1',
            "project.toml, line 3: the value of 'TOKEN' is not a text in quotes: 1.",
        ),
        (
            "[_]\n[build.env]\nPYTHON_HANDLER = 'm.f'",
            (
                "project.toml, line 2: [build.env] is a single table, but each variable requires a [[build.env]] with 'name' and"
                " 'value'."
            ),
        ),
    ],
)
def test_mistake_in_project_toml_has_a_line(tmp_path: Path, descriptor: str, found: str) -> None:
    (tmp_path / "project.toml").write_text(descriptor)
    with pytest.raises(ProjectFileError) as caught:
        ProjectToml.read(tmp_path)
    assert caught.value.found == found


def test_invalid_toml_does_not_reveal_the_line(tmp_path: Path) -> None:
    (tmp_path / "project.toml").write_text('[[build.env]]\nname = "TOKEN"\nvalue = s3cret')
    with pytest.raises(ProjectFileError) as caught:
        ProjectToml.read(tmp_path)
    assert "s3cret" not in "\n".join(render(caught.value))


def test_project_toml_that_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "project.toml").symlink_to("../project.toml")
    with pytest.raises(UnreadableFileError) as caught:
        ProjectToml.read(tmp_path)
    assert caught.value.target == "../project.toml"


def test_project_toml_in_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "project.toml").write_bytes(b"[_]\n# \xfc")
    with pytest.raises(FileEncodingError) as caught:
        ProjectToml.read(tmp_path)
    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("project", "kn_func", "origin"),
    [
        ({}, {}, "BP_FUNCTION"),
        ({"BP_FUNCTION": "a.b"}, {}, "BP_FUNCTION"),
        ({"BP_FUNCTION": "main.run"}, {"BP_FUNCTION": "main.run"}, "BP_FUNCTION in project.toml"),
        ({}, {"BP_FUNCTION": "main.run"}, "BP_FUNCTION in func.yaml"),
    ],
)
def test_origin_is_the_file_that_the_platform_copied_the_variable_from(
    project: dict[str, str], kn_func: dict[str, str], origin: str
) -> None:
    settings = Settings({"BP_FUNCTION": "main.run"}, project, kn_func)
    assert settings.get("PYTHON_HANDLER", "BP_FUNCTION") == Setting("main.run", origin)


@pytest.mark.parametrize(
    "descriptor", ["", "build = 1", "[build]\nenv = 'x'", "[build.env]\nlevel = 1", "[io]\nbuildpacks = []"]
)
def test_project_toml_of_other_tools(tmp_path: Path, descriptor: str) -> None:
    (tmp_path / "project.toml").write_text(descriptor)
    assert ProjectToml.read(tmp_path).variables == {}


@pytest.mark.parametrize(
    ("platform", "project", "builder", "value", "is_of_project"),
    [
        ({"A": "user"}, {}, {"A": "builder"}, "user", False),
        ({}, {}, {"A": "builder"}, "builder", False),
        ({"A": "user"}, {"A": "project"}, {"A": "builder"}, "user", False),
        ({"A": "project"}, {"A": "project"}, {"A": "builder"}, "builder", False),
        ({}, {"A": "project"}, {"A": "builder"}, "builder", False),
        ({"A": "user"}, {"A": "project"}, {}, "user", False),
        ({"A": "project"}, {"A": "project"}, {}, "project", True),
        ({}, {"A": "project"}, {}, "project", True),
        ({"PATH": "/user"}, {}, {"PATH": "/bin"}, "/user:/bin", False),
        ({"PATH": "/project"}, {"PATH": "/project"}, {"PATH": "/bin"}, "/bin", False),
        ({"HTTPS_PROXY": "user"}, {"HTTPS_PROXY": "project"}, {}, "user", False),
        ({"HTTPS_PROXY": "project"}, {"HTTPS_PROXY": "project"}, {}, None, True),
        ({}, {"HTTPS_PROXY": "project"}, {}, None, True),
    ],
)
def test_precedence_of_variables(
    platform: dict[str, str], project: dict[str, str], builder: dict[str, str], value: str | None, is_of_project: bool
) -> None:
    settings = Settings(platform, project, builder=builder)
    (name,) = {*platform, *project, *builder}
    found = settings.get(name)
    assert settings.all().get(name) == value
    assert (found.value if found else None) == value
    assert settings.is_of_project(name) is is_of_project


def test_variables_of_kn_func_are_those_of_the_project() -> None:
    settings = Settings({"NETRC": "/secret", "A": "a"}, {}, {"NETRC": "/secret", "A": "a"})
    assert settings.all() == {"A": "a"}
    assert settings.is_of_project("A")
    assert settings.ignored() == ["NETRC"]
