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

BUG_REPORT = (
    "\nThis is a bug in Funcpack, not in your function. Please report it with the text above at\n"
    "https://github.com/funcpack/funcpack/issues"
)


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
class EmptyDirectoryError(CommandError):
    """The directory has no Python files, often because it is not the one that was meant. `expected` is the default file."""

    directory: str
    expected: str
    title: ClassVar[str] = "There is no function in this directory"

    @property
    def found(self) -> str:
        return f"{self.directory} contains no {self.expected}, and no other Python files."

    @property
    def remedy(self) -> str:
        return "Change to the directory of your function, or create a function here: funcpack new"


@dataclass(eq=False)
class FileSystemError(CommandError):
    """The operating system refuses to read or write a file, for example because the disk is full."""

    file: str | None
    reason: str
    title: ClassVar[str] = "Cannot read or write a file"

    @classmethod
    def of(cls, error: OSError) -> FileSystemError:
        """Return this error for one of the operating system."""
        return cls(str(error.filename) if error.filename else None, error.strerror or str(error))

    @property
    def found(self) -> str:
        return f"{self.file}: {self.reason}." if self.file else f"{self.reason}."

    @property
    def remedy(self) -> str:
        return "Make sure that the path exists, that you have access to it, and that the disk has free space. Then run the command again."


# --- run ---


@dataclass(eq=False)
class PortInUseError(CommandError):
    """A port of the tool cannot be listened on. `option` is the one that chooses it."""

    host: str
    port: int
    reason: str
    option: str
    title: ClassVar[str] = "The port is not available"

    @property
    def found(self) -> str:
        return f"Cannot listen on port {self.port} of {self.host}: {self.reason}."

    @property
    def remedy(self) -> str:
        return f"Stop the program that uses it, or choose another port with {self.option}."


@dataclass(eq=False)
class HostError(CommandError):
    """The tool cannot listen on an address, whatever the port."""

    host: str
    reason: str
    title: ClassVar[str] = "The address is not available"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"Cannot listen on '{self.host}': {self.reason}."

    @property
    def remedy(self) -> str:
        return "Set --host to an address of this machine, for example 127.0.0.1, or 0.0.0.0 for all of them."


@dataclass(eq=False)
class UnusableOptionError(CommandError):
    """The value of an option is not valid, whatever the project contains. `error` says why."""

    error: UserError
    title: ClassVar[str] = "Invalid value"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return self.error.found

    @property
    def remedy(self) -> str:
        return self.error.remedy


@dataclass(eq=False)
class EnvFileError(CommandError):
    """A line of a file with variables does not have the documented form."""

    file: str
    line: int
    title: ClassVar[str] = "Invalid file of variables"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"{self.file}:{self.line}: the line is neither NAME=value nor a comment."

    @property
    def remedy(self) -> str:
        return "Write a line for each variable, for example GREETING=hello. Comments begin with #. Values are taken as they are."


@dataclass(eq=False)
class InvalidSettingError(CommandError):
    """A variable of the invoker has a value that it does not accept. `reason` names both."""

    reason: str
    title: ClassVar[str] = "Invalid setting"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"{self.reason}."

    @property
    def remedy(self) -> str:
        return (
            "Change the variable where you set it: with --env, in a file of variables, in func.yaml, or in the shell."
        )


@dataclass(eq=False)
class DebuggerError(CommandError):
    """debugpy cannot be installed."""

    reason: str
    title: ClassVar[str] = "The debugger cannot be installed"
    _OUTPUT: ClassVar[frozenset[str]] = frozenset({"reason"})

    @property
    def found(self) -> str:
        return f"Installing debugpy failed:\n\n{self.reason}"

    @property
    def remedy(self) -> str:
        return "Make sure that the package index is available, or run the function without --debug."


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
            "Python version of the function, for example in a clone of its repository:\n"
            "\n"
            f"  uv tool install --python {self.version} ."
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


# --- invoke and test ---


@dataclass(eq=False)
class OptionValueError(CommandError):
    """The value of an option cannot be used."""

    option: str
    value: str
    problem: str
    example: str
    title: ClassVar[str] = "Invalid value"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"{self.option} '{self.value}' {self.problem}."

    @property
    def remedy(self) -> str:
        return f"Write it in this form: {self.example}"


@dataclass(eq=False)
class OptionFileError(CommandError):
    """A file that an option names cannot be read."""

    file: str
    reason: str
    title: ClassVar[str] = "Cannot read a file"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"{self.file}: {self.reason}."

    @property
    def remedy(self) -> str:
        return "Name a file that exists and that you have access to, or - for standard input."


@dataclass(eq=False)
class ConflictingOptionsError(CommandError):
    """Two options exclude each other."""

    option: str
    other: str
    title: ClassVar[str] = "Conflicting options"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"{self.option} and {self.other} cannot be used together."

    @property
    def remedy(self) -> str:
        return "Remove one of them."


@dataclass(eq=False)
class MissingOptionError(CommandError):
    """An option requires another one."""

    option: str
    required: str
    title: ClassVar[str] = "Missing option"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"{self.option} requires {self.required}."

    @property
    def remedy(self) -> str:
        return f"Add {self.required}, or remove {self.option}."


@dataclass(eq=False)
class TargetError(CommandError):
    """The target of `invoke` is neither a URL nor a directory."""

    target: str
    problem: str
    title: ClassVar[str] = "Invalid target"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"'{self.target}' {self.problem}."

    @property
    def remedy(self) -> str:
        return "Name a URL that begins with http:// or https://, or the directory of your function."


@dataclass(eq=False)
class EventError(CommandError):
    """An attribute on the command line is not valid."""

    reason: str
    title: ClassVar[str] = "Invalid CloudEvent"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"The options do not describe a valid event: {self.reason}."

    @property
    def remedy(self) -> str:
        return "Correct the attribute. To send an invalid event on purpose, write its fields with --header 'ce-NAME: value'."


@dataclass(eq=False)
class EventFileError(CommandError):
    """A file does not contain an event in the JSON format."""

    file: str
    reason: str
    title: ClassVar[str] = "The file is not a CloudEvent"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"{self.file}: {self.reason}."

    @property
    def remedy(self) -> str:
        return (
            "Correct the file: 'funcpack samples cloudevents' prints an event to start from.\n"
            f"To send the file as the data of an event: funcpack invoke --type TYPE --data @{self.file}"
        )


@dataclass(eq=False)
class EventEncodingError(CommandError):
    """The data of an event does not fit its content type."""

    mode: str
    reason: str
    title: ClassVar[str] = "The event cannot be sent"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"The data does not fit the datacontenttype in {self.mode} mode: {self.reason}."

    @property
    def remedy(self) -> str:
        return "Correct the datacontenttype or the data of the event."


@dataclass(eq=False)
class InvalidRequestError(CommandError):
    """The request would violate HTTP."""

    reason: str
    title: ClassVar[str] = "The request cannot be sent"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"It is not a valid HTTP request: {self.reason}."

    @property
    def remedy(self) -> str:
        return "Correct the method and the header fields, and do not change a file while it is sent."


@dataclass(eq=False)
class NoAnswerError(CommandError):
    """The server does not answer, or not in time."""

    server: str
    reason: str
    title: ClassVar[str] = "No answer"
    exit_code: ClassVar[int] = EXIT_NO_ANSWER

    @property
    def found(self) -> str:
        return f"{self.server}: {self.reason}."

    @property
    def remedy(self) -> str:
        return "Make sure that the function is running, for example with 'funcpack run', and that the URL is correct."


@dataclass(eq=False)
class UnsupportedProxyError(CommandError):
    """The environment names a proxy that is not an HTTP proxy. Its URL is not shown, because it may contain a password."""

    server: str
    scheme: str
    title: ClassVar[str] = "Unsupported proxy"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"The environment has a proxy of the type '{self.scheme}' for {self.server}."

    @property
    def remedy(self) -> str:
        return "Set http_proxy and https_proxy to an HTTP proxy, or add the host to no_proxy."


@dataclass(eq=False)
class CertificateFileError(CommandError):
    """The file with the trusted certificates, which a variable names, cannot be used."""

    variable: str
    file: str
    reason: str
    title: ClassVar[str] = "The certificates cannot be read"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"{self.variable} names {self.file}: {self.reason}."

    @property
    def remedy(self) -> str:
        return (
            f"Set {self.variable} to a file with certificates in PEM format, or remove the variable to trust those of the\n"
            f"public authorities: unset {self.variable}"
        )


@dataclass(eq=False)
class CallTimeoutError(CommandError):
    """The answer is not complete in time."""

    server: str
    seconds: float
    title: ClassVar[str] = "No answer in time"
    exit_code: ClassVar[int] = EXIT_NO_ANSWER

    @property
    def found(self) -> str:
        return f"{self.server} did not send a complete answer within {self.seconds:g} seconds."

    @property
    def remedy(self) -> str:
        return "Make the function faster, or allow more seconds with --timeout."


@dataclass(eq=False)
class FunctionProblemError(CommandError):
    """The process of the function ended before it served. `problem` and `output` are the invoker's text."""

    problem: str
    output: str
    _OUTPUT: ClassVar[frozenset[str]] = frozenset({"output"})
    title: ClassVar[str] = "The function cannot be served"

    @property
    def found(self) -> str:
        return f"{self.problem}."

    @property
    def remedy(self) -> str:
        return self.output


@dataclass(eq=False)
class SavedRequestNameError(CommandError):
    """The name of a saved request cannot be that of a file."""

    name: str
    title: ClassVar[str] = "Invalid name of a request"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"'{self.name}' is not a name of letters, digits, '.', '_' and '-' that begins with a letter or digit."

    @property
    def remedy(self) -> str:
        return "Choose another name, for example 'order-created'."


@dataclass(eq=False)
class SavedRequestExistsError(CommandError):
    """`--save` would replace a saved request."""

    name: str
    file: str
    title: ClassVar[str] = "The request exists already"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"{self.file} contains a request, which --save does not replace."

    @property
    def remedy(self) -> str:
        return f"Choose another name, or delete the file. To update only its answer: funcpack test {self.name} --update"


@dataclass(eq=False)
class SavedRequestMissingError(CommandError):
    """There is no saved request of this name, or none at all (no `name`)."""

    name: str | None
    directory: str
    names: Sequence[str]
    title: ClassVar[str] = "No such saved request"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        if self.name is None:
            return f"{self.directory} contains no requests."
        if not self.names:
            return f"There is no {self.directory}/{self.name}.json, and no other saved request."
        return f"There is no {self.directory}/{self.name}.json. The saved requests are: {', '.join(self.names)}."

    @property
    def remedy(self) -> str:
        if self.names:
            return "Use one of these names."
        return "Save a request and its answer first: funcpack invoke --save NAME"


@dataclass(eq=False)
class SavedRequestError(CommandError):
    """The file of a saved request does not have the documented form."""

    file: str
    reason: str
    title: ClassVar[str] = "Invalid saved request"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"{self.file}: {self.reason}."

    @property
    def remedy(self) -> str:
        return 'Correct the file. The smallest one is: {"request": {"path": "/"}}'


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


# --- the page of run ---


@dataclass(eq=False)
class EventFieldError(CommandError):
    """A field for an event on the page is not valid."""

    reason: str
    title: ClassVar[str] = "Invalid CloudEvent"

    @property
    def found(self) -> str:
        return f"The fields do not describe a valid event: {self.reason}."

    @property
    def remedy(self) -> str:
        return "Correct the field. To send an invalid event on purpose, send an HTTP request with header fields such as 'ce-type: value'."


@dataclass(eq=False)
class RequestNotKeptError(CommandError):
    """The history does not contain a request, or not all of its body."""

    number: int
    title: ClassVar[str] = "The request is not kept"

    @property
    def found(self) -> str:
        return f"The history does not contain request {self.number}, or only the beginning of its body."

    @property
    def remedy(self) -> str:
        return "Send it from the program that it came from."


@dataclass(eq=False)
class RejectedRequestError(CommandError):
    """The front rejects a request before it becomes one of the history."""

    status: int
    reason: str
    title: ClassVar[str] = "The request was rejected"

    @property
    def found(self) -> str:
        return f"The server answered {self.status} before the request came to the function: {self.reason}"

    @property
    def remedy(self) -> str:
        return "Correct the method, the path and the header fields."


@dataclass(eq=False)
class NotLoadedError(CommandError):
    """The page asks for what only a function that is loaded can tell."""

    output: str
    title: ClassVar[str] = "The function is not loaded"

    @property
    def found(self) -> str:
        return f"It could not be loaded a second time:\n{self.output}" if self.output else "It has not been loaded yet."

    @property
    def remedy(self) -> str:
        return "Correct the problem that the log shows, or wait until the function is ready."


# --- build ---


class NoEngineError(CommandError):
    """No container engine is installed."""

    title: ClassVar[str] = "No container engine is installed"

    @property
    def found(self) -> str:
        return "Neither 'docker' nor 'podman' is on PATH. A build runs in containers."

    @property
    def remedy(self) -> str:
        return (
            "Install Docker (https://docs.docker.com/engine/install/) or Podman (https://podman.io/docs/installation), for\n"
            "example with: sudo apt install podman\n"
            "\n"
            "To run the function without an engine, use: funcpack run"
        )


@dataclass(eq=False)
class EngineNotRunningError(CommandError):
    """A container engine is installed, and does not respond."""

    client: str
    reason: str
    title: ClassVar[str] = "The container engine is not running"

    @property
    def found(self) -> str:
        return f"'{self.client} info' fails: {self.reason}"

    @property
    def remedy(self) -> str:
        if self.client == "podman":
            return "Check that 'podman info' works. If Podman runs in a virtual machine, start it: podman machine start"
        return (
            "Start Docker Desktop, or the service: sudo systemctl start docker\n"
            "If DOCKER_HOST is set, check that it is the address of your engine."
        )


@dataclass(eq=False)
class EngineAccessError(CommandError):
    """The user may not connect to the engine."""

    address: str
    title: ClassVar[str] = "No access to the container engine"

    @property
    def found(self) -> str:
        return f"This user may not connect to Docker at {self.address}."

    @property
    def remedy(self) -> str:
        return (
            "Add yourself to the group of Docker's users, and log in again: sudo usermod -aG docker $USER\n"
            "Its members can become root. Rootless Docker and Podman do not require this."
        )


@dataclass(eq=False)
class EngineFailedError(CommandError):
    """A command of the engine's client failed, after its own message on standard error."""

    command: str
    title: ClassVar[str] = "The container engine reports an error"

    @property
    def found(self) -> str:
        return f"'{self.command}' failed. See its output above."

    @property
    def remedy(self) -> str:
        return "Correct what the output reports, and run the command again."


@dataclass(eq=False)
class NoPackError(CommandError):
    """`pack` is not installed; `other` is a different program of this name, and `install` the command that installs it."""

    other: str | None
    install: str
    title: ClassVar[str] = "pack is not installed"

    @property
    def found(self) -> str:
        if self.other:
            return f"'{self.other}' is not the program of the Buildpacks project, because 'pack version' prints no version."
        return "Funcpack builds images with 'pack', the program of the Buildpacks project, which is not on PATH."

    @property
    def remedy(self) -> str:
        return (
            "Install it:\n"
            "\n"
            f"  {self.install}\n"
            "\n"
            "Or see https://buildpacks.io/docs/for-platform-operators/how-to/integrate-ci/pack/. In a clone of Funcpack, run\n"
            "'make tools', and add the directory .tools/bin to PATH."
        )


@dataclass(eq=False)
class BuilderMissingError(CommandError):
    """The builder is not available."""

    builder: str
    client: str
    title: ClassVar[str] = "The builder is not available"

    @property
    def found(self) -> str:
        return f"There is no image '{self.builder}' on this machine, and pack could not pull it. See the output of pack above."

    @property
    def remedy(self) -> str:
        return (
            f"Check the name, and that you can pull it: {self.client} pull {self.builder}\n"
            "To create the builder funcpack/builder on this machine, run 'make builder' in a clone of Funcpack."
        )


@dataclass(eq=False)
class BuildFailedError(CommandError):
    """`pack` failed, after its own message."""

    has_certificates: bool
    title: ClassVar[str] = "The build failed"

    @property
    def found(self) -> str:
        return "pack reports an error. See its output above."

    @property
    def remedy(self) -> str:
        text = "Correct what the output reports, and run the command again."
        if self.has_certificates:
            return text
        return (
            f"{text} If a certificate is not trusted,\n"
            "set SSL_CERT_FILE to a file with the certificates of your proxy or index, in PEM format."
        )


@dataclass(eq=False)
class ImageNameError(CommandError):
    """The name of the image is not valid; `similar` is a valid one."""

    name: str
    similar: str
    title: ClassVar[str] = "Invalid image name"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"'{self.name}' is not the name of an image: [REGISTRY/]NAME[:TAG], with the name in lower case."

    @property
    def remedy(self) -> str:
        return f"Name the image, for example: --tag {self.similar}"


@dataclass(eq=False)
class NoRegistryError(CommandError):
    """An image is to be published, and no name was given."""

    similar: str
    title: ClassVar[str] = "No registry"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return "The option --publish sends the image to the registry in its name, and the option --tag is missing."

    @property
    def remedy(self) -> str:
        return f"Name the image with its registry, for example: --tag registry.example.com/{self.similar}"


@dataclass(eq=False)
class OutputDirectoryError(CommandError):
    """The directory for an image layout contains something else."""

    directory: str
    reason: str
    title: ClassVar[str] = "The output directory is in use"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"'{self.directory}' {self.reason}. Nothing was built."

    @property
    def remedy(self) -> str:
        return "Name a new directory, an empty one, or one with an OCI image layout, which is replaced."


@dataclass(eq=False)
class EnvOptionError(CommandError):
    """The value of --env has no name."""

    value: str
    title: ClassVar[str] = "Invalid variable"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"The value '{self.value}' of the option --env has no name."

    @property
    def remedy(self) -> str:
        return "Write --env NAME=VALUE, or --env NAME for the value in your environment."


@dataclass(eq=False)
class BuildPlaceError(CommandError):
    """A build without an engine cannot use a directory of the builder."""

    directory: str
    reason: str
    title: ClassVar[str] = "The build directory is not usable"

    @property
    def found(self) -> str:
        return f"Without a container engine, the image is built in this container, and {self.directory} {self.reason}."

    @property
    def remedy(self) -> str:
        return "Run the command in a new container of the builder, as the user of the builder."


@dataclass(eq=False)
class RunImageError(CommandError):
    """A registry does not have the run image."""

    image: str
    reason: str
    title: ClassVar[str] = "The run image is not available"

    @property
    def found(self) -> str:
        return f"'{self.image}' could not be copied from its registry: {self.reason}"

    @property
    def remedy(self) -> str:
        return "Check the network, and that everybody can pull the run image. Or publish the image with: --publish"


class NoPlaceForImageError(CommandError):
    """A build without an engine has no place for its image."""

    title: ClassVar[str] = "No place for the image"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return "No container engine is running that could keep the image."

    @property
    def remedy(self) -> str:
        return "Publish the image with --publish, or write it to a directory with: --output-dir DIRECTORY"
