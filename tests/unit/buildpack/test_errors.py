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
    """Return the errors of a build, without those of the command line tool."""
    if "title" in vars(error) and error.__module__ == errors.__name__:
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
            "Make the files readable for the user that runs the build. In the app directory, run: chmod -R a+rX ."
        ),
    ),
    (
        errors.UnreadableFileError("uv.lock", "No such file or directory", "../uv.lock"),
        "Unreadable file",
        (
            "uv.lock is a symbolic link to '../uv.lock', which does not exist in the build.\n"
            "\n"
            "Replace the link with the file, because the build sees only the app directory. In the app directory, run:\n"
            "\n"
            "  cp ../uv.lock uv.lock.tmp && mv uv.lock.tmp uv.lock"
        ),
    ),
    (
        errors.OutsideFileError("requirements.txt", "/platform/bindings/db/password"),
        "A file is outside the app directory",
        (
            "requirements.txt leads to '/platform/bindings/db/password', which is outside the app directory.\n"
            "\n"
            "Copy the file into the app directory, and use the copy instead. The build does not read files elsewhere that the app\n"
            "refers to, because they may be secrets of the platform."
        ),
    ),
    (
        errors.OutsideFileError("'../base.txt'", "/base.txt", "UV_CONSTRAINT in project.toml"),
        "A file is outside the app directory",
        (
            "'../base.txt' (UV_CONSTRAINT in project.toml) leads to '/base.txt', which is outside the app directory.\n"
            "\n"
            "Copy the file into the app directory, and use the copy instead. The build does not read files elsewhere that the app\n"
            "refers to, because they may be secrets of the platform."
        ),
    ),
    (
        errors.NotAFileError("requirements.txt", "a named pipe"),
        "Not a regular file",
        (
            "requirements.txt is a named pipe, but the build reads a file of this name.\n"
            "\n"
            "Replace requirements.txt with a regular file, or rename it."
        ),
    ),
    (
        errors.FileTooLargeError("handler.py", 10 * 2**30, 16 * 2**20),
        "A file is too large",
        (
            "handler.py has 10,240 MiB. The build reads files of up to 16 MiB.\n"
            "\n"
            "Check the content of handler.py, and move data to other files, which the function can read when it runs."
        ),
    ),
    (
        errors.NestedRequirementsError("r100.txt", 100),
        "Requirements files are nested too deeply",
        (
            "r100.txt is included by more than 100 files, each of which includes the next one.\n"
            "\n"
            "Include the files directly in requirements.txt, with one line '-r FILE' for each."
        ),
    ),
    (
        errors.FileEncodingError("pylock.toml", "", 3),
        "A file is not encoded in UTF-8",
        (
            "pylock.toml, line 3 is not valid UTF-8.\n"
            "\n"
            "Save the file as UTF-8, for example with one of these commands, the second in PowerShell:\n"
            "\n"
            "  iconv -f LATIN1 -t UTF-8 pylock.toml > utf-8 && mv utf-8 pylock.toml\n"
            "  (Get-Content pylock.toml) | Set-Content -Encoding utf8 pylock.toml"
        ),
    ),
    (
        errors.InvalidTomlError("uv.lock", "Invalid value", 7),
        "Invalid TOML",
        ("uv.lock, line 7: Invalid value.\n\nCreate the file again: rm uv.lock && uv lock"),
    ),
    (
        errors.InvalidTomlError("pylock.toml", "Invalid value", 7),
        "Invalid TOML",
        (
            "pylock.toml, line 7: Invalid value.\n"
            "\n"
            "Create the file again with the tool that wrote it, for example: uv export --output-file pylock.toml"
        ),
    ),
    (
        errors.SourceError(
            "handler.py", 1, "type X = int", 6, "Type statement is only supported in Python 3.12 and greater", "3.11"
        ),
        "Invalid Python source code",
        (
            "handler.py, line 1: Type statement is only supported in Python 3.12 and greater (checked with Python 3.11)\n"
            "\n"
            "  type X = int\n"
            "       ^\n"
            "\n"
            "Change the code so that it works with Python 3.11, or request Python 3.12, for example with:\n"
            "\n"
            "  echo 3.12 > .python-version"
        ),
    ),
    (
        errors.PythonDownloadError("3.12.9", None),
        "Python could not be downloaded",
        (
            "Python 3.12.9 could not be downloaded from uv's default source. See the output of uv above.\n"
            "\n"
            "Give the build access to the network, or set UV_PYTHON_INSTALL_MIRROR to the URL of a mirror that it can reach."
        ),
    ),
    (
        errors.PythonDownloadError("3.12.9", "https://mirror.example.com", "3.13"),
        "Python could not be downloaded",
        (
            "Python 3.12.9 could not be downloaded from https://mirror.example.com. See the output of uv above.\n"
            "\n"
            "Give the build access to the network, or set UV_PYTHON_INSTALL_MIRROR to the URL of a mirror that it can reach.\n"
            "Or request the Python of the run image: set BP_PYTHON_VERSION to '3.13'."
        ),
    ),
    (
        errors.PythonListError("error: failed to open file `/nope`\n"),
        "Unreadable list of Python versions",
        (
            "uv cannot read the list that UV_PYTHON_DOWNLOADS_JSON_URL names:\n"
            "\n"
            "  error: failed to open file `/nope`\n"
            "\n"
            "Set UV_PYTHON_DOWNLOADS_JSON_URL to the URL of a valid list, or remove it to use uv's own list."
        ),
    ),
    (
        errors.PythonVersionEndedError("3.13t", "BP_PYTHON_VERSION in project.toml", ["3.14t", "3.15t"]),
        "The Python version is too old",
        (
            "The project requests Python '3.13t' (BP_PYTHON_VERSION in project.toml),\n"
            "but functions require Python 3.14t or newer.\n"
            "\n"
            "Set BP_PYTHON_VERSION in project.toml to a supported version, for example '3.14t'.\n"
            "Supported versions: 3.14t, 3.15t."
        ),
    ),
    (
        errors.RunImagePythonError("3.13", "BP_RUN_IMAGE_PYTHON"),
        "Invalid BP_RUN_IMAGE_PYTHON",
        (
            "BP_RUN_IMAGE_PYTHON is '3.13', which is not a version and a path.\n"
            "\n"
            "Set BP_RUN_IMAGE_PYTHON to the version and the path of the run image's Python,\n"
            "for example '3.13.5 /usr/bin/python3.13'. The build image must have the same Python at this path.\n"
            "If the run image has no Python, set it to 'none'."
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
        errors.InstallerSettingError("uv.lock", ["UV_HTTP_TIMEOUT"]),
        "Invalid installer setting",
        (
            "uv could not install the dependencies from uv.lock, because of 'UV_HTTP_TIMEOUT'.\n"
            "See the output of uv above.\n"
            "\n"
            "Correct the value of UV_HTTP_TIMEOUT. If you did not set it, correct the setting of pip that the build\n"
            "passes to uv under this name: PIP_TIMEOUT as UV_HTTP_TIMEOUT, PIP_REQUIRE_HASHES as --require-hashes."
        ),
    ),
    (
        errors.FileWriteError("requirements.txt", ["/layers/uv-cache-1"]),
        "uv cannot write a file",
        (
            "uv could not install the dependencies from requirements.txt, because of '/layers/uv-cache-1'.\n"
            "See the output of uv above.\n"
            "\n"
            "Free disk space, or give the build access to the directory that the output above names. Then build again."
        ),
    ),
    (
        errors.CertificateError("requirements.txt", ["https://pypi.example.com/simple/orders/"]),
        "The certificate of the package index is not trusted",
        (
            "uv could not install the dependencies from requirements.txt, because of 'https://pypi.example.com/simple/orders/'.\n"
            "See the output of uv above.\n"
            "\n"
            "Add the certificate of your proxy or index in PEM format (here proxy.pem) to the build as a service binding:\n"
            "\n"
            "  mkdir certificates && cp proxy.pem certificates && echo ca-certificates > certificates/type\n"
            '  pack build ... --volume "$PWD/certificates:/platform/bindings/certificates:ro"'
        ),
    ),
    (
        errors.IndexUnreachableError("uv.lock", ["https://pypi.example.com/simple/orders/"]),
        "The package index is not reachable",
        (
            "uv could not install the dependencies from uv.lock, because of 'https://pypi.example.com/simple/orders/'.\n"
            "See the output of uv above.\n"
            "\n"
            "Check the network, and build again. To use a proxy, add --env HTTPS_PROXY=URL to 'pack build'. To use another package\n"
            "index, set PIP_INDEX_URL. To build without a network, put the packages into the directory 'vendor'.\n"
            "To fill the directory, run on Linux with the Python version of the image:\n"
            "\n"
            "  uv export --no-emit-project --output-file vendor/requirements.txt\n"
            "  pip download -r vendor/requirements.txt -d vendor"
        ),
    ),
    (
        errors.IndexCredentialsError("requirements.txt"),
        "The package index rejected the credentials",
        (
            "uv could not install the dependencies from requirements.txt. See the output of uv above.\n"
            "\n"
            "Check the user name and the password for the index. Set them in the URL, for example\n"
            "PIP_INDEX_URL=https://USER:PASSWORD@pypi.example.com/simple, or in a service binding of type 'pypi' or 'netrc'."
        ),
    ),
    (
        errors.ProjectTableError("pyproject.toml"),
        "Invalid project table in pyproject.toml",
        (
            "pyproject.toml: the table [project] is not valid. See the output of uv above.\n"
            "\n"
            "Correct the table as the output of uv describes, and check it with: uv lock --dry-run"
        ),
    ),
    (
        errors.RequirementSyntaxError("requirements.txt"),
        "Invalid requirement syntax",
        (
            "requirements.txt: a line is not a valid requirement. See the output of uv above.\n"
            "\n"
            "Correct the requirement or the hash in requirements.txt that the output of uv describes."
        ),
    ),
    (
        errors.MissingHashError("requirements.txt", ["orders"]),
        "A package has no hash",
        (
            "uv could not install the dependencies from requirements.txt, because of 'orders'.\n"
            "See the output of uv above.\n"
            "\n"
            "Lock all packages with their versions and hashes. For requirements.in, a copy of your requirements.txt, run:\n"
            "\n"
            "  uv pip compile --generate-hashes requirements.in --output-file requirements.txt\n"
            "\n"
            "Or, to install without hashes, remove PIP_REQUIRE_HASHES, UV_REQUIRE_HASHES and the option '--require-hashes'."
        ),
    ),
    (
        errors.NoSolutionError("uv.lock"),
        "Conflicting dependencies",
        (
            "uv could not install the dependencies from uv.lock. See the output of uv above.\n"
            "\n"
            "Change or relax one of the requirements above in pyproject.toml."
        ),
    ),
    (
        errors.MissingVersionError("uv.lock", ["orders>=3"]),
        "The version of a package does not exist",
        (
            "uv could not install the dependencies from uv.lock, because of 'orders>=3'.\n"
            "See the output of uv above.\n"
            "\n"
            "Change the version of 'orders>=3' in pyproject.toml. This command lists the versions that exist:\n"
            "\n"
            "  pip index versions orders"
        ),
    ),
    (
        errors.OtherPythonError("uv.lock", ["orders==1"]),
        "The dependencies require another Python version",
        (
            "uv could not install the dependencies from uv.lock, because of 'orders==1'.\n"
            "See the output of uv above.\n"
            "\n"
            "Request a Python version that they support, in .python-version or with BP_PYTHON_VERSION. Or allow versions of the\n"
            "packages in pyproject.toml that support the Python version above."
        ),
    ),
    (
        errors.NoWheelForSystemError("requirements.txt", ["pywin32==312"]),
        "A package does not support Linux",
        (
            "uv could not install the dependencies from requirements.txt, because of 'pywin32==312'.\n"
            "See the output of uv above.\n"
            "\n"
            "The image runs Linux, and the hint above names the systems that the package supports. If the function does not need the\n"
            "package on Linux, add a marker to its requirement in requirements.txt, or in the file that it was locked from:\n"
            "\n"
            "  pywin32==312 ; sys_platform == 'win32'"
        ),
    ),
    (
        errors.NoWheelForPythonError("uv.lock", ["numpy==2"]),
        "A package does not support this Python version",
        (
            "uv could not install the dependencies from uv.lock, because of 'numpy==2'.\n"
            "See the output of uv above.\n"
            "\n"
            "Request a Python version that the package has wheels for, in .python-version or with BP_PYTHON_VERSION. The hint above\n"
            "names them: 'cp312' stands for Python 3.12. Or use a newer version of the package in pyproject.toml. If the file was\n"
            "locked with another Python version, lock it again with the one above."
        ),
    ),
    (
        errors.LocalPackageError("uv.lock", ["file:///shared"]),
        "A local package cannot be found",
        (
            "uv could not install the dependencies from uv.lock, because of 'file:///shared'.\n"
            "See the output of uv above.\n"
            "\n"
            "Move 'file:///shared' into the app directory, because the build sees only this directory, and change its\n"
            "path in pyproject.toml. If it is a Git submodule, run 'git submodule update --init' before the build."
        ),
    ),
    (
        errors.UnknownVersionError("requirements.txt", ["orders"]),
        "The version of a local package is unknown",
        (
            "uv could not install the dependencies from requirements.txt, because of 'orders'.\n"
            "See the output of uv above.\n"
            "\n"
            "Set the version, because the package takes it from its Git repository, which requires git in the build image and the\n"
            "directory '.git':\n"
            "\n"
            "  pack build ... --env SETUPTOOLS_SCM_PRETEND_VERSION=1.0"
        ),
    ),
    (
        errors.EditableRepositoryError("requirements.txt"),
        "A Git requirement cannot be editable",
        (
            "uv could not install the dependencies from requirements.txt. See the output of uv above.\n"
            "\n"
            "Remove '-e' from the line in requirements.txt that uv names above, and write the name of the package before the URL:\n"
            "\n"
            "  orders @ git+https://github.com/OWNER/REPOSITORY@REVISION"
        ),
    ),
    (
        errors.UnknownPackageError("requirements.txt", ["ordres"]),
        "A package does not exist in the package index",
        (
            "uv could not install the dependencies from requirements.txt, because of 'ordres'.\n"
            "See the output of uv above.\n"
            "\n"
            "Correct the name of 'ordres' in requirements.txt. If the package is in another package index, set\n"
            "PIP_EXTRA_INDEX_URL or UV_INDEX to the URL of that index."
        ),
    ),
    (
        errors.InstallPlaceError("target", "lib"),
        "Unsupported setting of uv",
        (
            "[tool.uv.pip] in pyproject.toml, or [pip] in uv.toml, sets 'target' to 'lib'. The packages would not be in\n"
            "the environment of the image.\n"
            "\n"
            "Remove 'target' from the file, and use the option --target of 'uv pip' on your machine instead."
        ),
    ),
    (
        errors.FrozenPackageError("requirements.txt", ["pkg-resources"]),
        "The package 'pkg-resources' does not exist",
        (
            "uv could not install the dependencies from requirements.txt, because of 'pkg-resources'.\n"
            "See the output of uv above.\n"
            "\n"
            "Remove the line 'pkg-resources==0.0.0' from requirements.txt. 'pip freeze' of Debian and Ubuntu writes it, but no\n"
            "package index has it. If your code imports pkg_resources, require 'setuptools<81' instead."
        ),
    ),
    (
        errors.NotVendoredError("uv.lock"),
        "A package is missing from the directory 'vendor'",
        (
            "uv could not install the dependencies from uv.lock. See the output of uv above.\n"
            "\n"
            "Add the missing package to 'vendor', or remove 'vendor' to install from the package index.\n"
            "To fill the directory, run on Linux with the Python version of the image:\n"
            "\n"
            "  uv export --no-emit-project --output-file vendor/requirements.txt\n"
            "  pip download -r vendor/requirements.txt -d vendor"
        ),
    ),
    (
        errors.BrokenPackageError("requirements.txt"),
        "A package file is corrupt",
        (
            "uv could not install the dependencies from requirements.txt. See the output of uv above.\n"
            "\n"
            "Download the package again. If it is in the directory 'vendor', remove its file there, and run:\n"
            "\n"
            "  pip download --no-deps -d vendor 'PACKAGE==VERSION'\n"
            "\n"
            "A file of only a few bytes may be a Git LFS pointer: run 'git lfs pull' before the build."
        ),
    ),
    (
        errors.RepositoryError("requirements.txt", ["orders"]),
        "A Git repository cannot be fetched",
        (
            "uv could not install the dependencies from requirements.txt, because of 'orders'.\n"
            "See the output of uv above.\n"
            "\n"
            "Check the network, and the URL and the revision in requirements.txt. For a private repository, add a service binding of\n"
            "type 'netrc' with the credentials. Or put a wheel of the package into the directory 'vendor'."
        ),
    ),
    (
        errors.MissingGitError("requirements.txt", ["orders"]),
        "The build image has no git",
        (
            "uv could not install the dependencies from requirements.txt, because of 'orders'.\n"
            "See the output of uv above.\n"
            "\n"
            "Use a builder whose build image has git. Or replace the Git URL in requirements.txt with an archive or a wheel:\n"
            "\n"
            "  orders @ https://github.com/OWNER/REPOSITORY/archive/REVISION.tar.gz"
        ),
    ),
    (
        errors.PackageBuildError("requirements.txt", ["orders==1.0"]),
        "A package cannot be built from source",
        (
            "uv could not install the dependencies from requirements.txt, because of 'orders==1.0'.\n"
            "See the output of uv above.\n"
            "\n"
            "Use a version of 'orders==1.0' that has a wheel for this Python version, or use a build image with the\n"
            "compiler and the headers that the output above requires."
        ),
    ),
    (
        errors.BindingError("proxy", "CA-certificates", "has no file with a certificate in PEM format"),
        "Incomplete service binding",
        (
            "The service binding 'proxy' of type 'CA-certificates' has no file with a certificate in PEM format.\n"
            "\n"
            "Add the certificate in PEM format to the directory of the binding, for example as ca.pem."
        ),
    ),
    (
        errors.BindingError("index", "pypi", "has no file 'uri' with the URL of the index"),
        "Incomplete service binding",
        (
            "The service binding 'index' of type 'pypi' has no file 'uri' with the URL of the index.\n"
            "\n"
            "Add a file 'uri' with the URL of the index to the directory of the binding, for example:\n"
            "\n"
            "  https://pypi.example.com/simple"
        ),
    ),
    (
        errors.BindingFileError("index", "password", "is not encoded in UTF-8"),
        "Invalid file in a service binding",
        (
            "The file 'password' of the service binding 'index' is not encoded in UTF-8.\n"
            "\n"
            "Save the file as UTF-8, and make it readable for the user that runs the build."
        ),
    ),
    (
        errors.PlatformVariableError("TOKEN", "whose value contains a null character"),
        "Invalid variable of the platform",
        (
            "The platform provides the variable 'TOKEN', whose value contains a null character.\n"
            "\n"
            "Remove or correct the variable in the settings of the build, for example in the secret that it comes from."
        ),
    ),
    (
        errors.BindingError("login", "netrc", "has no file 'netrc' with credentials"),
        "Incomplete service binding",
        (
            "The service binding 'login' of type 'netrc' has no file 'netrc' with credentials.\n"
            "\n"
            "Add a file 'netrc' to the directory of the binding, for example:\n"
            "\n"
            "  machine pypi.example.com login USER password PASSWORD"
        ),
    ),
    (
        errors.InvokerConflictError("uv.lock", [errors.Clash("flask", "werkzeug>=3.1.0", "werkzeug 2.3.8")]),
        "The dependencies conflict with the invoker",
        (
            "The invoker serves your function and shares its packages:\n"
            "\n"
            "  flask requires werkzeug>=3.1.0, but uv.lock installs werkzeug 2.3.8\n"
            "\n"
            "Change the requirements. With uv, run:\n"
            "\n"
            "  uv add 'werkzeug>=3.1.0'\n"
            "\n"
            "Or add 'flask' in a version that supports the installed packages."
        ),
    ),
    (
        errors.ImportCheckError("orders.paid:desk.place", "SIGKILL"),
        "The function cannot be imported",
        (
            "BP_CHECK_IMPORT is set, and the import of 'orders.paid:desk.place' failed. Python ended with the signal SIGKILL.\n"
            "\n"
            "Give the build more memory: it is the most likely cause of this signal."
        ),
    ),
    (
        errors.ImportTimeoutError("orders.handle", 300),
        "The import of the function does not end",
        (
            "BP_CHECK_IMPORT is set, and the import of 'orders.handle' did not end within 300 seconds.\n"
            "\n"
            "Look at the top level of the module, and of the modules that it imports, for code that serves or waits: a call such as\n"
            "app.run(), a loop, or a connection to a service that the build cannot reach. Move it into the function, or put it below:\n"
            "\n"
            '  if __name__ == "__main__":'
        ),
    ),
    (
        errors.ImportCheckError("orders.paid:desk.place", "SIGSEGV"),
        "The function cannot be imported",
        (
            "BP_CHECK_IMPORT is set, and the import of 'orders.paid:desk.place' failed. Python ended with the signal SIGSEGV.\n"
            "\n"
            "Find the line that crashes. The most likely cause is a compiled library that does not support this Python version.\n"
            "\n"
            "  python -X faulthandler -c 'import orders.paid'"
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


@pytest.mark.parametrize(
    ("error", "place"),
    [
        (errors.SwitchError("maybe", "BP_CHECK_IMPORT in project.toml"), ("project.toml", None, None)),
        (errors.SwitchError("maybe", "BP_CHECK_IMPORT"), (None, None, None)),
        (errors.HandlerNameError("x", "PYTHON_HANDLER in func.yaml", "it has no dot"), ("func.yaml", None, None)),
        (errors.PythonVersionSyntaxError("three", ".python-version"), (".python-version", None, None)),
        (
            errors.PythonVersionSyntaxError("3", "requires-python in pyproject.toml, without quotes"),
            ("pyproject.toml", None, None),
        ),
        (errors.MissingModuleError("a.b", "the default for projects with a func.yaml", "a", []), (None, None, None)),
        (errors.OutsideFileError("a.py", "/a.py"), ("a.py", None, None)),
        (errors.OutsideFileError("'../base.txt'", "/b", "UV_CONSTRAINT in project.toml"), ("project.toml", None, None)),
        (errors.OutsideFileError("'../base.txt'", "/b", "UV_CONSTRAINT"), (None, None, None)),
        (errors.OutsideFileError("'/b'", "/b", "requirements.txt, line 3"), ("requirements.txt", 3, None)),
        (errors.TakenNameError("json.f", "the default", "json", "Python", "json.py"), ("json.py", None, None)),
        (errors.SourceError("a.py", 2, "x", 3, "invalid syntax", "3.13"), ("a.py", 2, 3)),
    ],
)
def test_place(error: UserError, place: tuple[object, ...]) -> None:
    assert error.place == place


def test_titles_differ() -> None:
    titles = [error.title for error in concrete(UserError)]
    assert len(titles) == len(set(titles))


def test_lines_are_not_too_long() -> None:
    assert [line for error, _, _ in RENDERED for line in errors.render(error) if len(line) > 120] == []
