"""One input of an installation changes between two builds: the second image has the new code."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.unit.buildpack.sources import BACKEND, package
from tests.unit.buildpack.wheels import write_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.buildpack.builds import Platform

HANDLER = "def handler(req): ..."


def lock_project(source: str) -> dict[str, str]:
    """Return a project with a lock that `uv lock` would write."""
    kind = "editable" if "workspace" in source else "directory"
    workspace = '[tool.uv.workspace]\nmembers = ["libraries/*"]\n' if "workspace" in source else ""
    members = '[manifest]\nmembers = [\n    "orders",\n    "shop",\n]\n\n' if "workspace" in source else ""
    project = '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["orders"]\n'
    return {
        "pyproject.toml": f"{project}[tool.uv.sources]\norders = {source}\n{workspace}",
        "uv.lock": f"""version = 1
revision = 3
requires-python = ">=3.11"

{members}[[package]]
name = "orders"
version = "1.0"
source = {{ {kind} = "libraries/orders" }}

[[package]]
name = "shop"
version = "1"
source = {{ virtual = "." }}
dependencies = [
    {{ name = "orders" }},
]

[package.metadata]
requires-dist = [{{ name = "orders", {kind} = "libraries/orders" }}]
""",
    }


PYLOCK = """lock-version = "1.0"
created-by = "a test"
[[packages]]
name = "orders"
directory = { path = "libraries/orders" }
"""
OLD, NEW = package("libraries/orders"), {"libraries/orders/orders.py": 'VERSION = "2.0"\n'}
# A package that requires the package `orders` in the directory next to it.
SHOP = {
    "libraries/shop/pyproject.toml": package("")["/pyproject.toml"].replace("orders", "shop")
    + 'dependencies = ["orders"]\n[tool.uv.sources]\norders = { path = "../orders" }\n',
    "libraries/shop/backend.py": BACKEND.replace("orders", "shop"),
    "libraries/shop/shop.py": "",
}
HIDDEN = {
    "libraries/orders/backend.py": BACKEND.replace('Path("orders.py")', 'Path(".source/orders.py")'),
    "libraries/orders/.source/orders.py": 'VERSION = "1.0"\n',
}
FIND_LINKS = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "packages"}
PROJECT = '[project]\nname = "shop"\nversion = "1"\ndependencies = {}\n'

# The files and the variables of the first build, and what is different in the second one.
CASES = [
    pytest.param({"requirements.txt": "./libraries/orders", **OLD}, NEW, {}, {}, id="path-in-requirements"),
    pytest.param({"requirements.txt": "orders@file:./libraries/orders", **OLD}, NEW, {}, {}, id="path-without-blanks"),
    pytest.param({"requirements.txt": "orders @ file:libraries/%6Frders", **OLD}, NEW, {}, {}, id="path-with-escapes"),
    pytest.param({"requirements.txt": "libraries/orders", **OLD}, NEW, {}, {}, id="path-without-dot"),
    pytest.param({"requirements.txt": "-r more/a.txt", "more/a.txt": "./libraries/orders", **OLD}, NEW, {}, {}, id="path-in-a-nested-file"),
    pytest.param({"requirements.txt": "orders @ file://${PROJECT_ROOT}/libraries/orders", **OLD}, NEW, {}, {}, id="path-of-the-project"),
    pytest.param(
        {"pyproject.toml": PROJECT.format('["orders @ file://${PROJECT_ROOT}/libraries/orders"]'), **OLD}, NEW, {}, {}, id="path-of-the-project-in-pyproject"
    ),
    pytest.param({"requirements.txt": "./libraries/shop", **SHOP, **OLD}, NEW, {}, {}, id="path-of-a-path"),
    pytest.param(
        {"requirements.txt": "./libraries/orders", **OLD, **HIDDEN}, {"libraries/orders/.source/orders.py": 'VERSION = "2.0"\n'}, {}, {}, id="hidden-file-of-a-path"
    ),
    pytest.param({**lock_project('{ path = "libraries/orders" }'), **OLD}, NEW, {}, {}, id="path-in-uv-lock"),
    pytest.param({**lock_project("{ workspace = true }"), **OLD}, NEW, {}, {}, id="workspace-member-in-uv-lock"),
    pytest.param(
        {**lock_project("{ workspace = true }"), **OLD}, NEW, {"PIP_NO_INDEX": "1"}, {}, id="workspace-member-without-index"
    ),
    pytest.param({"pylock.toml": PYLOCK, **OLD}, NEW, {}, {}, id="path-in-pylock"),
    pytest.param(
        {"requirements.txt": "orders", "limits.txt": "orders<2"},
        {"limits.txt": "orders<3"},
        {**FIND_LINKS, "PIP_CONSTRAINT": "limits.txt"},
        {},
        id="constraint-of-pip",
    ),
    pytest.param(
        {"requirements.txt": "orders", "limits.txt": "-r more.txt", "more.txt": "orders<2"},
        {"more.txt": "orders<3"},
        {**FIND_LINKS, "UV_CONSTRAINT": "limits.txt"},
        {},
        id="file-that-a-constraint-includes",
    ),
    pytest.param(
        {"requirements.txt": "orders", "forced.txt": "orders<2"},
        {"forced.txt": "orders"},
        {**FIND_LINKS, "UV_OVERRIDE": "forced.txt"},
        {},
        id="override",
    ),
    pytest.param(
        {"requirements.txt": "orders", "settings.toml": 'constraint-dependencies = ["orders<2"]'},
        {"settings.toml": ""},
        {**FIND_LINKS, "UV_CONFIG_FILE": "settings.toml"},
        {},
        id="configuration-file-of-a-setting",
    ),
    pytest.param(
        {"requirements.txt": "orders", "pyproject.toml": '[tool.uv]\nconstraint-dependencies = ["orders<2"]'},
        {"pyproject.toml": ""},
        FIND_LINKS,
        {},
        id="tool-uv-next-to-requirements",
    ),
    pytest.param(
        {"requirements.txt": "orders", "uv.toml": 'constraint-dependencies = ["orders<2"]'},
        {"uv.toml": ""},
        FIND_LINKS,
        {},
        id="uv-toml-next-to-requirements",
    ),
    pytest.param(
        {"pyproject.toml": PROJECT.format('["orders"]'), "uv.toml": 'constraint-dependencies = ["orders<2"]'},
        {"uv.toml": ""},
        FIND_LINKS,
        {},
        id="uv-toml-next-to-pyproject",
    ),
    pytest.param(
        {"requirements.txt": "-r reqs-${STAGE}.txt", "reqs-a.txt": "orders<2", "reqs-b.txt": "orders<3"},
        {},
        {**FIND_LINKS, "STAGE": "a"},
        {"STAGE": "b"},
        id="variable-in-a-file-name",
    ),
    pytest.param(
        {"requirements.txt": "-r reqs-${STAGE}.txt", "reqs-a.txt": "orders<2"},
        {"reqs-a.txt": "orders<3"},
        {**FIND_LINKS, "STAGE": "a"},
        {},
        id="file-behind-a-variable",
    ),
    pytest.param(
        {"requirements.txt": "./packages/orders-${ORDERS}-py3-none-any.whl"},
        {},
        {"ORDERS": "1.0"},
        {"ORDERS": "2.0"},
        id="variable-in-a-path"
    ),
    pytest.param(
        {"pyproject.toml": PROJECT.format(f'["orders @ file://{"{app}"}/libraries/orders"]'), **OLD},
        NEW,
        {},
        {},
        id="path-in-pyproject",
    ),
]  # fmt: skip


def fill(app: Path, files: dict[str, str]) -> dict[str, str]:
    return {name: text.replace("{app}", str(app)) for name, text in files.items()}


@pytest.mark.parametrize(("files", "changed", "env", "changed_env"), CASES)
def test_change_of_an_input_reaches_the_image(
    rebuilt: Platform, files: dict[str, str], changed: dict[str, str], env: dict[str, str], changed_env: dict[str, str]
) -> None:
    for version in ("1.0", "2.0"):
        write_wheel(rebuilt.app / "packages", "orders", version)
    rebuilt.write({"handler.py": HANDLER, **fill(rebuilt.app, files)})
    rebuilt.build_well(env)
    assert rebuilt.python("import orders; print(orders.VERSION)") == "1.0"
    again = rebuilt.build_well(env)
    assert "Reusing layer 'dependencies' from the last build." in again.section("Dependencies")
    rebuilt.write(fill(rebuilt.app, changed))
    rebuilt.build_well({**env, **changed_env})
    assert rebuilt.python("import orders; print(orders.VERSION)") == "2.0"


def test_packages_in_a_directory_of_a_setting(rebuilt: Platform) -> None:
    write_wheel(rebuilt.app / "packages", "orders", "1.0")
    rebuilt.write({"handler.py": HANDLER, "requirements.txt": "orders"})
    rebuilt.build_well(FIND_LINKS)
    write_wheel(rebuilt.app / "packages", "orders", "2.0")
    rebuilt.build_well(FIND_LINKS)
    assert rebuilt.python("import orders; print(orders.VERSION)") == "2.0"


def test_packages_in_a_directory_of_requirements(rebuilt: Platform) -> None:
    write_wheel(rebuilt.app / "packages", "orders", "1.0")
    rebuilt.write({"handler.py": HANDLER, "requirements.txt": "--no-index\n--find-links packages\norders"})
    rebuilt.build_well()
    write_wheel(rebuilt.app / "packages", "orders", "2.0")
    rebuilt.build_well()
    assert rebuilt.python("import orders; print(orders.VERSION)") == "2.0"


def test_branch_of_a_repository_is_installed_again(rebuilt: Platform, tmp_path: Path) -> None:
    repository = tmp_path / "repository"

    def commit(files: dict[str, str]) -> None:
        for name, text in files.items():
            (repository / name).parent.mkdir(parents=True, exist_ok=True)
            (repository / name).write_text(text)
        git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-C", str(repository)]
        for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "a"], ["checkout", "-q", "-B", "main"]):
            subprocess.run([*git, *command], check=True)

    commit({name.removeprefix("x/"): text for name, text in package("x").items()})
    rebuilt.write({"handler.py": HANDLER, "requirements.txt": f"orders @ git+file://{repository}@main"})
    rebuilt.build_well()
    commit({"orders.py": 'VERSION = "2.0"\n'})
    section = rebuilt.build_well().section("Dependencies")
    assert section[1:3] == [
        "Not reusing layer 'dependencies' from the last build:",
        "  - requirements.txt, line 1 refers to content that may have changed",
    ]
    assert rebuilt.python("import orders; print(orders.VERSION)") == "2.0"


def test_dependencies_that_the_build_backend_decides_on_are_installed_again(rebuilt: Platform) -> None:
    backend = BACKEND.replace('Version: 1.0\\\\n"', 'Version: 1.0\\\\nRequires-Dist: ledger\\\\n"').replace(
        "orders", "shop"
    )
    about = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    project = '[project]\nname = "shop"\nversion = "1.0"\ndynamic = ["dependencies"]\n'
    write_wheel(rebuilt.app / "packages", "ledger", "1.0")
    rebuilt.write({"handler.py": HANDLER, "pyproject.toml": about + project, "backend.py": backend, "shop.py": ""})
    rebuilt.build_well(FIND_LINKS)
    reason = "the build backend decides on the dependencies in pyproject.toml, from files that are not known"
    assert f"  - {reason}" in rebuilt.build_well(FIND_LINKS).section("Dependencies")


def test_credentials_in_a_variable_are_not_part_of_the_digest(rebuilt: Platform) -> None:
    write_wheel(rebuilt.app / "packages", "orders", "1.0")
    text = "--extra-index-url https://ada:${TOKEN}@127.0.0.1:9/simple\n--no-index\norders\n"
    rebuilt.write({"handler.py": HANDLER, "requirements.txt": text})
    rebuilt.build_well({**FIND_LINKS, "TOKEN": "first"})
    result = rebuilt.build_well({**FIND_LINKS, "TOKEN": "second"})
    assert "Reusing layer 'dependencies' from the last build." in result.section("Dependencies")
