from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from funcpack.errors import (
    FileEncodingError,
    InvalidTomlError,
    MissingLocalPackageError,
    MissingRequirementsFileError,
    UnreadableFileError,
)
from funcpack.project import dependency_files, requirements
from funcpack.project.pyproject import Pyproject

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from funcpack.project.dependency_files import Dependencies


VARIABLES = {"KIND": "production", "USER": "ada", "PASSWORD": "s3cret"}


def write(app: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = app / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def read(app: Path, files: dict[str, str]) -> requirements.Requirements:
    write(app, {"requirements.txt": "", **files})
    return requirements.read_requirements(app / "requirements.txt", app, VARIABLES)


def find(app: Path) -> Dependencies | None:
    return dependency_files.find_dependencies(app, Pyproject.read(app), VARIABLES)


def names(app: Path, paths: Iterable[Path]) -> list[str]:
    return [str(path.relative_to(app)) for path in paths]


@pytest.mark.parametrize(
    ("text", "is_empty"),
    [
        ("", True),
        ("# nothing\n\n   \n", True),
        ("--index-url https://example.com/simple\n", True),
        ("-r other.txt\n", True),
        ("-c limits.txt\n", True),
        ("-c https://example.com/limits.txt\n", True),
        ("-c limits.txt\nflask\n", False),
        ("flask\n", False),
        ("flask[async]>=3; python_version > '3.11'  # why\n", False),
        ("-e .\n", False),
        ("--editable=./pkg\n", False),
        ("git+https://example.com/x.git@main\n", False),
        ("-r https://example.com/requirements.txt\n", False),
        ("flask \\", False),
        ("# C:\\wheels\\\nflask\n", False),
        ("--pre  # \\\nflask\n", False),
        ("# \\\n# flask\n", True),
    ],
)
def test_is_there_anything_to_install(tmp_path: Path, text: str, is_empty: bool) -> None:
    files = {"requirements.txt": text, "other.txt": "", "limits.txt": "flask<4", "setup.py": "", "pkg/setup.py": ""}
    assert read(tmp_path, files).is_empty is is_empty


@pytest.mark.parametrize(
    "line",
    [
        "-r more/a.txt",
        "-rmore/a.txt",
        "--requirement more/a.txt",
        "--requirement=more/a.txt",
        "-c more/a.txt",
        "--constraint=more/a.txt",
        '-r "more/a.txt"',
        "--constraint 'more/a.txt'",
    ],
)
def test_nested_files_count(tmp_path: Path, line: str) -> None:
    found = read(
        tmp_path,
        {"requirements.txt": f"{line}  # why\n", "more/a.txt": "-r b.txt\n", "more/b.txt": "flask\n-r a.txt\n"},
    )
    assert names(tmp_path, found.files) == ["requirements.txt", "more/a.txt", "more/b.txt"]
    assert found.is_empty is ("-c" in line)  # constraints install nothing


@pytest.mark.parametrize(
    ("line", "paths"),
    [
        ("./pkg", ["pkg"]),
        ("-e ./pkg", ["pkg"]),
        ("--editable pkg", ["pkg"]),
        ("pkg @ file:pkg", ["pkg"]),
        ("pkg@file:./pkg", ["pkg"]),
        ("pkg[extra]@./pkg", ["pkg"]),
        ("file://localhost${APP}/pkg", ["pkg"]),
        ("pkg/", ["pkg"]),
        ("wheels/../pkg", ["pkg"]),
        ("pkg @ file:%70kg", ["pkg"]),
        ("-r more/a.txt", ["pkg"]),
        ("./pkg[extra] ; python_version > '3'", ["pkg"]),
        ("wheels/a-1-py3-none-any.whl --hash=sha256:00", ["wheels/a-1-py3-none-any.whl"]),
        ("https://example.com/a-1-py3-none-any.whl", []),
        ("pkg", []),
    ],
)
def test_local_paths_count(tmp_path: Path, line: str, paths: list[str]) -> None:
    files = {
        "requirements.txt": line.replace("${APP}", str(tmp_path)),
        "pkg/setup.py": "",
        "wheels/a-1-py3-none-any.whl": "",
    }
    files["more/a.txt"] = "./pkg"  # the path is relative to the app directory, as for pip
    assert names(tmp_path, read(tmp_path, files).paths) == paths


@pytest.mark.parametrize(
    ("line", "path", "reason", "is_outside"),
    [
        ("-e ../shared", "../shared", "does not exist", True),
        ("./wheels/a-1-py3-none-any.whl", "./wheels/a-1-py3-none-any.whl", "does not exist", False),
        ("a @ file:///home/me/a", "file:///home/me/a", "does not exist", True),
        ("a @ file:///a%20b", "file:///a%20b", "does not exist", True),
        ("a[extra]@../shared", "../shared", "does not exist", True),
        ("libraries/a", "libraries/a", "does not exist", False),
        ("-e ./empty#egg=x", "./empty", "is an empty directory", False),
        ("./no-package[extra]", "./no-package", "has no pyproject.toml or setup.py", False),
    ],
)
def test_missing_package_is_named_with_its_line(
    tmp_path: Path, line: str, path: str, reason: str, is_outside: bool
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingLocalPackageError) as caught:
        read(tmp_path, {"requirements.txt": f"flask\n{line}", "no-package/a.py": ""})
    error = caught.value
    assert (error.line, error.path, error.reason, error.is_outside) == (2, path, reason, is_outside)


def test_path_that_is_relative_to_its_file_is_corrected(tmp_path: Path) -> None:
    with pytest.raises(MissingLocalPackageError) as caught:
        read(tmp_path, {"requirements.txt": "-r more/a.txt", "more/a.txt": "-e ../pkg[x]", "pkg/setup.py": ""})
    assert caught.value.remedy == "The paths of packages are relative to the app directory. Write './pkg' instead."


@pytest.mark.parametrize(
    "line",
    [
        "-e ../shared ; sys_platform == 'win32'",
        "../shared;sys_platform=='win32'",
        "./${NAME}",
        "-c limits.txt",
        "-e 'my package'",
    ],
)
def test_path_that_only_uv_can_judge_is_left_to_it(tmp_path: Path, line: str) -> None:
    read(tmp_path, {"requirements.txt": line, "limits.txt": "numpy @ file:///home/me/numpy"})


@pytest.mark.parametrize(
    ("lines", "variables"),
    [
        (["flask"], {}),
        (["--pre", "flask"], {"UV_PRERELEASE": "allow"}),
        (
            ["--trusted-host a.example", "--trusted-host=b.example:8080"],
            {"UV_INSECURE_HOST": "a.example b.example:8080"},
        ),
        (["--trusted-host"], {}),
    ],
)
def test_options_that_uv_has_variables_for(lines: list[str], variables: dict[str, str]) -> None:
    assert requirements.option_variables(lines) == variables


def test_name_of_a_file_may_have_blanks(tmp_path: Path) -> None:
    found = read(
        tmp_path, {"requirements.txt": "-r for all.txt\n-c 'for some.txt'", "for all.txt": "", "for some.txt": ""}
    )
    assert names(tmp_path, found.files) == ["requirements.txt", "for all.txt", "for some.txt"]


def test_missing_file_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(MissingRequirementsFileError) as caught:
        read(tmp_path, {"requirements.txt": "flask \\\n  --hash=sha256:00\n\n-r base.txt\n"})
    assert (caught.value.line, caught.value.missing) == (4, "base.txt")


@pytest.mark.parametrize("name", ["requirements.txt", "pylock.toml", "uv.lock", "pyproject.toml"])
def test_link_that_leads_nowhere_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).symlink_to("../shared/file")
    with pytest.raises(UnreadableFileError) as caught:
        find(tmp_path)
    assert caught.value.found == f"{name} is a symbolic link to '../shared/file', which does not exist in the build."


def test_paths_are_relative_to_a_link_and_not_to_what_it_leads_to(tmp_path: Path) -> None:
    write(tmp_path, {"production/all.txt": "-r base.txt", "base.txt": "flask"})
    (tmp_path / "requirements.txt").symlink_to("production/all.txt")
    found = find(tmp_path)
    assert found is not None
    assert found.lines is not None
    assert found.lines[0] == "flask"


@pytest.mark.parametrize(("encoding", "guess"), [("utf-16", "UTF-16"), ("latin-1", "")])
def test_other_encodings_are_refused(tmp_path: Path, encoding: str, guess: str) -> None:
    (tmp_path / "requirements.txt").write_bytes("flask # größe\n".encode(encoding))
    with pytest.raises(FileEncodingError) as caught:
        requirements.read_requirements(tmp_path / "requirements.txt", tmp_path, {})
    assert caught.value.encoding == guess


def test_text_of_another_encoding_is_saved_anew(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_bytes(PYPROJECT.encode("utf-16"))
    with pytest.raises(FileEncodingError) as caught:
        find(tmp_path)
    assert caught.value.found == "pyproject.toml seems to be UTF-16."
    command = "iconv -f UTF-16 -t UTF-8 pyproject.toml > utf-8 && mv utf-8 pyproject.toml"
    assert command in caught.value.remedy
    subprocess.run(command, shell=True, cwd=tmp_path, check=True)
    assert (tmp_path / "pyproject.toml").read_text() == PYPROJECT


PYPROJECT = '[project]\nname = "a"\nversion = "1"\ndependencies = ["flask"]\n'
UV_LOCK = "version = 1\n"
PYLOCK = '[[packages]]\nname = "flask"\n'


@pytest.mark.parametrize(
    ("files", "chosen", "ignored"),
    [
        pytest.param({}, None, (), id="none"),
        pytest.param({"requirements.txt": "# empty\n"}, None, (), id="empty"),
        pytest.param({"requirements.txt": "flask"}, "requirements.txt", (), id="requirements"),
        pytest.param({"pyproject.toml": PYPROJECT}, "pyproject.toml", (), id="pyproject"),
        pytest.param({"pyproject.toml": "[tool.ruff]\n"}, None, (), id="pyproject-of-tools"),
        pytest.param({"pyproject.toml": "[project]\ndynamic = 1\n"}, None, (), id="pyproject-with-a-number-for-a-list"),
        pytest.param({"pyproject.toml": PYPROJECT, "uv.lock": UV_LOCK}, "uv.lock", (), id="uv-lock"),
        pytest.param({"pyproject.toml": PYPROJECT, "pylock.toml": PYLOCK}, "pylock.toml", (), id="pylock"),
        pytest.param(
            {"requirements.txt": "flask", "pyproject.toml": PYPROJECT, "uv.lock": UV_LOCK},
            "requirements.txt",
            ("uv.lock", "pyproject.toml"),
            id="requirements-first",
        ),
        pytest.param(
            {"requirements.txt": "", "uv.lock": UV_LOCK, "pyproject.toml": PYPROJECT},
            "uv.lock",
            (),
            id="empty-is-passed-over",
        ),
    ],
)
def test_one_file_counts(tmp_path: Path, files: dict[str, str], chosen: str | None, ignored: tuple[str, ...]) -> None:
    write(tmp_path, files)
    found = find(tmp_path)
    assert (found and found.format, found.ignored if found else ()) == (chosen, ignored)


@pytest.mark.parametrize("name", ["pyproject.toml", "uv.lock", "pylock.toml"])
def test_file_that_is_not_toml(tmp_path: Path, name: str) -> None:
    write(tmp_path, {name: "[project"})
    with pytest.raises(InvalidTomlError):
        find(tmp_path)


@pytest.mark.parametrize(
    ("before", "after", "is_same"),
    [
        pytest.param({"requirements.txt": "flask"}, {"requirements.txt": "flask "}, False, id="file"),
        pytest.param({"requirements.txt": "./p", "p/setup.py": "1"}, {"p/setup.py": "2"}, False, id="local-package"),
        pytest.param({"requirements.txt": "./p", "p/setup.py": "1"}, {"p/__pycache__/a.pyc": "2"}, True, id="bytecode"),
        pytest.param({"requirements.txt": "flask", "handler.py": "1"}, {"handler.py": "2"}, True, id="code"),
        pytest.param(
            {"requirements.txt": "a", "vendor/a-1-py3-none-any.whl": "1"},
            {"vendor/a-1-py3-none-any.whl": "2"},
            False,
            id="vendor",
        ),
        pytest.param(
            {"uv.lock": UV_LOCK, "pyproject.toml": PYPROJECT},
            {"pyproject.toml": PYPROJECT + "\n"},
            False,
            id="project-of-lock",
        ),
    ],
)
def test_digest_follows_what_is_installed(
    tmp_path: Path, before: dict[str, str], after: dict[str, str], is_same: bool
) -> None:
    write(tmp_path, before)
    first = find(tmp_path)
    write(tmp_path, after)
    second = find(tmp_path)
    assert first is not None
    assert second is not None
    assert (first.digest == second.digest) is is_same


def test_directory_vendor_of_another_language(tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": "flask", "vendor/autoload.php": ""})
    found = find(tmp_path)
    assert found is not None
    assert found.vendor is None


@pytest.mark.parametrize(
    ("line", "is_changing"),
    [
        ("-r https://example.com/requirements.txt", True),
        ("-c https://example.com/limits.txt", True),
        ("a @ git+https://example.com/a.git", True),
        ("a @ git+https://example.com/a.git@main", True),
        ("-e git+ssh://git@example.com/a.git@v1#egg=a", True),
        ("a @ git+https://example.com/a.git@0123456789012345678901234567890123456789", False),
        ("https://example.com/archive/main.tar.gz", True),
        ("a @ https://example.com/a.tar.gz#sha256=00", False),
        ("a @ https://example.com/a-1-py3-none-any.whl", False),
        ("--index-url https://example.com/simple", False),
        ("flask==3 --hash=sha256:00", False),
    ],
)
def test_content_of_a_url_may_change(tmp_path: Path, line: str, is_changing: bool) -> None:
    found = read(tmp_path, {"requirements.txt": f"# first\n{line}\n"}).changing
    assert found == (["requirements.txt, line 2 refers to content that may have changed"] if is_changing else [])


ORDERS = '[project]\nname = "a"\nversion = "1"\ndependencies = ["orders"]\n[tool.uv.sources]\norders = '
COMMIT = "0123456789012345678901234567890123456789"


@pytest.mark.parametrize(
    ("files", "place"),
    [
        ({"pyproject.toml": f'{ORDERS}{{git = "https://example.com/a.git"}}'}, "[tool.uv.sources] in pyproject.toml"),
        ({"pyproject.toml": f'{ORDERS}[{{git = "https://example.com/a.git", rev = "v1"}}]'}, "[tool.uv.sources] in pyproject.toml"),
        ({"pyproject.toml": f'{ORDERS}{{git = "https://example.com/a.git", rev = "{COMMIT}"}}'}, None),
        ({"pyproject.toml": f'{ORDERS}{{url = "https://example.com/a.tar.gz"}}'}, "[tool.uv.sources] in pyproject.toml"),
        ({"pyproject.toml": f'{ORDERS}{{url = "https://example.com/a-1-py3-none-any.whl"}}'}, None),
        ({"pyproject.toml": f"{ORDERS}{{workspace = true}}"}, None),
        ({"pyproject.toml": f'{ORDERS}{{git = "https://example.com/a.git"}}', "uv.lock": "version = 1"}, None),
        ({"requirements.txt": "./lib", "lib/pyproject.toml": f'{ORDERS}{{git = "https://example.com/a.git"}}'}, "[tool.uv.sources] in lib/pyproject.toml"),
        ({"requirements.txt": "./lib", "lib/pyproject.toml": ORDERS.replace('"orders"', '"orders @ git+https://example.com/a"').partition("[tool")[0]}, "lib/pyproject.toml"),
        ({"requirements.txt": "./lib", "lib/pyproject.toml": "[project"}, None),
    ],
)  # fmt: skip
def test_content_of_a_source_may_change(tmp_path: Path, files: dict[str, str], place: str | None) -> None:
    write(tmp_path, files)
    found = find(tmp_path)
    assert found is not None
    assert found.changing == ((f"{place} refers to content that may have changed",) if place else ())


def test_variables_in_pyproject_are_part_of_the_digest(tmp_path: Path) -> None:
    write(
        tmp_path, {"pyproject.toml": PYPROJECT.replace("flask", "a @ https://example.com/a-${KIND}-py3-none-any.whl")}
    )
    first, second = (
        dependency_files.find_dependencies(tmp_path, Pyproject.read(tmp_path), {"KIND": kind}) for kind in ("1", "2")
    )
    assert first is not None
    assert second is not None
    assert first.digest != second.digest


def test_credentials_are_not_among_the_values_of_variables(tmp_path: Path) -> None:
    text = "-r ${KIND}.txt\na @ https://${USER}:${PASSWORD}@example.com/${KIND}-1-py3-none-any.whl\n${MISSING}\n"
    assert read(tmp_path, {"requirements.txt": text, "production.txt": ""}).values == {"KIND": "production"}
