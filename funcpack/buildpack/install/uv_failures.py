"""Maps the output of uv to the error that explains why the dependencies could not be installed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from funcpack.buildpack.install.redaction import without_credentials
from funcpack.errors import (
    BrokenPackageError,
    CertificateError,
    EditableRepositoryError,
    FileWriteError,
    FrozenPackageError,
    HashMismatchError,
    IndexCredentialsError,
    IndexUnreachableError,
    InstallError,
    InstallerSettingError,
    LocalPackageError,
    LockOutdatedError,
    MissingGitError,
    MissingHashError,
    MissingVersionError,
    NoBuildError,
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
    UserError,
)
from funcpack.project.app_files import read_bytes, text_or_nothing
from funcpack.project.dependency_files import Format
from funcpack.project.package_names import required_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

_UNREACHABLE = (
    r"dns error|failed to lookup address|connection refused|error trying to connect|network is unreachable|timed out|"
    r"client error \(connect\)|tunnel error|connectivity is disabled|network was disabled"
)
# If the packages come from a directory alone, the directory must change, not the requirements.
_VENDOR_FAILURES: tuple[tuple[str, type[InstallError]], ...] = (
    (
        r"(?<!pkg-resources was )not found in the provided package locations|no wheels with a matching|there is no version of",
        NotVendoredError,
    ),
)
_FAILURES: tuple[tuple[str, type[InstallError]], ...] = (
    (r"error: invalid value '.*' for '--|failed to parse environment variable", InstallerSettingError),
    (
        r"failed to initialize cache|(?:no space left on device|read-only file system|permission denied) \(os error",
        FileWriteError,
    ),
    (
        r"couldn't parse requirement|unexpected '.*', expected|expected `--hash`|invalid hash digest|invalid url in",
        RequirementSyntaxError,
    ),
    # uv asks setuptools for the dependencies if it cannot read them. If it builds a package, it names the package.
    (
        r"failed to parse: `?pyproject\.toml|(?s:\A(?!.*(?: Building |Failed to build)).*invalid pyproject\.toml config)",
        ProjectTableError,
    ),
    (r"invalid package format|failed to read from zip file|failed to extract archive", BrokenPackageError),
    (r"invalid peer certificate|UnknownIssuer|certificate verify failed|self.signed certificate", CertificateError),
    (r"401 Unauthorized|403 Forbidden|due to a lack of valid authentication", IndexCredentialsError),
    (r"hash mismatch", HashMismatchError),
    (r"hashes are required|--require-hashes|missing hash", MissingHashError),
    (r"lockfile at `uv\.lock` needs to be updated|needs to be updated, but `--locked`", LockOutdatedError),
    (r"Git sources cannot be editable", EditableRepositoryError),
    (r"git executable not found", MissingGitError),
    (r"git operation failed", RepositoryError),
    (r"distribution not found at: file:|does not appear to be a Python project", LocalPackageError),
    (r"unable to detect version|setuptools.scm was unable|LookupError.*version", UnknownVersionError),
    (
        r"building source distributions (?:for \S+ )?is disabled|marked as `--no-build`|building from source is disabled for all",
        NoBuildError,
    ),
    (r"failed to build|build backend returned an error|call to `\S+build_\S+` failed", PackageBuildError),
    (_UNREACHABLE, IndexUnreachableError),
    (r"pkg-resources was not found in", FrozenPackageError),
    (r"was not found in the (?:package registry|provided package locations)", UnknownPackageError),
    (
        r"current Python version \([^)]*\) does not satisfy|incompatible with the .* Python requirement",
        OtherPythonError,
    ),
    (
        r"wheels are available for .* on the following platform|only has wheels for the following platform|no wheels with a matching platform tag",
        NoWheelForSystemError,
    ),
    (
        r"no wheels with a matching Python|wheels for .* with the following Python|doesn't have a source distribution or wheel",
        NoWheelForPythonError,
    ),
    (r"there (?:is|are) no versions? of \S+ and (?:you require|\S+ depends on)", MissingVersionError),
    (r"no solution found|unsatisfiable", NoSolutionError),
)

# The words of uv around the cause of a failure; the first pattern that matches counts.
_CAUSES = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        r"environment variable `(\S+)`",
        r"(?:write to file|create directory) `([^`]+)`: [\w -]+ \(os error",
        r"invalid value '.*' for '(--[a-z-]+)",
        r"(?<!\S)(\S+) was not found in the (?:package registry|provided package locations)",
        r"(?:must have a hash, but none were provided for|pinned with `==`, but found): (\S+)",
        r"source distributions is disabled, but attempted to build `([^`]+)`",
        r"source distributions for `([^`]+)` is disabled",
        r"Wheels are required for `([^`]+)`",
        r"^\w+: Failed to [\w ]+ `([^`]+)`",
        r"^\w+: Failed to fetch: `?([^\s`]+)",
        r"Distribution not found at: (\S+)",
        r"`([^`]+)` does not appear to be a Python project",
        r"Distribution `([^`]+)` can't be installed",
        r"(?<!\S)(\S+) has (?:an invalid package format|no wheels|no usable wheels)",
        r"there (?:is|are) no versions? of (\S+)",
        r"(?<!\S)(\S+) depends on Python",
        # The requirements of the project: not those of its packages, and not what uv concludes from them.
        r"(?<!that )(?:you require|(?<!\S)(?<!that )[\w.-]+ depends on) (?!one of)(\S+)",
        r"^ *Building (\S+)",
    )
)
_PLACE = re.compile(
    r"(?:in `(?P<name>[^`]+)` at position (?P<position>\d+)|: (?P<file>\S+):(?P<line>\d+):\d+)$", re.MULTILINE
)


def error_for(output: str, file: str, app: Path, *, has_vendor: bool) -> InstallError:
    """Return the first error whose pattern matches the output of uv, or InstallError.

    `file` declares the dependencies. `app` is the directory that uv runs in.
    """
    failures = (*(_VENDOR_FAILURES if has_vendor else ()), *_FAILURES)
    kind = next((error for pattern, error in failures if re.search(pattern, output, re.IGNORECASE)), InstallError)
    if kind is RequirementSyntaxError:
        return _requirement_error(output, file, app)
    causes = list(dict.fromkeys(_causes(output, app)))
    return kind(file, causes, _line_of(causes, app / file, app))


def _line_of(causes: Sequence[str], file: Path, app: Path) -> int | None:
    """Return the line of requirements.txt with the package of the only cause. Lock files name a package several times."""
    name = required_name(causes[0]) if len(causes) == 1 and file.name == Format.REQUIREMENTS else ""
    lines = text_or_nothing(file, app).splitlines() if name else []
    return next((number for number, line in enumerate(lines, 1) if required_name(line.strip()) == name), None)


def _causes(output: str, app: Path) -> Iterator[str]:
    found = next((found for pattern in _CAUSES if (found := pattern.findall(output))), [])
    for cause in found:
        # `orders==1.0 @ registry+https://...`, a path in the app, and punctuation that follows a requirement.
        name = str(cause).partition(" @ ")[0].rstrip(",.:")
        yield re.sub(rf"^(?:file://)?{re.escape(str(app))}/", "./", name)


def _requirement_error(output: str, file: str, app: Path) -> RequirementSyntaxError:
    """Return the error with the file, the line and the text of the requirement; uv names the innermost file last."""
    places = list(_PLACE.finditer(output))
    if not places:
        return RequirementSyntaxError(file)
    name = str(places[-1]["name"] or places[-1]["file"])
    try:
        content = read_bytes(app / name, app)  # the output may contain the name of any file
    except UserError:
        return RequirementSyntaxError(file)
    number = int(places[-1]["line"] or content.count(b"\n", 0, int(places[-1]["position"])) + 1)
    lines = content.decode("utf-8", "replace").splitlines()
    if not 0 < number <= len(lines):
        return RequirementSyntaxError(file)
    return RequirementSyntaxError(name, [without_credentials(lines[number - 1].strip())], number)
