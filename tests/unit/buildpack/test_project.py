from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from funcpack.errors import MalformedHandlerError, ProjectFileError
from funcpack.project.settings import HandlerName, Setting, Settings, default_handler, named_handler

if TYPE_CHECKING:
    from pathlib import Path


def parse(text: str) -> HandlerName:
    return HandlerName.parse(Setting(text, "a test"))


@pytest.mark.parametrize(
    ("text", "module", "attributes"),
    [
        ("handler.handler", "handler", ("handler",)),
        ("orders.paid.run", "orders.paid", ("run",)),
        ("orders:run", "orders", ("run",)),
        ("orders.paid:desk.run", "orders.paid", ("desk", "run")),
        ("größe.maß", "größe", ("maß",)),
    ],
)
def test_handler_name(text: str, module: str, attributes: tuple[str, ...]) -> None:
    name = parse(text)
    assert (name.module, name.attributes) == (module, attributes)


@pytest.mark.parametrize(
    "text",
    [
        "handler",
        ".handler",
        "handler.",
        "a..b",
        ":f",
        "m:",
        "m:f:g",
        "m:f.",
        "a b.c",
        "src/handler.f",
        "m.f()",
        "m.class",
        "1m.f",
        "../m.f",
    ],
)
def test_malformed_handler_name(text: str) -> None:
    with pytest.raises(MalformedHandlerError):
        parse(text)


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
    name = named_handler(Settings.read(tmp_path, env))
    assert name is not None
    assert (name.text, name.origin) == (handler, origin)


def test_nobody_names_a_handler(tmp_path: Path) -> None:
    assert named_handler(Settings.read(tmp_path, {})) is None


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
        "# \udcfc",
    ],
)
def test_broken_project_toml(tmp_path: Path, descriptor: str) -> None:
    (tmp_path / "project.toml").write_text(descriptor, errors="surrogateescape")
    with pytest.raises(ProjectFileError):
        Settings.read(tmp_path, {})


def test_project_toml_that_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "project.toml").symlink_to("../project.toml")
    with pytest.raises(ProjectFileError) as caught:
        Settings.read(tmp_path, {})
    assert caught.value.reason == "it is a link to '../project.toml', which is not there"


@pytest.mark.parametrize("descriptor", ["", "build = 1", "[build]\nenv = 'x'", "[io]\nbuildpacks = []"])
def test_project_toml_of_other_tools(tmp_path: Path, descriptor: str) -> None:
    (tmp_path / "project.toml").write_text(descriptor)
    assert Settings.read(tmp_path, {}).project == {}
