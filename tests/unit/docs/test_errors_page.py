"""docs/errors.md has the errors that the broken projects lead to."""

from __future__ import annotations

from funcpack import errors
from funcpack.errors import UserError
from tests.unit.buildpack.test_errors import concrete
from tools import errors_page
from tools.errors_page import PAGE, SITUATIONS

# The errors that the introduction of the page names as not shown.
NOT_SHOWN: dict[str, tuple[type[UserError], ...]] = {
    "the network": (
        errors.CertificateError,
        errors.IndexUnreachableError,
        errors.PythonDownloadError,
        errors.PythonListError,
    ),
    "the package index": (
        errors.FrozenPackageError,
        errors.IndexCredentialsError,
        errors.InstallError,
        errors.MissingVersionError,
        errors.NoWheelForPythonError,
        errors.NoWheelForSystemError,
        errors.OtherPythonError,
        errors.UnknownPackageError,
    ),
    "service bindings": (errors.BindingError, errors.BindingFileError),
    "the platform's variables": (errors.PlatformVariableError,),
    "Git repositories": (errors.MissingGitError, errors.RepositoryError, errors.UnknownVersionError),
    "very large or nested deeply": (errors.FileTooLargeError, errors.NestedRequirementsError),
    "local packages in lock files": (errors.LocalPackageError,),
    "an import that does not end": (errors.ImportTimeoutError,),
    "a full disk": (errors.FileWriteError,),
}


def test_the_page_is_current() -> None:
    page = PAGE.read_text()

    assert page == errors_page.updated(page), "run `.venv/bin/python -m tools.errors_page`"


def test_the_page_has_the_error_of_every_broken_project() -> None:
    page = PAGE.read_text()
    logs = [(situation / "expected.txt").read_text() for situation in SITUATIONS.iterdir()]

    assert logs
    assert [log for log in logs if log[log.index("[Error: ") :] not in page] == []


def test_a_page_that_is_not_current_is_noticed() -> None:
    old = PAGE.read_text().replace("Did you mean", "Is it")

    assert errors_page.updated(old) != old


def test_every_error_is_on_the_page_except_for_those_that_no_project_alone_leads_to() -> None:
    page = PAGE.read_text()

    assert [words for words in NOT_SHOWN if words not in page.partition(errors_page.BEGIN)[0]] == []
    missing = {error.__name__ for error in concrete(UserError) if f"## {error.title}\n" not in page}
    assert missing == {error.__name__ for errors_ in NOT_SHOWN.values() for error in errors_}
