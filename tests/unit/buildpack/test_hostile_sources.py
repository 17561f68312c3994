"""Apps of somebody whom the platform does not trust: builds keep the platform's secrets, and end with an error instead of a crash."""

from __future__ import annotations

import os
import socket
import stat
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.buildpack.sources import package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.unit.buildpack.builds import Platform, Result

HANDLER = "def handler(req): ...\n"
# Every reader of a file accepts this text as its beginning: it is a name in Python, and a line in requirements files.
SECRET = "hunter2_of_the_platform"


@pytest.fixture
def bound(rebuilt: Platform) -> Platform:
    """An app and a service binding with a secret."""
    rebuilt.write({"handler.py": HANDLER})
    rebuilt.bind("db", "postgresql", {"password": f"{SECRET}\n"})
    return rebuilt


def password(platform: Platform) -> Path:
    return platform.platform / "bindings" / "db" / "password"


def files_with_the_secret(platform: Platform) -> list[str]:
    """Return the files of the image that contain the secret."""
    roots = (platform.app, platform.layers)
    files = [path for root in roots for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    return [str(file.relative_to(platform.root)) for file in files if SECRET.encode() in file.read_bytes()]


def project_toml(**variables: str) -> str:
    return "".join(
        f"[[io.buildpacks.build.env]]\nname = '{name}'\nvalue = '{value}'\n" for name, value in variables.items()
    )


LINKED = [
    "handler.py",
    "requirements.txt",
    ".python-version",
    "project.toml",
    "pyproject.toml",
    "pylock.toml",
    "uv.lock",
]


@pytest.mark.parametrize("name", LINKED)
def test_file_that_is_a_link_to_a_secret(bound: Platform, name: str) -> None:
    (bound.app / name).unlink(missing_ok=True)
    (bound.app / name).symlink_to(password(bound))
    result = bound.build()
    assert "[Error: A file is outside the app directory]" in result.output
    assert name in result.output
    assert SECRET not in result.output
    assert files_with_the_secret(bound) == []


@pytest.mark.parametrize("name", ["func.yaml", "pip.conf", "setup.cfg", "runtime.txt", ".tool-versions", "Pipfile"])
def test_file_of_another_tool_that_is_a_link_to_a_secret_is_not_read(bound: Platform, name: str) -> None:
    password(bound).write_text(
        f"[{SECRET}]\n{SECRET} = 3.12\npython 3.12\nrun:\n  envs:\n  - name: {SECRET}\n    value: {SECRET}\n"
    )
    (bound.app / name).symlink_to(password(bound))
    assert SECRET not in bound.build_well().output
    assert files_with_the_secret(bound) == []


TOO_LONG = [
    ("fn",),
    ("func.yaml", "func.py"),
    ("src", "vendor", "requirements", "setup.py", "setup.cfg", "pip.conf", "poetry.lock", "runtime.txt", ".git", "a.py"),
]  # fmt: skip


@pytest.mark.parametrize("names", TOO_LONG, ids=lambda names: names[0])
def test_link_whose_target_is_too_long_for_a_name_is_passed_over(bound: Platform, names: tuple[str, ...]) -> None:
    project = "[project]\nname = 'orders'\ndynamic = ['version']\n[tool.uv.workspace]\nmembers = ['*/a']\n"
    bound.write({"pyproject.toml": project, "requirements.txt": ""})
    for name in names:
        (bound.app / name).symlink_to("x" * 300)
    bound.build_well()


def test_uv_toml_that_is_a_link_to_a_secret(bound: Platform) -> None:
    bound.write({"requirements.txt": "orders\n"})
    (bound.app / "uv.toml").symlink_to(password(bound))
    result = bound.build()
    assert "[Error: A file is outside the app directory]" in result.output
    assert SECRET not in result.output


def test_link_to_a_link_to_a_secret(bound: Platform) -> None:
    (bound.app / "directory").symlink_to(password(bound).parent)
    (bound.app / "requirements.txt").symlink_to("directory/password")
    result = bound.build()
    assert "[Error: A file is outside the app directory]" in result.output
    assert SECRET not in result.output


@pytest.mark.parametrize(
    ("line", "files"),
    [
        ("-r {secret}", {}),
        ("-c {secret}", {}),
        ("--requirement={secret}", {}),
        ("-r\t{secret}", {}),
        ("-r file://{secret}", {}),
        ("-r file:{secret}", {}),
        ("-r {secret}#.txt", {}),
        ("-r ../platform/bindings/db/password", {}),
        ("-r more/nested.txt", {"more/nested.txt": "-r ../../platform/bindings/db/password"}),
        ("-r ${{NETRC}}", {}),
        ("-r ${{PLACE}}/password", {}),
        # uv takes the names up to these characters.
        ("-r linked#.txt", {"linked#.txt": ""}),
        ("-r linked\\\n.txt", {"linked.txt": "orders"}),
        ('-r "quoted"', {"quoted": ""}),
    ],
)
def test_requirements_file_that_includes_a_secret(bound: Platform, line: str, files: Mapping[str, str]) -> None:
    bound.write({"requirements.txt": line.format(secret=password(bound)), **files})
    (bound.app / "linked").symlink_to(password(bound))
    (bound.app / '"quoted"').symlink_to(password(bound))
    bound.bind("credentials", "netrc", {"netrc": f"machine example.com login orders password {SECRET}"})
    result = bound.build({"PLACE": str(password(bound).parent)})
    assert result.code == 1
    assert SECRET not in result.output


@pytest.mark.parametrize("line", ["{secret}", "-e {secret}", "./linked", "orders @ file://{secret}"])
def test_requirement_that_is_a_secret(bound: Platform, line: str) -> None:
    bound.write({"requirements.txt": line.format(secret=password(bound).parent)})
    (bound.app / "linked").symlink_to(password(bound).parent)
    result = bound.build()
    assert "[Error: A local package does not exist]" in result.output
    assert SECRET not in result.output


@pytest.mark.parametrize(
    "name",
    ["UV_CONSTRAINT", "UV_OVERRIDE", "UV_BUILD_CONSTRAINT", "UV_EXCLUDE", "PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT"],
)
@pytest.mark.parametrize("is_copied", [True, False])
def test_setting_of_the_project_that_names_a_secret(bound: Platform, name: str, is_copied: bool) -> None:
    value = str(password(bound))
    bound.write({"requirements.txt": "orders\n", "project.toml": project_toml(**{name: value})})
    result = bound.build({name: value} if is_copied else {})  # as pack does
    assert "[Error: A file is outside the app directory]" in result.output
    assert SECRET not in result.output


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            (name, "{}")
            for name in ("PIP_CERT", "PIP_CLIENT_CERT", "SSL_CERT_FILE", "SSL_CLIENT_CERT", "CURL_CA_BUNDLE")
        ),
        *((name, "{}") for name in ("PIP_FIND_LINKS", "UV_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL")),
        *((name, "file://{}") for name in ("UV_INDEX", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_INDEX_URL")),
        ("UV_INDEX", "https://example.com/simple mine=file://{}"),
        ("UV_FIND_LINKS", "archives,{}"),
        ("UV_CONSTRAINT", "limits.txt linked"),
        ("PIP_CERT", "with spaces"),
    ],
)
def test_setting_of_the_project_that_names_something_outside(bound: Platform, name: str, value: str) -> None:
    for link in ("linked", "with spaces"):
        (bound.app / link).symlink_to(password(bound))
    bound.write({"requirements.txt": "orders\n", "project.toml": project_toml(**{name: value.format(password(bound))})})
    result = bound.build()
    assert "[Error: A file is outside the app directory]" in result.output
    assert SECRET not in result.output


@pytest.mark.parametrize("name", ["UV_CONSTRAINT", "UV_OVERRIDE", "UV_EXCLUDE", "PIP_CONSTRAINT", "PIP_CERT"])
def test_setting_that_names_a_named_pipe(bound: Platform, name: str) -> None:
    os.mkfifo(bound.app / "pipe")
    bound.write({"requirements.txt": "orders\n"})
    assert "[Error: Not a regular file]" in bound.build({name: "pipe"}).output


PROJECT = '[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\n'
LOCK = 'version = 1\nrequires-python = ">=3.11"\n[[package]]\nname = "orders"\nversion = "1.0"\nsource = { %s }\n'
PYLOCK = 'lock-version = "1.0"\ncreated-by = "x"\n[[packages]]\nname = "orders"\nversion = "1.0"\n'
SOURCE = PROJECT + 'dependencies = ["orders"]\n[tool.uv.sources]\norders = %s\n'
OUTSIDE: dict[str, tuple[Mapping[str, str], str]] = {
    "find-links": ({"requirements.txt": "--find-links ELSEWHERE\n"}, "outside"),
    "find-links by a link": ({"requirements.txt": "-f linked\n"}, "outside"),
    "find-links of the root": ({"requirements.txt": "-f /\n"}, "outside"),
    "index": ({"requirements.txt": "--index-url file://ELSEWHERE\n"}, "outside"),
    "find-links in an included file": (
        {"requirements.txt": "-r a/b.txt\n", "a/b.txt": "-f ../../outside\n"},
        "outside",
    ),
    "package": ({"requirements.txt": "../outside\n"}, "local"),
    "package by a link": ({"requirements.txt": "./linked\n"}, "local"),
    "editable package": ({"requirements.txt": "-e ../outside\n"}, "local"),
    "named package": ({"requirements.txt": "orders @ file://ELSEWHERE\n"}, "local"),
    "named package by ${PROJECT_ROOT}": (
        {"requirements.txt": "orders @ file://${PROJECT_ROOT}/../outside\n"},
        "local",
    ),
    "constraint": (
        {"requirements.txt": "orders\n-c limits.txt\n", "limits.txt": "orders @ file://ELSEWHERE\n"},
        "local",
    ),
    "dependency in pyproject.toml": (
        {"pyproject.toml": PROJECT + 'dependencies = ["orders @ file://ELSEWHERE"]\n'},
        "outside",
    ),
    "source": ({"pyproject.toml": SOURCE % '{path = "../outside"}'}, "outside"),
    "source by a link": ({"pyproject.toml": SOURCE % '{path = "linked"}'}, "outside"),
    "editable source": ({"pyproject.toml": SOURCE % '{path = "../outside", editable = true}'}, "outside"),
    "source of the parent": ({"pyproject.toml": SOURCE % '{path = ".."}'}, "outside"),
    "source with a marker": (
        {"pyproject.toml": SOURCE % "[{path = '../outside', marker = \"os_name == 'posix'\"}]"},
        "outside",
    ),
    "index in pyproject.toml": (
        {"pyproject.toml": PROJECT + 'dependencies = ["orders"]\n[[tool.uv.index]]\nurl = "file://ELSEWHERE"\n'},
        "outside",
    ),
    "find-links in pyproject.toml": (
        {"pyproject.toml": PROJECT + 'dependencies = ["orders"]\n[tool.uv]\nfind-links = ["../outside"]\n'},
        "outside",
    ),
    "find-links for uv pip": (
        {"pyproject.toml": PROJECT + 'dependencies = ["orders"]\n[tool.uv.pip]\nfind-links = ["linked"]\n'},
        "outside",
    ),
    "find-links in uv.toml": ({"requirements.txt": "orders\n", "uv.toml": 'find-links = ["../outside"]\n'}, "outside"),
    "member of the workspace": (
        {"pyproject.toml": PROJECT + 'dependencies = ["orders"]\n[tool.uv.workspace]\nmembers = ["link*"]\n'},
        "outside",
    ),
    "source of a package": (
        {"requirements.txt": "./shop\n", "shop/pyproject.toml": SOURCE % '{path = "../../outside"}'},
        "outside",
    ),
    "dependency of a package": (
        {
            "requirements.txt": "./shop\n",
            "shop/pyproject.toml": PROJECT + 'dependencies = ["orders @ file://ELSEWHERE"]\n',
        },
        "outside",
    ),
    **{
        f"{kind} in uv.lock": (
            {"pyproject.toml": SOURCE % '{path = "x"}', "uv.lock": LOCK % f'{kind} = "../outside"'},
            "outside",
        )
        for kind in ("editable", "directory", "path", "virtual", "registry")
    },
    "directory in pylock.toml": ({"pylock.toml": PYLOCK + 'directory = {path = "../outside"}\n'}, "outside"),
    "archive in pylock.toml": ({"pylock.toml": PYLOCK + 'archive = {path = "linked"}\n'}, "outside"),
    "wheel in pylock.toml": ({"pylock.toml": PYLOCK + 'wheels = [{path = "../outside/a.whl"}]\n'}, "outside"),
}
TITLES = {"outside": "A file is outside the app directory", "local": "A local package does not exist"}


@pytest.mark.parametrize(("files", "title"), OUTSIDE.values(), ids=OUTSIDE)
def test_source_of_packages_that_is_outside(bound: Platform, files: Mapping[str, str], title: str) -> None:
    outside = bound.root / "outside"
    outside.mkdir()
    (bound.app / "linked").symlink_to(outside)
    (outside / "a.whl").write_text(SECRET)
    for name, text in package("outside").items():
        (bound.root / name).write_text(text)
    bound.write({name: text.replace("ELSEWHERE", str(outside)) for name, text in files.items()})
    result = bound.build()
    assert f"[Error: {TITLES[title]}]" in result.output
    assert SECRET not in result.output


@pytest.mark.parametrize("name", ["http-proxy", "https-proxy", "no-proxy"])
@pytest.mark.parametrize(("file", "table"), [("uv.toml", ""), ("pyproject.toml", "[tool.uv]\n")])
def test_proxy_in_a_file_of_the_app(bound: Platform, name: str, file: str, table: str) -> None:
    value = '["example.com"]' if name == "no-proxy" else '"http://attacker.example"'
    bound.write({"requirements.txt": "orders\n", file: f"{table}{name} = {value}\n"})
    assert "[Error: A file of the app sets a proxy]" in bound.build().output


WHEEL = "orders-1.0-py3-none-any.whl"
PIPES: dict[str, tuple[str, Mapping[str, str]]] = {
    "wheel with a marker": (WHEEL, {"requirements.txt": f"./{WHEEL} ; python_version > '3'\n"}),
    "vendored wheel": (f"vendor/{WHEEL}", {"requirements.txt": "orders\n"}),
    "wheel in find-links": (f"wheels/{WHEEL}", {"requirements.txt": "--no-index\n-f wheels\norders\n"}),
    "wheel in pyproject.toml": (WHEEL, {"pyproject.toml": SOURCE % f"{{path = '{WHEEL}'}}"}),
    "wheel in uv.lock": (WHEEL, {"pyproject.toml": SOURCE % "{path = 'x'}", "uv.lock": LOCK % f"path = '{WHEEL}'"}),
    "wheel in pylock.toml": (WHEEL, {"pylock.toml": PYLOCK + f"wheels = [{{path = '{WHEEL}'}}]\n"}),
    "file of a package": ("orders/setup.cfg", {"requirements.txt": "./orders\n", **package("orders")}),
    "file of the project": (
        "README",
        {"pyproject.toml": PROJECT + "readme = 'README'\n[build-system]\nrequires = []\nbuild-backend = 'x'\n"},
    ),
}


@pytest.mark.parametrize(("name", "files"), PIPES.values(), ids=PIPES)
def test_input_of_the_installation_that_is_a_named_pipe(bound: Platform, name: str, files: Mapping[str, str]) -> None:
    """uv and build backends would wait for it forever."""
    bound.write(files)
    (bound.app / name).parent.mkdir(exist_ok=True)
    os.mkfifo(bound.app / name)
    result = bound.build()
    assert "[Error: Not a regular file]" in result.output
    assert f"{name} is a named pipe" in result.output


def test_requirement_that_is_a_named_pipe(bound: Platform) -> None:
    os.mkfifo(bound.app / WHEEL)
    bound.write({"requirements.txt": f"./{WHEEL}\n"})
    assert f"'./{WHEEL}' is not a file or a directory." in bound.build().output


@pytest.mark.parametrize("name", ["vendor", "vendor/orders-1.0-py3-none-any.whl", "vendor/orders-1.0.tar.gz"])
def test_vendored_package_that_is_outside(bound: Platform, name: str) -> None:
    outside = bound.root / "outside"
    outside.mkdir()
    (outside / "orders-1.0.tar.gz").write_text(SECRET)
    bound.write({"requirements.txt": "orders\n"})
    (bound.app / name).parent.mkdir(exist_ok=True)
    (bound.app / name).symlink_to(outside if name == "vendor" else outside / "orders-1.0.tar.gz")
    assert "[Error: A file is outside the app directory]" in bound.build().output


@pytest.mark.parametrize("name", ["UV_CONSTRAINT", "UV_CONFIG_FILE"])
def test_setting_of_the_platform_that_names_a_link_of_the_app(bound: Platform, name: str) -> None:
    bound.write({"requirements.txt": "orders\n"})
    (bound.app / "settings.txt").symlink_to(password(bound))
    result = bound.build({name: "settings.txt"})
    assert "[Error: A file is outside the app directory]" in result.output
    assert SECRET not in result.output


@pytest.mark.parametrize(
    "name",
    [
        "ALL_PROXY",
        "BASH_ENV",
        "GIT_SSH_COMMAND",
        "HOME",
        "LD_AUDIT",
        "LD_LIBRARY_PATH",
        "LD_PRELOAD",
        "NETRC",
        "OPENSSL_CONF",
        "PATH",
        "SERVICE_BINDING_ROOT",
        "TMPDIR",
        "UV_CONFIG_FILE",
        "XDG_CONFIG_HOME",
        "https_proxy",
    ],
)
@pytest.mark.parametrize("is_copied", [True, False])
def test_variable_that_only_the_platform_may_set(bound: Platform, name: str, is_copied: bool) -> None:
    backend = package("orders")
    value = str(password(bound))
    backend["orders/backend.py"] += f'\nassert os.environ.get("{name}") != "{value}", os.environ\n'
    bound.write({"requirements.txt": "./orders\n", "project.toml": project_toml(**{name: value}), **backend})
    result = bound.build_well({name: value} if is_copied else {})
    assert f"Warning: ignoring {name} of the project" in result.output
    assert SECRET not in result.output


@pytest.mark.parametrize("is_copied", [True, False])
def test_python_of_the_run_image_that_the_project_names(bound: Platform, is_copied: bool) -> None:
    """The build would run it."""
    value = f"3.13.5 {bound.app}/python"
    bound.write({"python": f"#!/bin/sh\necho {SECRET}\n", "project.toml": project_toml(BP_RUN_IMAGE_PYTHON=value)})
    (bound.app / "python").chmod(0o755)
    result = bound.build_well({"BP_RUN_IMAGE_PYTHON": value} if is_copied else {})
    assert "Warning: ignoring BP_RUN_IMAGE_PYTHON of the project" in result.output
    assert SECRET not in result.output


@pytest.mark.parametrize("phase", ["detect", "build"])
def test_the_lifecycle_does_not_pass_on_variables_of_the_project(buildpack: Path, phase: str) -> None:
    """Before Python starts, the loader obeys LD_PRELOAD, and the shell PATH. pack writes both to the platform directory."""
    assert (buildpack / "bin" / phase).read_text().startswith("#!/bin/sh\n")
    assert tomllib.loads((buildpack / "buildpack.toml").read_text())["buildpack"]["clear-env"] is True


def test_bindings_of_the_project_are_not_those_of_the_platform(bound: Platform) -> None:
    """They could send the platform's credentials to another host."""
    bound.write(
        {
            "bindings/index/type": "pypi",
            "bindings/index/uri": "https://attacker.example/simple",
            "project.toml": project_toml(SERVICE_BINDING_ROOT="/workspace/bindings"),
        }
    )
    env = {"SERVICE_BINDING_ROOT": "/workspace/bindings"}
    assert "attacker" not in bound.build_well(env).output


@pytest.mark.parametrize("text", [SECRET, f"X = '{SECRET}'"])
def test_linked_source_is_not_compiled(bound: Platform, text: str) -> None:
    password(bound).write_text(text)
    (bound.app / "x.py").symlink_to(password(bound))
    (bound.app / "package").symlink_to(password(bound).parent)
    bound.build_well()
    assert not list((bound.app / "__pycache__").glob("x.*"))
    assert files_with_the_secret(bound) == []


def test_bytecode_is_not_written_through_a_link(bound: Platform) -> None:
    elsewhere = bound.root / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "more.py").touch()
    (bound.app / "__pycache__").symlink_to(elsewhere)
    (bound.app / "linked").symlink_to(elsewhere)
    bound.build_well()
    assert [path.name for path in elsewhere.rglob("*")] == ["more.py"]


# --- the permissions of the app ---


def test_nobody_but_the_owner_can_write_the_app(bound: Platform) -> None:
    bound.write({"data/rates.json": "{}", "run.sh": ""})
    for path in (bound.app, *bound.app.rglob("*")):
        path.chmod(0o777)
    (bound.app / "data").chmod(0o3777)
    result = bound.build_well()
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (bound.app, *bound.app.rglob("*"))}
    assert {oct(mode) for path, mode in modes.items() if path.suffix != ".pyc"} == {"0o755"}
    assert {oct(mode & 0o7022) for mode in modes.values()} == {"0o0"}
    assert result.section("Permissions") == [
        "Made 4 files and directories ('data', for example) writable for the owner only, not for the function."
    ]


# --- the log ---

FORGED = "x\n[Error: forged]\r\x1b[2J\x07\x9b\x7f\u202e\u2066\u2028\x85"


def toml_text(text: str) -> str:
    return '"' + "".join(f"\\U{ord(character):08x}" for character in text) + '"'


def forge_project_toml(app: Path) -> None:
    (app / "project.toml").write_text(f'[[build.env]]\nname = "PYTHON_HANDLER"\nvalue = {toml_text(FORGED)}\n')


def forge_variable_name(app: Path) -> None:
    (app / "project.toml").write_text(f"[[build.env]]\nname = {toml_text(FORGED)}\nvalue = 1\n")


def forge_python_version(app: Path) -> None:
    (app / "project.toml").write_text(f'[[build.env]]\nname = "BP_PYTHON_VERSION"\nvalue = {toml_text(FORGED)}\n')


def forge_requires_python(app: Path) -> None:
    (app / "pyproject.toml").write_text(f"[project]\nname = 'x'\nrequires-python = {toml_text(FORGED)}\n")


def forge_requirement(app: Path) -> None:
    (app / "requirements.txt").write_text("orders \x1b[2J\x9b\u202e==\n")


def forge_included_file(app: Path) -> None:
    (app / "requirements.txt").write_text("-r \x1b[2J\x9b\u202e.txt\n")


def forge_index(app: Path) -> None:
    (app / "project.toml").write_text(f'[[build.env]]\nname = "UV_INDEX_STRATEGY"\nvalue = {toml_text(FORGED)}\n')
    (app / "requirements.txt").write_text("orders\n")


def forge_file_name(app: Path) -> None:
    (app / FORGED.replace("/", "")).touch(mode=0o600)


def forge_environment(app: Path) -> None:
    (app / FORGED).mkdir()
    (app / FORGED / "pyvenv.cfg").touch()


def forge_file_name_that_is_not_text(app: Path) -> None:
    Path(os.fsdecode(bytes(app) + b"/\xff\n[Error: forged]")).touch(mode=0o600)


def forge_source(app: Path) -> None:
    (app / "handler.py").write_text("def handler(req):\n    x = '\x1b[2J\u202e' +\n")


def forge_exception(app: Path) -> None:
    (app / "handler.py").write_text("raise ValueError('x\\n[Error: forged]\\x1b[2J')\n")
    (app / "project.toml").write_text(
        project_toml(BP_CHECK_IMPORT="true", PYTHON_HANDLER="handler.handler") + "".join([])
    )


@pytest.mark.parametrize(
    "forge",
    [
        forge_project_toml,
        forge_variable_name,
        forge_python_version,
        forge_requires_python,
        forge_requirement,
        forge_included_file,
        forge_index,
        forge_file_name,
        forge_environment,
        forge_file_name_that_is_not_text,
        forge_source,
        forge_exception,
    ],
    ids=lambda forge: forge.__name__,
)
def test_log_has_only_its_own_lines_and_no_control_characters(rebuilt: Platform, forge: Callable[[Path], None]) -> None:
    rebuilt.write({"handler.py": HANDLER})
    forge(rebuilt.app)
    for result in (rebuilt.detect(), rebuilt.build()):
        assert_harmless(result)


def assert_harmless(result: Result) -> None:
    lines = result.output.split("\n")
    assert not [line for line in lines if line.startswith("[Error: forged]")]
    unsafe = {character for line in lines for character in line if not character.isprintable()}
    assert unsafe <= {"\t"}
    assert "Traceback" not in result.output or "[Import check]" in result.output


# --- neither a crash nor a stall ---


def write(name: str, text: str) -> Callable[[Platform], None]:
    return lambda platform: platform.write({name: text})


def nested_requirements(platform: Platform) -> None:
    files = {f"r{number}.txt": f"-r r{number + 1}.txt\n" for number in range(1000)}
    platform.write({"requirements.txt": "-r r0.txt\n", **files, "r1000.txt": "orders\n"})


def function(annotation: str) -> str:
    return f"def handler(req: {annotation}): ...\n"


def named_pipe(name: str) -> Callable[[Platform], None]:
    return lambda platform: os.mkfifo(cleared(platform, name))


def package_that_is_a_named_pipe(platform: Platform) -> None:
    platform.write({"requirements.txt": "./pipe\n"})
    os.mkfifo(platform.app / "pipe")


def directory(name: str) -> Callable[[Platform], None]:
    return lambda platform: cleared(platform, name).mkdir()


def loop(name: str) -> Callable[[Platform], None]:
    return lambda platform: cleared(platform, name).symlink_to(name)


def device(name: str) -> Callable[[Platform], None]:
    return lambda platform: cleared(platform, name).symlink_to("/dev/zero")


def sparse(name: str) -> Callable[[Platform], None]:
    return lambda platform: os.truncate(touched(cleared(platform, name)), 10 * 2**30)


def unix_socket(name: str) -> Callable[[Platform], None]:
    def create(platform: Platform) -> None:
        descriptor = os.open(platform.app, os.O_RDONLY)
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(f"/proc/self/fd/{descriptor}/{cleared(platform, name).name}")  # names of sockets are short
        os.close(descriptor)

    return create


def cleared(platform: Platform, name: str) -> Path:
    (platform.app / name).unlink(missing_ok=True)
    return platform.app / name


def touched(path: Path) -> Path:
    path.touch()
    return path


READ = ["project.toml", ".python-version", "requirements.txt", "pyproject.toml", "uv.lock", "pylock.toml"]


def unreadable() -> Iterator[tuple[str, Callable[[Platform], None], str]]:
    for name in READ:
        yield f"{name} is a named pipe", named_pipe(name), "Not a regular file"
        yield f"{name} is a socket", unix_socket(name), "Not a regular file"
        yield f"{name} is a directory", directory(name), "Not a regular file"
        yield f"{name} is a device", device(name), "A file is outside the app directory"
        yield f"{name} is a link to itself", loop(name), "Unreadable file"
        yield f"{name} is large", sparse(name), "A file is too large"
        if name.endswith((".toml", ".lock")):
            title = "Invalid project.toml" if name == "project.toml" else "Invalid TOML"
            yield f"{name} is nested deeply", write(name, "a = " + "[" * 50_000), title
            yield f"{name} has nested tables", write(name, "a = " + "{a = " * 50_000), title
            yield f"{name} has a deep tree", write(name, f"a = {deep_tree()}"), title
            yield f"{name} has a key of many parts", write(name, "a" + ".a" * 100_000 + " = 1"), title
            yield f"{name} has a key of quoted parts", write(name, '"a" . ' * 100_000 + "a = 1"), title
            yield f"{name} has a table of many parts", write(name, "[a" + ".a" * 100_000 + "]"), title
            yield f"{name} has a long number", write(name, "a = " + "1" * 5_000), title
            yield f"{name} has a long hexadecimal number", write(name, "a = 0x" + "f" * 50_000), title


def deep_tree() -> str:
    """Return a value that is deeper than the parser is recursive."""
    path = ".".join("a" * 90)
    return f"{{{path} = " * 200 + "1" + "}" * 200


def other_cases() -> Iterator[tuple[str, Callable[[Platform], None], str]]:
    nested = "Invalid Python source code"
    for kind, create in (("a named pipe", named_pipe), ("a socket", unix_socket), ("a directory", directory)):
        yield f"handler.py is {kind}", create("handler.py"), "The function's module does not exist"
    yield "handler.py is a device", device("handler.py"), "The function's module does not exist"
    yield "handler.py is large", sparse("handler.py"), "A file is too large"
    for kind, text in {
        "parentheses": "(" * 100_000,
        "closed parentheses": "x = " + "(" * 5_000 + ")" * 5_000,
        "lists": "x = " + "[" * 150 + "]" * 150 + "\ny = " + "-" * 100_000 + "1",
        "f-strings": "x = " + "f'{" * 5_000,
        "elif": "if x: pass\n" + "elif x: pass\n" * 20_000,
        "attributes": "x = a" + ".a" * 100_000,
        "additions": "x = 1" + "+1" * 100_000,
    }.items():
        yield f"handler.py with {kind}", write("handler.py", text), nested
    yield (
        "a value with a null character",
        write("project.toml", '[[build.env]]\nname="A"\nvalue="\\u0000"'),
        "Invalid project.toml",
    )
    yield (
        "a name with a null character",
        write("project.toml", '[[build.env]]\nname="A\\u0000"\nvalue=""'),
        "Invalid project.toml",
    )
    yield "a name with =", write("project.toml", '[[build.env]]\nname="A=B"\nvalue=""'), "Invalid project.toml"
    yield "an empty name", write("project.toml", '[[build.env]]\nname=""\nvalue=""'), "Invalid project.toml"
    for kind, name in {
        "many parts": "a." * 20_000 + "a",
        "a long part": "a" * 300 + ".a",
        "long": "a" * 10**6 + ".a",
    }.items():
        title = "The function's module does not exist" if len(name) < 1000 else "The handler name is not valid"
        yield f"a handler name with {kind}", write("project.toml", project_toml(PYTHON_HANDLER=name)), title
    for kind, name in {"null": "a\\u0000.b", "slash": "../a.b"}.items():
        text = f'[[build.env]]\nname="PYTHON_HANDLER"\nvalue="{name}"'
        title = "Invalid project.toml" if kind == "null" else "The handler name is not valid"
        yield f"a handler name with {kind}", write("project.toml", text), title
    for version in ("3." + "1" * 5_000, "3" * 5_000, ">=" + "1." * 5_000 + "1", ">=3," * 5_000 + "<4"):
        yield f"version {version[:6]}", write(".python-version", version), "Invalid Python version"
    yield "nested requirements", nested_requirements, "Requirements files are nested too deeply"
    for kind, name in {"long": "a" * 300, "null": "a\0b"}.items():
        yield f"-r {kind}", write("requirements.txt", f"-r {name}\n"), "A requirements file does not exist"
        yield f"-r loop {kind}", write("requirements.txt", f"-r {name}/loop\n"), "A requirements file does not exist"
    yield "a package with a long name", write("requirements.txt", f"./{'a' * 300}\n"), "A local package does not exist"
    yield "a package that is a named pipe", package_that_is_a_named_pipe, "A local package does not exist"
    yield "spaces in a requirement", write("requirements.txt", f"a{' ' * 60_000}b\n"), "Invalid requirement syntax"


CASES = [*unreadable(), *other_cases()]


@pytest.mark.parametrize(("create", "title"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_error_has_a_title(rebuilt: Platform, create: Callable[[Platform], None], title: str) -> None:
    rebuilt.write({"handler.py": HANDLER})
    create(rebuilt)
    env = {} if (rebuilt.app / "project.toml").exists() else {"PYTHON_HANDLER": "handler.handler"}
    assert rebuilt.detect(env).code in {0, 100}
    result = rebuilt.build(env)
    assert f"[Error: {title}]" in result.output
    assert result.code == 1
    assert max(map(len, result.output.splitlines())) < 5_000


@pytest.mark.parametrize(
    "text",
    [
        function("'" + "-" * 100_000 + "1'"),
        function("'" + "(" * 5_000 + "'"),
        function("-" * 80 + "1"),
        function("a" + ".a" * 900),
        function("'a" + ".a" * 2_900 + "'"),
        "def a0(req): ...\n" + "".join(f"a{n + 1} = a{n}\n" for n in range(3_000)) + "handler = a3000\n",
        "x = 1\nhandler = x" + ".a" * 900 + "()\n",
        "import " + "a" * 300 + "\n" + HANDLER,
        "from " + "a." * 5_000 + "a import b\n" + HANDLER,
    ],
)
def test_valid_function_with_unusual_source(rebuilt: Platform, text: str) -> None:
    rebuilt.write({"handler.py": text})
    rebuilt.build_well()


def test_aliases_in_many_modules(rebuilt: Platform) -> None:
    modules = {f"m{n}.py": f"from m{n + 1} import handler\n" for n in range(1_500)}
    rebuilt.write({**modules, "m1500.py": HANDLER, "handler.py": "from m0 import handler\n"})
    assert "It accepts HTTP requests: req." in rebuilt.build_well().output


@pytest.mark.parametrize(
    "value",
    ["x" + " " * 60_000 + "y", "{{" * 30_000, '"' + "\\" * 60_001, "'" * 60_001, "\\0", '"\\ud800"', '"\\u0000"'],
)
def test_unusual_func_yaml(rebuilt: Platform, value: str) -> None:
    text = f"run:\n  envs:\n  - name: A\n    value: {value}\n  - name: {'A' * 300}\n    value: b\n"
    rebuilt.write({"handler.py": HANDLER, "func.yaml": text})
    rebuilt.build_well()


def test_file_names_of_all_kinds(rebuilt: Platform) -> None:
    rebuilt.write({"handler.py": HANDLER})
    for name in (b"\xff.py", b"a" * 252 + b".py", b"new\nline.py", b"requirements" + b"_" * 200 + b"!"):
        Path(os.fsdecode(bytes(rebuilt.app) + b"/" + name)).touch()
    rebuilt.build_well()


def test_directories_that_are_deeper_than_the_stack(rebuilt: Platform) -> None:
    rebuilt.write({"handler.py": HANDLER})
    directories = [rebuilt.app]
    for _ in range(1_500):
        directories.append(directories[-1] / "d")
        directories[-1].mkdir()
    try:
        rebuilt.build_well()
    finally:
        for directory in reversed(directories[1:]):  # pytest cannot remove them
            directory.rmdir()


def test_circular_requirements(rebuilt: Platform) -> None:
    rebuilt.write({"handler.py": HANDLER, "requirements.txt": "-r a.txt\n-r a.txt\n", "a.txt": "-r requirements.txt\n"})
    rebuilt.build_well()


def test_package_with_a_link_to_the_root_is_digested_without_it(rebuilt: Platform) -> None:
    rebuilt.write({"handler.py": HANDLER, "requirements.txt": "./orders\n", **package("orders")})
    (rebuilt.app / "orders" / "root").symlink_to("/")
    rebuilt.build_well()


@pytest.mark.parametrize("pattern", ["**a", "**/**/**/**/*", "../*", "a" * 300, "*a" * 60, "[", "\\u0000"])
def test_workspace_members_with_any_pattern(rebuilt: Platform, pattern: str) -> None:
    rebuilt.write(
        {
            "handler.py": HANDLER,
            "pyproject.toml": f'[project]\nname = "x"\nversion = "1"\ndependencies = ["orders"]\n'
            f'[tool.uv.workspace]\nmembers = ["{pattern}"]\n',
        }
    )
    assert "The buildpack failed unexpectedly" not in rebuilt.build().output
