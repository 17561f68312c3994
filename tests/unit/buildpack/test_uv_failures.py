"""The output of uv for failed installations, and the errors that it leads to."""

from __future__ import annotations

import pytest

from funcpack.buildpack.install.uv_failures import error_for
from funcpack.errors import (
    BrokenPackageError,
    InstallError,
    InstallerSettingError,
    NoSolutionError,
    NotVendoredError,
    OtherPythonError,
    PackageBuildError,
    RepositoryError,
    RequirementSyntaxError,
    UnknownPackageError,
)

NO_WHEEL = """error: No solution found when resolving dependencies
  cause: Because orders==1.0 has no wheels with a matching Python ABI tag (e.g., `cp311`) and only orders==1.0 is available
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


@pytest.mark.parametrize(
    ("output", "error", "error_with_vendor"),
    [
        ("error: something else", InstallError, InstallError),
        ("error: invalid value 'maybe' for '--require-hashes': not a", InstallerSettingError, InstallerSettingError),
        ("error: Failed to parse environment variable `UV_HTTP_T", InstallerSettingError, InstallerSettingError),
        ("error: Unexpected '[', expected '-c', '-e', '-r' or", RequirementSyntaxError, RequirementSyntaxError),
        ('error: Expected `--hash`, found `"--global-option=x"`', RequirementSyntaxError, RequirementSyntaxError),
        ("error: Invalid URL in `requirements.txt` at position 0", RequirementSyntaxError, RequirementSyntaxError),
        ("error: Invalid hash digest length", RequirementSyntaxError, RequirementSyntaxError),
        ("error: Failed to extract archive: orders==1.0", BrokenPackageError, BrokenPackageError),
        ("error: Git operation failed\n  cause: Git executable not found.", RepositoryError, RepositoryError),
        ("error: Git operation failed\n  ssh: Connection refused", RepositoryError, RepositoryError),
        (OTHER_PYTHON, OtherPythonError, OtherPythonError),
        (OTHER_PYTHON_OF_LOCK, OtherPythonError, OtherPythonError),
        (NO_WHEEL, NoSolutionError, NotVendoredError),
        (NO_VERSION, NoSolutionError, NotVendoredError),
        (NO_SETUPTOOLS, PackageBuildError, NotVendoredError),
        ("orders was not found in the provided package locations", UnknownPackageError, NotVendoredError),
    ],
)
def test_output_leads_to_an_error(
    output: str, error: type[InstallError], error_with_vendor: type[InstallError]
) -> None:
    assert error_for(output, has_vendor=False) is error
    assert error_for(output, has_vendor=True) is error_with_vendor
