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


# What no project can bring about by itself; all the others are in the fixtures.
RENDERED: list[tuple[UserError, str, str]] = [
    (
        errors.UnreadableFileError("handler.py", "Permission denied"),
        "A file cannot be read",
        (
            "handler.py: Permission denied.\n"
            "\n"
            "Make the file readable for the user that builds the image. What a link leads to must be in the app directory\n"
            "itself, since nothing else is sent to the build."
        ),
    ),
    (
        errors.PythonDownloadError("3.12.9", None),
        "Python could not be downloaded",
        (
            "Python 3.12.9 could not be downloaded from its default source; what uv said about it is above.\n"
            "\n"
            "Allow the build to reach the network, set UV_PYTHON_INSTALL_MIRROR to a mirror that it can reach,\n"
            "or ask for a version that the run image has."
        ),
    ),
    (
        errors.PythonListError("error: failed to open file `/nope`\n"),
        "The list of Python versions cannot be read",
        "uv says:\n\n  error: failed to open file `/nope`\n\nCorrect UV_PYTHON_DOWNLOADS_JSON_URL, or do without it.",
    ),
    (
        errors.CertificateError("requirements.txt"),
        "The package index's certificate is not trusted",
        (
            "uv could not install what requirements.txt asks for; what it said about it is above.\n"
            "\n"
            "Give the build the certificate of your proxy or index as a service binding: a directory with a file 'type' that\n"
            "says 'ca-certificates' and the certificate in PEM form beside it.\n"
            "\n"
            '  pack build ... --volume "$PWD/ca-certificates:/platform/bindings/ca-certificates:ro"'
        ),
    ),
    (
        errors.IndexUnreachableError("uv.lock"),
        "The package index could not be reached",
        (
            "uv could not install what uv.lock asks for; what it said about it is above.\n"
            "\n"
            "Build again if the network was away. Behind a proxy, set HTTPS_PROXY; with an index of your own, set\n"
            "PIP_INDEX_URL; without a network, put the wheels into the directory 'vendor':\n"
            "\n"
            "  pip download -r requirements.txt -d vendor"
        ),
    ),
    (
        errors.IndexCredentialsError("requirements.txt"),
        "The package index refused the credentials",
        (
            "uv could not install what requirements.txt asks for; what it said about it is above.\n"
            "\n"
            "Check the user name and the password of the index; they are given with its URL in PIP_INDEX_URL or\n"
            "UV_INDEX, or by a service binding of type 'pypi' or 'netrc'."
        ),
    ),
    (
        errors.UnknownPackageError("requirements.txt"),
        "The package index does not have a package",
        (
            "uv could not install what requirements.txt asks for; what it said about it is above.\n"
            "\n"
            "Check the name in requirements.txt. If the package is on an index of your own, name that in PIP_EXTRA_INDEX_URL or\n"
            "UV_INDEX."
        ),
    ),
    (
        errors.RepositoryError("requirements.txt"),
        "A Git repository could not be fetched",
        (
            "uv could not install what requirements.txt asks for; what it said about it is above.\n"
            "\n"
            "Check the address and the revision in requirements.txt. A private repository needs credentials, by a service binding of\n"
            "type 'netrc', and the build image needs git. Else put a wheel of the package into the directory 'vendor'."
        ),
    ),
    (
        errors.InstallerSettingError("uv.lock"),
        "A setting of the installer has a wrong value",
        (
            "uv could not install what uv.lock asks for; what it said about it is above.\n"
            "\n"
            "Correct the setting that uv names above; what is set for pip, such as PIP_TIMEOUT, has uv's name there."
        ),
    ),
    (
        errors.OtherPythonError("uv.lock"),
        "The dependencies want another Python",
        (
            "uv could not install what uv.lock asks for; what it said about it is above.\n"
            "\n"
            "Ask for a version of Python that they allow, in .python-version or with BP_PYTHON_VERSION, or allow versions of\n"
            "the packages in uv.lock that are for the one above."
        ),
    ),
    (
        errors.NotVendoredError("uv.lock"),
        "A package is not in the directory 'vendor'",
        (
            "uv could not install what uv.lock asks for; what it said about it is above.\n"
            "\n"
            "The directory 'vendor' has packages in it, so nothing else is asked. Add what is missing, for the Python version\n"
            "above, or remove the directory:\n"
            "\n"
            "  uv export --no-emit-project --output-file requirements.txt\n"
            "  pip download -r requirements.txt -d vendor"
        ),
    ),
    (
        errors.InstallError("pylock.toml"),
        "The dependencies could not be installed",
        (
            "uv could not install what pylock.toml asks for; what it said about it is above.\n"
            "\n"
            "Correct pylock.toml or the settings that name the package index, and build again."
        ),
    ),
    (
        errors.BindingError("proxy", "ca-certificates", "none of its files has a certificate in PEM form"),
        "A service binding cannot be used",
        (
            "The binding 'proxy' of type 'ca-certificates': none of its files has a certificate in PEM form.\n"
            "\n"
            "A binding is a directory with a file 'type' and a file for each of its values: ca-certificates needs files with\n"
            "certificates in PEM form, pypi needs uri (and username, password), netrc needs netrc."
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
