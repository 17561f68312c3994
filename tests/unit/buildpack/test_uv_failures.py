"""The output of uv for failed installations, and the errors that it leads to."""

from __future__ import annotations

from pathlib import Path

import pytest

from funcpack.buildpack.install.uv_failures import error_for
from funcpack.buildpack.install.uv_hints import translated
from funcpack.errors import (
    BrokenPackageError,
    EditableRepositoryError,
    FileWriteError,
    FrozenPackageError,
    InstallError,
    InstallerSettingError,
    LocalPackageError,
    MissingGitError,
    MissingHashError,
    MissingVersionError,
    NoSolutionError,
    NotVendoredError,
    NoWheelForPythonError,
    NoWheelForSystemError,
    OtherPythonError,
    PackageBuildError,
    ProjectTableError,
    RepositoryError,
    RequirementSyntaxError,
    UnknownPackageError,
    UnknownVersionError,
)

NO_WHEEL = """error: No solution found when resolving dependencies
  cause: Because orders==1.0 has no wheels with a matching Python ABI tag (e.g., `cp311`) and only orders==1.0 is available
"""
NO_WHEEL_FOR_LINUX = """error: No solution found when resolving dependencies
  cause: Because pywin32<=302 has no wheels with a matching Python ABI tag (e.g., `cp311`) and only pywin32>=303 is available
         And because pywin32>=303 has no wheels with a matching platform tag (e.g., `manylinux_2_36_x86_64`)

hint: You require CPython 3.11 (`cp311`), but we only found wheels for `pywin32` (v302) with the following Python ABI tags: `cp36m`

hint: Wheels are available for `pywin32` (v312) on the following platforms: `win32`, `win_amd64`, `win_arm64`
"""
NO_WHEEL_IN_LOCK = """error: Distribution `pywin32==306 @ registry+https://pypi.org/simple` can't be installed because it doesn't have a source \
distribution or wheel for the current platform

hint: You're on Linux (`manylinux_2_36_x86_64`), but `pywin32` (v306) only has wheels for the following platform: `win_amd64`
"""
NO_WHEEL_FOR_PYTHON_IN_LOCK = """error: Distribution `numpy==2 @ registry+https://pypi.org/simple` can't be installed because it \
doesn't have a source distribution or wheel for the current platform

hint: You're using CPython 3.11 (`cp311`), but `numpy` (v2) only has wheels with the following Python ABI tag: `cp313`
"""
NO_SPACE = """error: Failed to inspect Python interpreter from provided path at `/layers/dependencies/venv/bin/python`
  cause: Failed to query Python interpreter
  cause: failed to write to file `/layers/uv-cache-1/.tmp1/python/_manylinux.py`: No space left on device (os error 28)
"""
READ_ONLY = """error: Failed to initialize cache at `/cache/uv`
  cause: failed to create directory `/cache/uv`: Read-only file system (os error 30)
"""
NO_PACKAGE = "error: `/workspace/sub` does not appear to be a Python project, as neither `pyproject.toml` nor `setup.py` are present"
NO_SCM = """error: Failed to build `orders @ file:///workspace`
  LookupError: setuptools-scm was unable to detect version for /workspace.
"""
NO_VERSION = """error: No solution found when resolving dependencies
  cause: Because there is no version of orders==2.0 and you require orders==2.0
"""
OTHER_PYTHON = """error: No solution found when resolving dependencies
  cause: Because the current Python version (3.11.7) does not satisfy Python>=3.12 and orders==1 depends on Python>=3.12
"""
OTHER_PYTHON_OF_LOCK = """error: The requested interpreter resolved to Python 3.11.7, which is incompatible with the project's Python \
requirement: `>=3.12` (from `project.requires-python`)
"""
NO_SETUPTOOLS = """error: Failed to build `orders @ file:///workspace/orders`
  cause: Because setuptools was not found in the provided package locations and you require setuptools>=40.8.0
"""
INVALID_PROJECT_TABLE = """error: The build backend returned an error
  cause: Call to `setuptools.build_meta:__legacy__.get_requires_for_build_wheel` failed (exit status: 1)
         ValueError: invalid pyproject.toml config: `project.dependencies[0]`.
"""
CONFLICT = """error: No solution found when resolving dependencies
  cause: Because all versions of orders depend on ledger>=2 and you require orders==1.0, we can conclude that you require ledger>=2.
         And because you require ledger<2, we can conclude that your requirements are unsatisfiable.
"""
CONFLICT_IN_PROJECT = """error: No solution found when resolving dependencies
  cause: Because orders==1.0 depends on ledger>=2 and shop depends on orders==1.0, we can conclude that shop depends on ledger>=2.
         And because shop depends on ledger>=1,<2, we can conclude that your requirements are unsatisfiable.
"""
NO_HASH = "error: In `--require-hashes` mode, all requirements must have a hash, but none were provided for: orders"


@pytest.mark.parametrize(
    ("output", "error", "error_with_vendor"),
    [
        ("error: something else", InstallError, InstallError),
        (NO_SPACE, FileWriteError, FileWriteError),
        (READ_ONLY, FileWriteError, FileWriteError),
        ("error: invalid value 'maybe' for '--require-hashes': not a", InstallerSettingError, InstallerSettingError),
        ("error: Failed to parse environment variable `UV_HTTP_T", InstallerSettingError, InstallerSettingError),
        ("error: Unexpected '[', expected '-c', '-e', '-r' or", RequirementSyntaxError, RequirementSyntaxError),
        ('error: Expected `--hash`, found `"--global-option=x"`', RequirementSyntaxError, RequirementSyntaxError),
        ("error: Invalid URL in `requirements.txt` at position 0", RequirementSyntaxError, RequirementSyntaxError),
        ("error: Invalid hash digest length", RequirementSyntaxError, RequirementSyntaxError),
        ("error: Failed to extract archive: orders==1.0", BrokenPackageError, BrokenPackageError),
        (
            "error: Unsupported\n cause: Git sources cannot be editable",
            EditableRepositoryError,
            EditableRepositoryError,
        ),
        ("error: Git operation failed\n  cause: Git executable not found.", MissingGitError, MissingGitError),
        (NO_WHEEL_FOR_LINUX, NoWheelForSystemError, NotVendoredError),
        (NO_WHEEL_IN_LOCK, NoWheelForSystemError, NoWheelForSystemError),
        (NO_WHEEL_FOR_PYTHON_IN_LOCK, NoWheelForPythonError, NoWheelForPythonError),
        ("error: Distribution not found at: file:///shared", LocalPackageError, LocalPackageError),
        (NO_PACKAGE, LocalPackageError, LocalPackageError),
        (NO_SCM, UnknownVersionError, UnknownVersionError),
        ("error: Git operation failed\n  ssh: Connection refused", RepositoryError, RepositoryError),
        (OTHER_PYTHON, OtherPythonError, OtherPythonError),
        (OTHER_PYTHON_OF_LOCK, OtherPythonError, OtherPythonError),
        (NO_WHEEL, NoWheelForPythonError, NotVendoredError),
        ("error: Failed to parse: pyproject.toml\n  cause: TOML parse error", ProjectTableError, ProjectTableError),
        (INVALID_PROJECT_TABLE, ProjectTableError, ProjectTableError),
        (f"   Building file:///orders\n{INVALID_PROJECT_TABLE}", PackageBuildError, PackageBuildError),
        (NO_VERSION, MissingVersionError, NotVendoredError),
        (CONFLICT, NoSolutionError, NoSolutionError),
        (NO_HASH, MissingHashError, MissingHashError),
        (NO_SETUPTOOLS, PackageBuildError, NotVendoredError),
        ("orders was not found in the provided package locations", UnknownPackageError, NotVendoredError),
        ("Because pkg-resources was not found in the package registry", FrozenPackageError, FrozenPackageError),
        ("pkg-resources was not found in the provided package locations", FrozenPackageError, FrozenPackageError),
    ],
)
def test_output_leads_to_an_error(
    output: str, error: type[InstallError], error_with_vendor: type[InstallError]
) -> None:
    app = Path("/workspace")
    assert type(error_for(output, "requirements.txt", app, has_vendor=False)) is error
    assert type(error_for(output, "requirements.txt", app, has_vendor=True)) is error_with_vendor


@pytest.mark.parametrize(
    ("output", "causes"),
    [
        ("error: something else", []),
        (NO_SPACE, ["/layers/uv-cache-1/.tmp1/python/_manylinux.py"]),
        (READ_ONLY, ["/cache/uv"]),
        (CONFLICT, ["orders==1.0", "ledger<2"]),
        (CONFLICT_IN_PROJECT, ["orders==1.0", "ledger>=1,<2"]),
        (NO_WHEEL, ["orders==1.0"]),
        (NO_WHEEL_IN_LOCK, ["pywin32==306"]),
        (NO_PACKAGE, ["./sub"]),
        (NO_SCM, ["orders"]),
        (NO_VERSION, ["orders==2.0"]),
        (NO_HASH, ["orders"]),
        (OTHER_PYTHON, ["orders==1"]),
        (NO_SETUPTOOLS, ["setuptools"]),
        ("error: Failed to download `orders==1.0`\n  cause: Hash mismatch for `orders==1.0`", ["orders==1.0"]),
        ("error: Failed to download and build `orders @ git+https://example.com/orders.git`", ["orders"]),
        ("error: Failed to fetch: `https://example.com/simple/orders/`", ["https://example.com/simple/orders/"]),
        ("error: Distribution not found at: file:///shared/orders.whl", ["file:///shared/orders.whl"]),
        ("   Building file:///workspace/orders\nerror: The build backend returned an error", ["./orders"]),
        ("error: Failed to parse environment variable `UV_HTTP_TIMEOUT` with invalid value", ["UV_HTTP_TIMEOUT"]),
        ("error: invalid value 'maybe' for '--require-hashes': not a boolean", ["--require-hashes"]),
    ],
)
def test_error_names_the_cause(output: str, causes: list[str]) -> None:
    assert error_for(output, "requirements.txt", Path("/workspace"), has_vendor=False).causes == causes


@pytest.mark.parametrize(
    ("output", "found"),
    [
        ("error: Couldn't parse requirement in `base.txt` at position 9", "base.txt, line 2: 'orders=1.0'"),
        (
            (
                "error: Error parsing included file in `requirements.txt` at position 0\n"
                "  cause: Couldn't parse requirement in `base.txt` at position 9"
            ),
            "base.txt, line 2: 'orders=1.0'",
        ),
        (
            "error: Unexpected '-', expected '-c' or the start of a requirement: base.txt:3:1",
            "base.txt, line 3: '--foo'",
        ),
        ("error: Couldn't parse requirement in `missing.txt` at position 9", "requirements.txt: a line"),
        ("error: Invalid hash digest length", "requirements.txt: a line"),
    ],
)
def test_requirement_has_its_line(tmp_path: Path, output: str, found: str) -> None:
    (tmp_path / "base.txt").write_text("# shared\norders=1.0\n--foo\n")
    error = error_for(output, "requirements.txt", tmp_path, has_vendor=False)
    assert error.found == f"{found} is not a valid requirement. See the output of uv above."


def test_credentials_in_a_requirement_are_not_shown(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("orders = https://ada:s3cret@example.com/orders.whl\n")
    output = "error: Couldn't parse requirement in `requirements.txt` at position 0"
    assert "s3cret" not in error_for(output, "requirements.txt", tmp_path, has_vendor=False).found


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (
            "hint: use `--index-strategy unsafe-best-match` to consider all versions",
            "hint: use `UV_INDEX_STRATEGY=unsafe-best-match` to consider all versions",
        ),
        ("pre-releases weren't enabled (try: `--prerelease=allow`)", "pre-releases weren't enabled (try: `UV_PRERELEASE=allow`)"),
        ("hint: pass `--allow-insecure-host`", "hint: pass `UV_INSECURE_HOST=HOST`"),
        ("hint: use `--system-certs`", "hint: use `UV_SYSTEM_CERTS=1`"),
        ("hint: run `uv lock`, or `--frozen`", "hint: run `uv lock`, or `--frozen`"),
        ("error: needs to be updated, but `--locked` was provided", "error: needs to be updated, but `--locked` was provided"),
        (
            "error: Required uv version `>=99` does not match. Update `uv` by running `uv self update`.",
            (
                "error: Required uv version `>=99` does not match. uv is part of the buildpack: relax `required-version`, or use"
                " another release of the buildpack."
            ),
        ),
        (
            "warning: Ignoring unsupported option in `r.txt`: `--prefer-binary` (hint: pass `--prefer-binary` on the command line instead)",
            "warning: Ignoring unsupported option in `r.txt`: `--prefer-binary`",
        ),
        ("warning: Ignoring unsupported option in `r.txt`: `--pre` (hint: pass `--pre` on the command line instead)", None),
        ("", ""),
    ],
)  # fmt: skip
def test_hints_for_the_command_line_name_a_variable(line: str, shown: str | None) -> None:
    assert list(translated(line)) == ([] if shown is None else [shown])


@pytest.mark.parametrize(
    ("output", "line"),
    [
        ("error: Failed to download `Ledger_X==1`: hash mismatch", 3),
        ("error: Failed to fetch `ledger-x==1`: hash mismatch", 3),
        ("error: Failed to fetch `other==1`: hash mismatch", None),
    ],
)
def test_cause_has_its_line(tmp_path: Path, output: str, line: int | None) -> None:
    (tmp_path / "requirements.txt").write_text("# ledger-x\norders==1\n  ledger.x==1 --hash=sha256:0\n")
    error = error_for(output, "requirements.txt", tmp_path, has_vendor=False)
    assert error.line == line
