from __future__ import annotations

import json
import os
import shutil
import stat
from typing import TYPE_CHECKING

import pytest

from funcpack.buildpack.platform.context import Context
from funcpack.errors import PlatformVariableError
from funcpack_invoker import __version__
from tests.unit.buildpack.builds import PYTHON_VERSION
from tests.unit.buildpack.wheels import write_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.buildpack.builds import Platform

HANDLER = 'def handler(req):\n    return "hello"\n'
REUSED = "Reusing layer '{}' from the last build."


@pytest.fixture
def app(rebuilt: Platform) -> Platform:
    """An app with two vendored packages that requires one of them."""
    return with_packages(rebuilt)


def with_packages(platform: Platform) -> Platform:
    platform.write({"handler.py": HANDLER, "requirements.txt": "orders\n"})
    for name in ("orders", "ledger"):
        write_wheel(platform.app / "vendor", name, "1.0")
    return platform


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": '[tool.uv]\nlink-mode = "symlink"\n'},
        {"pyproject.toml": '[tool.uv.pip]\npython-version = "3.9"\npython-platform = "windows"\n'},
        {"uv.toml": '[pip]\npython-version = "3.9"\npython-platform = "windows"\n'},
    ],
)
def test_settings_of_uv_for_other_machines(app: Platform, files: dict[str, str]) -> None:
    markers = "orders\nledger ; python_version < '3.10' or sys_platform == 'win32'\n"
    app.write({"requirements.txt": markers, **files})
    app.build_well()
    names = "[importlib.util.find_spec(name) is not None for name in ('orders', 'ledger')]"
    assert app.python(f"import importlib.util; print({names})") == "[True, False]"


@pytest.mark.parametrize(
    "files", [{"pyproject.toml": '[tool.uv.pip]\ntarget = "lib"\n'}, {"uv.toml": '[pip]\nprefix = "lib"\n'}]
)
def test_settings_of_uv_that_lead_to_another_directory(app: Platform, files: dict[str, str]) -> None:
    app.write(files)
    result = app.build()
    assert result.code == 1
    assert "[Error: Unsupported setting of uv]" in result.output
    assert not (app.app / "lib").exists()


@pytest.mark.parametrize(
    ("files", "file"),
    [
        ({"requirements.txt": "orders ; python_version < '3'\n-r more.txt\n", "more.txt": "ledger ; sys_platform == 'win32'"}, "requirements.txt"),
        ({"requirements.txt": "orders\nledger ; sys_platform == 'win32'\n"}, None),
        ({"requirements.txt": "", "pyproject.toml": "[project]\nname = 'shop'\nversion = '1'\ndependencies = ['orders ; python_version < \"3\"']"}, "pyproject.toml"),
    ],
)  # fmt: skip
def test_markers_that_exclude_every_requirement(app: Platform, files: dict[str, str], file: str | None) -> None:
    app.write(files)
    warnings = [line for line in app.build_well().section("Dependencies") if line.startswith("Warning")]
    assert [warning.partition(" applies")[0] for warning in warnings] == (
        [f"Warning: no requirement in {file}"] if file else []
    )


def test_function_without_requirements(platform: Platform) -> None:
    platform.write({"handler.py": HANDLER})
    result = platform.build_well({"HTTPS_PROXY": "http://127.0.0.1:9"})
    assert result.section("Dependencies") == ["The project has no dependencies to install."]
    assert platform.launch()["processes"] == [
        {
            "type": "web",
            "command": [f"{platform.layers}/invoker/venv/bin/python", "-P", "-m", "funcpack_invoker"],
            "args": [],
            "default": True,
        }
    ]
    assert sorted(path.name for path in platform.layers.iterdir()) == [
        "function",
        "function.toml",
        "invoker",
        "invoker.sbom.cdx.json",
        "invoker.toml",
        "launch.toml",
    ]


def test_log_names_the_buildpack(rebuilt: Platform) -> None:
    rebuilt.write({"handler.py": HANDLER})
    assert "funcpack/python" in rebuilt.build_well().output.splitlines()[0]


def test_dependencies_come_before_the_invoker(platform: Platform) -> None:
    app = with_packages(platform)
    write_wheel(app.app / "vendor", "deprecation", "2.1.1")
    app.write({"requirements.txt": "orders\ndeprecation==2.1.1\n"})
    app.build_well()
    assert app.python("import orders, deprecation, flask; print(orders.VERSION, deprecation.VERSION)") == "1.0 2.1.1"


def test_environment_of_the_image_can_be_changed_by_the_platform(rebuilt: Platform) -> None:
    rebuilt.write({"main.py": "def run(data): ..."})
    rebuilt.build_well({"PYTHON_HANDLER": "main.run"})
    variables = {path.name: path.read_text() for path in (rebuilt.layers / "function" / "env.launch").iterdir()}
    assert variables == {
        "PYTHON_HANDLER.default": "main.run",
        "PYTHONUNBUFFERED.default": "1",
        "PATH.prepend": f"{rebuilt.layers}/invoker/venv/bin",
        "PATH.delim": ":",
    }


def test_hashes_of_text_stay_random(platform: Platform) -> None:
    app = with_packages(platform)
    app.build_well()
    environments = [path.name for path in app.layers.glob("*/env*/**/*")]
    assert environments
    assert not [name for name in environments if name.startswith("PYTHONHASHSEED")]


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [("TOKEN", "a\0b", "whose value contains a null character"), ("A=B", "c", "whose name contains '='")],
)
def test_variable_that_no_process_can_have(app: Platform, name: str, value: str, reason: str) -> None:
    assert app.detect({name: value}).code == 0
    result = app.build({name: value})
    assert result.code == 1
    assert (
        result.section("Error: Invalid variable of the platform")[0]
        == f"The platform provides the variable '{name}', {reason}."
    )


def test_variable_whose_file_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "env").mkdir()
    (tmp_path / "env" / "TOKEN").symlink_to("/proc/self/mem")  # not even root can read the first page
    directories = dict.fromkeys(("CNB_PLATFORM_DIR", "CNB_LAYERS_DIR", "CNB_BUILDPACK_DIR"), str(tmp_path))
    with pytest.raises(PlatformVariableError) as caught:
        Context.for_build(directories, [])
    assert caught.value.found.endswith("'TOKEN', whose file cannot be read: Input/output error.")


def test_variables_that_are_not_utf_8(app: Platform) -> None:
    app.build_well({"TOKEN": "a\udcff", "\udcff": "b"})


def test_variables_of_func_yaml_are_defaults(rebuilt: Platform) -> None:
    rebuilt.write(
        {
            "func.py": "def main(data): ...",
            "func.yaml": "name: f\nrun:\n  envs:\n  - name: LEVEL\n    value: high\nunknown: {a: 1}\n",
        }
    )
    rebuilt.build_well()
    env = rebuilt.layers / "function" / "env.launch"
    assert (env / "LEVEL.default").read_text() == "high"
    assert (env / "PYTHON_HANDLER.default").read_text() == "func.main"


class TestSecondBuild:
    def test_uses_layers_of_which_only_metadata_is_restored(self, platform: Platform) -> None:
        app = with_packages(platform)
        app.build_well()
        app.restore()
        result = app.build_well()
        assert result.section("Invoker") == [REUSED.format("invoker")]
        assert result.section("Dependencies")[-1] == REUSED.format("dependencies")
        assert sorted(path.name for path in app.layers.iterdir() if path.is_dir()) == ["function"]
        assert "launch = true" in (app.layers / "dependencies.toml").read_text()

    def test_with_other_code_uses_the_layers(self, app: Platform) -> None:
        app.build_well()
        app.restore()
        app.write({"handler.py": HANDLER.replace("hello", "bye")})
        assert app.build_well().section("Dependencies")[-1] == REUSED.format("dependencies")

    def test_with_another_requirement_drops_what_is_gone(self, app: Platform) -> None:
        app.build_well()
        app.write({"requirements.txt": "ledger\n"})
        result = app.build_well()
        assert result.section("Dependencies")[2:4] == [
            "Not reusing layer 'dependencies' from the last build:",
            "  - the content of the dependency files changed",
        ]
        installed = {path.name for path in app.layers.rglob("dependencies/venv/lib/python*/site-packages/*.py")}
        assert installed == {"ledger.py"}

    def test_without_requirements_drops_the_layer(self, app: Platform) -> None:
        app.build_well()
        (app.app / "requirements.txt").unlink()
        app.build_well()
        assert not list(app.layers.glob("dependencies*"))

    def test_sees_changes_of_nested_files(self, app: Platform) -> None:
        app.write(
            {"requirements.txt": "-r base.txt\n-c limits.txt\n", "base.txt": "orders\n", "limits.txt": "orders<2\n"}
        )
        app.build_well()
        app.write({"limits.txt": "orders<3\n"})
        assert "  - the content of the dependency files changed" in app.build_well().output

    def test_names_every_reason(self, app: Platform) -> None:
        app.build_well()
        app.restore()
        app.write({"requirements.txt": "ledger\n"})
        result = app.build_well({"CNB_TARGET_DISTRO_VERSION": "14", "UV_INDEX_STRATEGY": "unsafe-best-match"})
        assert result.section("Dependencies")[2:6] == [
            "Not reusing layer 'dependencies' from the last build:",
            "  - the distribution changed from debian 13 to debian 14",
            "  - the content of the dependency files changed",
            "  - a setting of pip or uv, or a file that it names changed",
        ]

    @pytest.mark.parametrize(
        "restored",
        [
            pytest.param("[metadata]\nversion = 1\n", id="other-metadata"),
            pytest.param("", id="empty"),
            pytest.param("[metadata\n", id="not-toml"),
            pytest.param('metadata = "text"\n', id="not-a-table"),
        ],
    )
    def test_drops_what_another_version_left(self, app: Platform, restored: str) -> None:
        (app.layers / "dependencies.toml").write_text(restored)
        assert "  - another version of this buildpack created it" in app.build_well().section("Dependencies")

    def test_after_a_failed_one_begins_anew(self, app: Platform) -> None:
        app.write({"requirements.txt": "missing\n"})
        assert app.build().code == 1
        assert not (app.layers / "dependencies.toml").exists()
        app.write({"requirements.txt": "orders\n"})
        app.build_well()

    def test_makes_layers_again_when_their_files_are_needed(self, app: Platform) -> None:
        app.build_well()
        app.restore()
        result = app.build_well({"BP_CHECK_IMPORT": "true"})
        reason = "  - this build needs its files, and only its metadata was restored"
        assert reason in result.section("Invoker")
        assert reason in result.section("Dependencies")
        assert result.section("Import check")


class TestBytecode:
    def test_is_checked_by_hash_and_final_path(self, platform: Platform) -> None:
        app = with_packages(platform)
        app.write({"package/__init__.py": "", "package/module.py": "def f(): ..."})
        app.build_well()
        compiled = [*app.layers.rglob("*.pyc"), *app.app.rglob("*.pyc")]
        names = {path.name.partition(".")[0] for path in compiled}
        assert names >= {"handler", "module", "orders", "app"}
        for path in compiled:
            content = path.read_bytes()
            assert int.from_bytes(content[4:8], "little") == 0b11, path
            source = path.parent.parent / f"{path.name.partition('.')[0]}.py"
            assert str(source).encode() in content

    def test_from_elsewhere_is_replaced(self, app: Platform) -> None:
        app.build_well()
        (compiled,) = (app.app / "__pycache__").glob("handler.*.pyc")
        wanted = compiled.read_bytes()
        app.python("import py_compile; py_compile.compile('handler.py')")
        assert compiled.read_bytes() != wanted
        app.build_well()
        assert compiled.read_bytes() == wanted

    def test_of_broken_files_that_are_not_the_function_is_left_out(self, app: Platform) -> None:
        app.write({"tests/broken.py": "def f(\n", "old.py": "print 1\n"})
        app.build_well()
        assert not list(app.app.rglob("broken*.pyc"))

    @pytest.mark.parametrize("directory", [".venv", ".git", "node_modules"])
    def test_of_directories_that_nothing_imports_from_is_left_out(self, app: Platform, directory: str) -> None:
        app.write({f"{directory}/lib/tool.py": "def f(): ..."})
        app.build_well()
        assert not list(app.app.rglob("tool*.pyc"))


def contents(directory: Path) -> dict[str, bytes]:
    files = (path for path in directory.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def test_same_input_gives_the_same_files(platform: Platform) -> None:
    app = with_packages(platform)
    app.build_well()
    first = contents(app.layers) | contents(app.app)
    for path in (*app.layers.iterdir(), *(app.app / "__pycache__").iterdir()):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for wheel in (app.app / "vendor").iterdir():
        os.utime(wheel, (10**9, 10**9))
    app.build_well()
    second = contents(app.layers) | contents(app.app)
    assert sorted(name for name in first | second if first.get(name) != second.get(name)) == []


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o077])
def test_everybody_may_read_the_files_and_nobody_else_write_them(platform: Platform, umask: int) -> None:
    app = with_packages(platform)
    before = os.umask(umask)
    try:
        app.build_well()
    finally:
        os.umask(before)
    paths = [path for path in (*app.layers.rglob("*"), app.app / "__pycache__") if not path.is_symlink()]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in paths}
    assert {path: oct(mode) for path, mode in modes.items() if mode not in {0o644, 0o755}} == {}


def test_files_that_only_their_owner_may_read_are_made_readable(rebuilt: Platform) -> None:
    rebuilt.write({"handler.py": HANDLER, "data/rates.json": "{}", "run.sh": "", "shared.txt": ""})
    modes = {
        ".": 0o755,
        "handler.py": 0o600,
        "data": 0o700,
        "data/rates.json": 0o640,
        "run.sh": 0o700,
        "shared.txt": 0o664,
    }
    for name, mode in modes.items():
        (rebuilt.app / name).chmod(mode)
    (rebuilt.app / "link").symlink_to("/etc/shadow")
    result = rebuilt.build_well()
    assert result.section("Permissions") == [
        "Made 4 files and directories ('data', for example) readable for all users of the image.",
        "Made 'shared.txt' writable for the owner only, not for the function.",
    ]
    found = {name: stat.S_IMODE((rebuilt.app / name).stat().st_mode) for name in modes}
    wanted = {
        ".": 0o755,
        "handler.py": 0o644,
        "data": 0o755,
        "data/rates.json": 0o644,
        "run.sh": 0o755,
        "shared.txt": 0o644,
    }
    assert found == wanted
    assert "[Permissions]" not in rebuilt.build_well().output


def test_app_directory_itself_is_made_readable(rebuilt: Platform) -> None:
    rebuilt.write({"handler.py": HANDLER})
    rebuilt.app.chmod(0o700)
    assert rebuilt.build_well().section("Permissions") == ["Made '.' readable for all users of the image."]
    assert stat.S_IMODE(rebuilt.app.stat().st_mode) == 0o755


def test_image_has_no_pip_and_no_cache(app: Platform) -> None:
    app.build_well()
    names = {path.name for path in app.layers.rglob("*")}
    assert not [name for name in names if name.startswith(("pip", "setuptools", "uv-cache", "uv_cache"))]


@pytest.mark.parametrize("layer", ["invoker", "dependencies"])
def test_bill_of_materials_lists_what_is_installed(platform: Platform, layer: str) -> None:
    app = with_packages(platform)
    app.build_well()
    bill = json.loads((app.layers / f"{layer}.sbom.cdx.json").read_text())
    purls = [component["purl"] for component in bill["components"]]
    installed = app.layers.glob(f"{layer}/venv/lib/python*/site-packages/*.dist-info")
    assert len(purls) == len(list(installed))
    assert ("pkg:pypi/orders@1.0" if layer == "dependencies" else f"pkg:pypi/funcpack-invoker@{__version__}") in purls


def test_labels_say_what_is_in_the_image(rebuilt: Platform) -> None:
    rebuilt.write(
        {
            "handler.py": HANDLER,
            "project.toml": """
                [project]
                name = "Orders"
                version = "1.2"
                authors = ["Ada <ada@example.com>", "Grace"]
                source-url = "https://example.com/orders"
                [[project.licenses]]
                type = "MIT"
            """,
        }
    )
    rebuilt.build_well()
    assert rebuilt.labels() == {
        "io.funcpack.buildpack.version": __version__.partition("rc")[0],
        "io.funcpack.handler": "handler.handler",
        "org.opencontainers.image.authors": "Ada <ada@example.com>, Grace",
        "org.opencontainers.image.licenses": "MIT",
        "org.opencontainers.image.source": "https://example.com/orders",
        "org.opencontainers.image.title": "Orders",
        "org.opencontainers.image.version": "1.2",
    }


def test_labels_of_an_odd_project_toml_are_left_out(rebuilt: Platform) -> None:
    project = 'name = ["x"]\nversion = 1\nauthors = "Ada"\nlicenses = [1, {uri = "x"}]\n'
    rebuilt.write({"handler.py": HANDLER, "project.toml": f"[project]\n{project}"})
    rebuilt.build_well()
    assert sorted(rebuilt.labels()) == ["io.funcpack.buildpack.version", "io.funcpack.handler"]


def test_fault_of_ours_says_so(platform: Platform) -> None:
    platform.write({"handler.py": HANDLER})
    (platform.root / "file").touch()
    result = platform.build({"CNB_LAYERS_DIR": str(platform.root / "file")})
    assert result.code == 2
    section = result.section("Error: The buildpack failed unexpectedly")
    assert section[0] == "  Traceback (most recent call last):"
    assert section[-1] == "above at https://github.com/funcpack/funcpack/issues"


HOSTILE = {
    "PYTHONPATH": "/invalid",
    "PYTHONHOME": "/invalid",
    "PYTHONSTARTUP": "/invalid",
    "PYTHONNOUSERSITE": "",
    "PIP_TARGET": "/invalid",
    "PIP_PREFIX": "/invalid",
    "PIP_USER": "1",
    "VIRTUAL_ENV": "/invalid",
    "CONDA_PREFIX": "/invalid",
    "UV_PYTHON": "/invalid",
    "UV_PROJECT_ENVIRONMENT": "/invalid",
    "UV_SYSTEM_PYTHON": "1",
    "UV_COMPILE_BYTECODE": "1",
    "UV_CACHE_DIR": "/proc/invalid",
    "LD_LIBRARY_PATH": "/invalid",
    "TMPDIR": "/tmp",
}


def test_variables_for_other_machines_do_no_harm(app: Platform) -> None:
    result = app.build_well(HOSTILE)
    assert app.python("import orders; print(orders.VERSION)") == "1.0"
    assert "invalid" not in result.output


@pytest.mark.parametrize(
    "setting",
    [{"PIP_REQUIRE_HASHES": "1"}, {"UV_NO_BINARY": "1"}, {"PIP_CONSTRAINT": "pins.txt"}, {"UV_HTTP_TIMEOUT": "soon"}],
    ids=lambda setting: next(iter(setting)),
)
def test_settings_for_the_users_packages_do_not_apply_to_the_invoker(
    platform: Platform, setting: dict[str, str]
) -> None:
    platform.write({"handler.py": HANDLER, "pins.txt": "flask==1.0\n"})
    platform.build_well(setting)
    assert platform.python("import funcpack_invoker; print('found')") == "found"


@pytest.mark.parametrize(
    "name", ["sitecustomize.py", "usercustomize.py", "typing.py", "flask.py", "invoker.py", "funcpack.py"]
)
def test_files_of_the_app_do_not_disturb_the_build(app: Platform, name: str) -> None:
    app.write({name: "raise SystemExit('this was imported in the build')\n"})
    assert "imported in the build" not in app.build_well().output


def test_log_warns_of_modules_that_shadow_the_invokers(rebuilt: Platform) -> None:
    rebuilt.write({"handler.py": HANDLER, "flask.py": "", "click/__init__.py": ""})
    section = rebuilt.build_well().section("Function")
    for name in ("click", "flask"):
        assert (
            f"Warning: the app has a module '{name}', and 'import {name}' gets it instead of the invoker's library. If the"
            " invoker needs the library, the function does not start. Rename the app's module."
        ) in section


@pytest.mark.parametrize("name", ["uuid", "queue", "profile", "statistics"])
def test_log_says_which_of_two_modules_of_a_name_the_function_gets(rebuilt: Platform, name: str) -> None:
    rebuilt.write(
        {
            "handler.py": f"import {name}\nprint({name}.__file__)\ndef handler(req): ...",
            f"{name}.py": "",
            "src/email/__init__.py": "",
        }
    )
    result = rebuilt.build_well({"BP_CHECK_IMPORT": "true"})
    (line, other) = (line for line in result.section("Function") if f"'import {name}'" in line or "email" in line)
    gets_the_apps = "gets the app's module" in line or "gets the app's module" in other
    assert gets_the_apps == (f"{rebuilt.app}/{name}.py" in result.output)
    assert any("'import email' gets the module of Python's standard library" in text for text in (line, other))


def test_app_with_odd_names(app: Platform) -> None:
    app.write({"Größe und Maß/später.py": "x = 1\n", "new\nline.py": "x = 1\n"})
    (app.app / "outside").symlink_to("/etc")
    (app.app / "loop").symlink_to(app.app)
    (app.app / "dangling.py").symlink_to("nowhere.py")
    app.build_well()


class TestPython:
    def test_of_the_run_image_is_used_where_it_fits(self, rebuilt: Platform) -> None:
        minor = PYTHON_VERSION.rpartition(".")[0]
        rebuilt.write({"handler.py": HANDLER, ".python-version": f"# ours\n\n{minor}  # not newer\n"})
        assert rebuilt.build_well().section("Python") == [
            f"The project requests Python '{minor}' (.python-version, line 3).",
            f"Using Python {PYTHON_VERSION} of the run image.",
        ]

    def test_version_of_the_environment_comes_first(self, rebuilt: Platform) -> None:
        rebuilt.write({"handler.py": HANDLER, ".python-version": "2.7"})
        section = rebuilt.build_well({"BP_PYTHON_VERSION": ">=3.11"}).section("Python")
        assert section[0] == "The project requests Python '>=3.11' (BP_PYTHON_VERSION)."
