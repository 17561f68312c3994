from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from funcpack import errors
from funcpack.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

EXPECTED = Path(__file__).parents[2] / "fixtures" / "broken"


def concrete(error: type[UserError]) -> Iterator[type[UserError]]:
    if "title" in vars(error):
        yield error
    for subclass in error.__subclasses__():
        yield from concrete(subclass)


# Errors that no project alone leads to. The fixtures contain all others.
RENDERED: list[tuple[UserError, str, str]] = [
    (
        errors.UnreadableFileError("handler.py", "Permission denied"),
        "Unreadable file",
        (
            "handler.py: Permission denied.\n"
            "\n"
            "Make the file readable for the user that runs the build. If it is a symbolic link, move its target into the app\n"
            "directory, because the build sees only that directory."
        ),
    ),
    (
        errors.PythonDownloadError("3.12.9", None),
        "Python could not be downloaded",
        (
            "Python 3.12.9 could not be downloaded from uv's default source. See the output of uv above.\n"
            "\n"
            "Give the build access to the network, set UV_PYTHON_INSTALL_MIRROR to a mirror that it can reach,\n"
            "or request the Python version of the run image."
        ),
    ),
    (
        errors.PythonListError("error: failed to open file `/nope`\n"),
        "Unreadable list of Python versions",
        ("uv reports:\n\n  error: failed to open file `/nope`\n\nCorrect UV_PYTHON_DOWNLOADS_JSON_URL, or remove it."),
    ),
    (
        errors.CertificateError("requirements.txt"),
        "The certificate of the package index is not trusted",
        (
            "uv could not install the dependencies from requirements.txt. See the output of uv above.\n"
            "\n"
            "Add the certificate of your proxy or index as a service binding: a directory with the certificate in PEM format\n"
            "and a file 'type' with the content 'ca-certificates'.\n"
            "\n"
            '  pack build ... --volume "$PWD/ca-certificates:/platform/bindings/ca-certificates:ro"'
        ),
    ),
    (
        errors.IndexUnreachableError("uv.lock"),
        "The package index is not reachable",
        (
            "uv could not install the dependencies from uv.lock. See the output of uv above.\n"
            "\n"
            "Check the network and build again. To use a proxy, set HTTPS_PROXY. To use another package index, set\n"
            "PIP_INDEX_URL. To build without a network, put the wheels into the directory 'vendor':\n"
            "\n"
            "  pip download -r requirements.txt -d vendor"
        ),
    ),
    (
        errors.IndexCredentialsError("requirements.txt"),
        "The package index rejected the credentials",
        (
            "uv could not install the dependencies from requirements.txt. See the output of uv above.\n"
            "\n"
            "Check the user name and the password for the index. Set them in the URL in PIP_INDEX_URL or UV_INDEX, or in a\n"
            "service binding of type 'pypi' or 'netrc'."
        ),
    ),
    (
        errors.NoWheelForSystemError("requirements.txt"),
        "A package does not support Linux",
        (
            "uv could not install the dependencies from requirements.txt. See the output of uv above.\n"
            "\n"
            "The image runs Linux, and the hint above names the systems that the package supports. If the function does not need the\n"
            "package on Linux, add a marker to its requirement in requirements.txt, or in the file that it was locked from:\n"
            "\n"
            "  pywin32==306 ; sys_platform == 'win32'"
        ),
    ),
    (
        errors.NoWheelForPythonError("uv.lock"),
        "A package does not support this Python version",
        (
            "uv could not install the dependencies from uv.lock. See the output of uv above.\n"
            "\n"
            "The hint above names the Python versions that the package has wheels for: 'cp312' stands for Python 3.12. Request one of\n"
            "them in .python-version or with BP_PYTHON_VERSION. Or use a newer version of the package in uv.lock. If the file was\n"
            "locked with another Python version, lock it again with the one above."
        ),
    ),
    (
        errors.LocalPackageError("uv.lock"),
        "A local package cannot be found",
        (
            "uv could not install the dependencies from uv.lock. See the output of uv above.\n"
            "\n"
            "The build sees only the app directory. Move the package that uv names above into it, and change its path in\n"
            "uv.lock or pyproject.toml. If it is a Git submodule, run 'git submodule update --init' before the build."
        ),
    ),
    (
        errors.UnknownVersionError("requirements.txt"),
        "The version of a local package is unknown",
        (
            "uv could not install the dependencies from requirements.txt. See the output of uv above.\n"
            "\n"
            "The package takes its version from its Git repository, which requires git in the build image and the directory '.git'.\n"
            "Set the version instead:\n"
            "\n"
            "  pack build ... --env SETUPTOOLS_SCM_PRETEND_VERSION=1.0"
        ),
    ),
    (
        errors.MissingGitError("requirements.txt"),
        "The build image has no git",
        (
            "uv could not install the dependencies from requirements.txt. See the output of uv above.\n"
            "\n"
            "Use a builder whose build image has git. Or replace the Git URL in requirements.txt with an archive or a wheel:\n"
            "\n"
            "  orders @ https://github.com/OWNER/REPOSITORY/archive/REVISION.tar.gz"
        ),
    ),
    (
        errors.UnknownPackageError("requirements.txt"),
        "A package does not exist in the package index",
        (
            "uv could not install the dependencies from requirements.txt. See the output of uv above.\n"
            "\n"
            "Check the package name in requirements.txt. If the package is in another package index, set PIP_EXTRA_INDEX_URL or\n"
            "UV_INDEX to the URL of that index."
        ),
    ),
    (
        errors.RepositoryError("requirements.txt"),
        "A Git repository cannot be fetched",
        (
            "uv could not install the dependencies from requirements.txt. See the output of uv above.\n"
            "\n"
            "Check the URL and the revision in requirements.txt. A private repository requires a service binding of type 'netrc' with\n"
            "the credentials. Or put a wheel of the package into the directory 'vendor'."
        ),
    ),
    (
        errors.InstallerSettingError("uv.lock"),
        "Invalid installer setting",
        (
            "uv could not install the dependencies from uv.lock. See the output of uv above.\n"
            "\n"
            "Correct the setting that uv names above. pip settings such as PIP_TIMEOUT appear there under uv's name for them."
        ),
    ),
    (
        errors.OtherPythonError("uv.lock"),
        "The dependencies require another Python version",
        (
            "uv could not install the dependencies from uv.lock. See the output of uv above.\n"
            "\n"
            "Request a Python version that they support, in .python-version or with BP_PYTHON_VERSION. Or allow versions of the\n"
            "packages in uv.lock that support the Python version above."
        ),
    ),
    (
        errors.NotVendoredError("uv.lock"),
        "A package is missing from the directory 'vendor'",
        (
            "uv could not install the dependencies from uv.lock. See the output of uv above.\n"
            "\n"
            "Add the missing package for the Python version above, or remove the directory. Because 'vendor' contains packages,\n"
            "the build installs from it alone. This command fills it:\n"
            "\n"
            "  uv export --no-emit-project --output-file requirements.txt\n"
            "  pip download -r requirements.txt -d vendor"
        ),
    ),
    (
        errors.InstallError("pylock.toml"),
        "The dependencies could not be installed",
        (
            "uv could not install the dependencies from pylock.toml. See the output of uv above.\n"
            "\n"
            "Correct pylock.toml or the settings of the package index, and build again."
        ),
    ),
    (
        errors.BindingError("proxy", "ca-certificates", "has no file with a certificate in PEM format"),
        "Incomplete service binding",
        (
            "The service binding 'proxy' of type 'ca-certificates' has no file with a certificate in PEM format.\n"
            "\n"
            "Add the missing file. A service binding is a directory with a file 'type' and a file for each value:\n"
            "'ca-certificates' requires files with certificates in PEM format, 'pypi' requires 'uri' and accepts 'username' and\n"
            "'password', 'netrc' requires 'netrc'."
        ),
    ),
]


@pytest.mark.parametrize(("error", "title", "text"), RENDERED, ids=[type(error).__name__ for error, _, _ in RENDERED])
def test_text(error: UserError, title: str, text: str) -> None:
    assert error.title == title
    assert "\n".join(errors.render(error)) == text


def test_every_error_has_its_text_tested() -> None:
    logs = "".join(file.read_text() for file in EXPECTED.glob("*/expected.txt"))
    tested = {type(error) for error, _, _ in RENDERED}
    untested = [error for error in concrete(UserError) if f"[Error: {error.title}]" not in logs and error not in tested]
    assert untested == []


def test_titles_differ() -> None:
    titles = [error.title for error in concrete(UserError)]
    assert len(titles) == len(set(titles))


def test_lines_are_not_too_long() -> None:
    assert [line for error, _, _ in RENDERED for line in errors.render(error) if len(line) > 120] == []
