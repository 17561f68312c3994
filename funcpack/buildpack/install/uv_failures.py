"""Maps the output of uv to the error that explains why the dependencies could not be installed."""

from __future__ import annotations

import re

from funcpack.errors import (
    BrokenPackageError,
    CertificateError,
    HashMismatchError,
    IndexCredentialsError,
    IndexUnreachableError,
    InstallError,
    InstallerSettingError,
    LocalPackageError,
    LockOutdatedError,
    MissingGitError,
    NoSolutionError,
    NotVendoredError,
    NoWheelForPythonError,
    NoWheelForSystemError,
    OtherPythonError,
    PackageBuildError,
    RepositoryError,
    RequirementSyntaxError,
    UnknownPackageError,
    UnknownVersionError,
)

_UNREACHABLE = (
    r"dns error|failed to lookup address|connection refused|error trying to connect|network is unreachable|timed out|"
    r"client error \(connect\)|tunnel error|connectivity is disabled|network was disabled"
)
# If the packages come from a directory alone, the directory must change, not the requirements.
_VENDOR_FAILURES: tuple[tuple[str, type[InstallError]], ...] = (
    (r"not found in the provided package locations|no wheels with a matching|there is no version of", NotVendoredError),
)
_FAILURES: tuple[tuple[str, type[InstallError]], ...] = (
    (r"error: invalid value '.*' for '--|failed to parse environment variable", InstallerSettingError),
    (
        r"couldn't parse requirement|unexpected '.*', expected|expected `--hash`|invalid hash digest|invalid url in",
        RequirementSyntaxError,
    ),
    (r"invalid package format|failed to read from zip file|failed to extract archive", BrokenPackageError),
    (r"invalid peer certificate|UnknownIssuer|certificate verify failed|self.signed certificate", CertificateError),
    (r"401 Unauthorized|403 Forbidden|due to a lack of valid authentication", IndexCredentialsError),
    (r"hash mismatch|hashes are required|--require-hashes|missing hash", HashMismatchError),
    (r"lockfile at `uv\.lock` needs to be updated|needs to be updated, but `--locked`", LockOutdatedError),
    (r"git executable not found", MissingGitError),
    (r"git operation failed", RepositoryError),
    (r"distribution not found at: file:|does not appear to be a Python project", LocalPackageError),
    (r"unable to detect version|setuptools.scm was unable|LookupError.*version", UnknownVersionError),
    (r"failed to build|build backend returned an error|call to `\S+build_\S+` failed", PackageBuildError),
    (_UNREACHABLE, IndexUnreachableError),
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
    (r"no solution found|unsatisfiable", NoSolutionError),
)


def error_for(output: str, *, has_vendor: bool) -> type[InstallError]:
    """Return the first error whose pattern matches the output of uv, or InstallError."""
    failures = (*(_VENDOR_FAILURES if has_vendor else ()), *_FAILURES)
    return next((error for pattern, error in failures if re.search(pattern, output, re.IGNORECASE)), InstallError)
