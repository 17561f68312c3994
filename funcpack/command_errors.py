"""All error texts of the command line tool: a title, the finding and the remedy, as in `errors`.

A command raises these errors. `cli.error_boundary` prints them and chooses the exit code.
"""

# ruff: noqa: D102 - UserError documents `found` and `remedy` once for all subclasses

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from funcpack import errors
from funcpack.errors import InstallError, UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_NO_ANSWER = 3


class CommandError(UserError):
    """A problem that ends a command, with its exit code."""

    exit_code: ClassVar[int] = EXIT_FAILED


@dataclass(eq=False)
class NotADirectoryArgumentError(CommandError):
    """The directory on the command line is not one."""

    directory: str
    kind: str
    title: ClassVar[str] = "Not a directory"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"'{self.directory}' {self.kind}."

    @property
    def remedy(self) -> str:
        return "Name the directory of your function, or change to it and leave out the argument."


@dataclass(eq=False)
class FileSystemError(CommandError):
    """The operating system refuses to read or write a file, for example because the disk is full."""

    file: str | None
    reason: str
    title: ClassVar[str] = "Cannot read or write a file"

    @property
    def found(self) -> str:
        return f"{self.file}: {self.reason}." if self.file else f"{self.reason}."

    @property
    def remedy(self) -> str:
        return "Make sure that the path exists, that you have access to it, and that the disk has free space. Then run the command again."


# --- new ---


@dataclass(eq=False)
class ExistingFilesError(CommandError):
    """Files of a template exist in the directory already."""

    directory: str
    names: Sequence[str]
    title: ClassVar[str] = "Existing files"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        is_one = len(self.names) == 1
        noun = "this file, which the template also has" if is_one else "these files, which the template also has"
        place = "The current directory" if self.directory == "." else f"'{self.directory}'"
        return f"{place} contains {noun}: {', '.join(self.names)}. Nothing was created."

    @property
    def remedy(self) -> str:
        return "Name a new directory, for example: funcpack new hello"


# --- environments ---


@dataclass(eq=False)
class CacheDirectoryError(CommandError):
    """The cache directory cannot be created."""

    directory: str
    reason: str
    title: ClassVar[str] = "The cache directory is not writable"

    @property
    def found(self) -> str:
        return f"{self.directory}: {self.reason}."

    @property
    def remedy(self) -> str:
        return "Set XDG_CACHE_HOME to a directory that you can write to, for example: export XDG_CACHE_HOME=~/.cache"


@dataclass(eq=False)
class NoUvError(CommandError):
    """The uv that belongs to the tool is not installed."""

    title: ClassVar[str] = "uv is not installed"

    @property
    def found(self) -> str:
        return "Funcpack installs the packages of a function with uv, which is not in its environment."

    @property
    def remedy(self) -> str:
        return "Install Funcpack again together with its dependencies, or install uv: pip install uv"


@dataclass(eq=False)
class NoPythonError(CommandError):
    """A Python version is not installed, and uv cannot download it. `own` is the version that runs the tool."""

    version: str
    own: str
    title: ClassVar[str] = "Python is not available"

    @property
    def found(self) -> str:
        return f"Python {self.version} is not installed, and uv could not download it. See the output of uv above."

    @property
    def remedy(self) -> str:
        return (
            f"Check the network, or install Python {self.version} in another way. Or run the function with the Python that runs Funcpack, with\n"
            f"the option: --python {self.own}"
        )


@dataclass(eq=False)
class InvokerPackagesError(CommandError):
    """uv cannot install the packages of the invoker for another Python version than that of the tool, `own`."""

    version: str
    own: str
    title: ClassVar[str] = "The invoker cannot be installed"

    @property
    def found(self) -> str:
        return (
            f"The function runs on Python {self.version}, and Funcpack on Python {self.own}. uv could not install the packages of the\n"
            f"invoker for Python {self.version}. See the output of uv above."
        )

    @property
    def remedy(self) -> str:
        return (
            "Check the network and the settings of the package index, and run the command again. Or install Funcpack with the\n"
            "Python version of the function, for example:\n"
            "\n"
            f"  uv tool install --python {self.version} funcpack"
        )


class PackagesError(CommandError):
    """uv cannot install the packages of the function: the error of a build, with a remedy for a developer's machine."""

    def __init__(self, error: InstallError) -> None:
        super().__init__(error)
        self._error = error

    @property
    def title(self) -> str:  # type: ignore[override] # that of the error
        return "git is not installed" if isinstance(self._error, errors.MissingGitError) else self._error.title

    @property
    def found(self) -> str:
        return self._error.found

    @property
    def remedy(self) -> str:
        local = _LOCAL_REMEDIES.get(type(self._error))
        if local is None or (isinstance(self._error, errors.PackageBuildError) and self._error.directory):
            return self._error.remedy
        return local.format(source=self._error.source, package=self._error.cause("the package"))


# The remedies of a build that name service bindings, the options of pack, or the build image.
_LOCAL_REMEDIES: dict[type[InstallError], str] = {
    errors.InstallError: "Correct {source} or the settings of the package index, and run the command again.",
    errors.FileWriteError: (
        "Free disk space, for example with 'uv cache prune', or give yourself access to the directory that the output above names."
    ),
    errors.CertificateError: (
        "Set SSL_CERT_FILE to a file with the certificates of your proxy or index, in PEM format:\n"
        "\n"
        "  export SSL_CERT_FILE=/path/to/certificates.pem"
    ),
    errors.IndexUnreachableError: (
        "Check the network, and run the command again. To use a proxy, set HTTPS_PROXY. To use another package index, set\n"
        "PIP_INDEX_URL or UV_DEFAULT_INDEX."
    ),
    errors.IndexCredentialsError: (
        "Check the user name and the password for the index. Set them in the URL, for example\n"
        "PIP_INDEX_URL=https://USER:PASSWORD@pypi.example.com/simple, in ~/.netrc, or in a keyring with\n"
        "UV_KEYRING_PROVIDER=subprocess."
    ),
    errors.RepositoryError: (
        "Check the network, and the URL and the revision in {source}. If the repository is private, check that git has\n"
        "access to it: git ls-remote URL"
    ),
    errors.MissingGitError: "Install git, and run the command again.",
    errors.PackageBuildError: (
        "Use a version of {package} that has a wheel for this Python version, or install the compiler and the headers that the\n"
        "output above requires."
    ),
    errors.UnknownVersionError: (
        "Set the version, because the package takes it from its Git repository:\n"
        "\n"
        "  export SETUPTOOLS_SCM_PRETEND_VERSION=1.0"
    ),
}
