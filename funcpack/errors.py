"""All error texts of a build: a title, the finding and the remedy.

An error carries data, and its three properties turn the data into text. `render` joins them. Nothing else prints errors.
"""

# ruff: noqa: D102 - UserError documents `found` and `remedy` once for all subclasses

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from funcpack_invoker.function.parameters import ACCEPTED_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

KN_FUNC_ADVICE = (
    "Funcpack calls functions with a request or an event. Add a handler.py with 'def handler(req)', or set PYTHON_HANDLER to the"
    " module and the name of such a function."
)

HANDLER_FORMS = "module.function, package.module.function or module:object.method"


class UserError(Exception):
    """A problem that the user can fix. Subclasses are dataclasses with the properties `found` and `remedy`."""

    title: ClassVar[str]

    @property
    def found(self) -> str:
        """Return what is wrong and where: the file, the line and the value."""
        raise NotImplementedError

    @property
    def remedy(self) -> str:
        """Return what the user can do about it."""
        raise NotImplementedError

    def __str__(self) -> str:
        return self.found


def render(error: UserError) -> list[str]:
    """Return the lines to print below the title."""
    return [*error.found.splitlines(), "", *error.remedy.splitlines()]


# --- the project's settings ---


@dataclass(eq=False)
class ProjectFileError(UserError):
    """project.toml is missing behind a link, is not TOML, or does not have the documented form."""

    file: str
    reason: str
    title: ClassVar[str] = "Invalid project.toml"

    @property
    def found(self) -> str:
        return f"{self.file}: {self.reason}"

    @property
    def remedy(self) -> str:
        return (
            "Correct the file. It sets variables in this form:\n"
            "\n"
            "  [_]\n"
            '  schema-version = "0.2"\n'
            "\n"
            "  [[io.buildpacks.build.env]]\n"
            '  name = "PYTHON_HANDLER"\n'
            '  value = "handler.handler"'
        )


@dataclass(eq=False)
class SwitchError(UserError):
    """The value of a switch is not a boolean."""

    name: str
    text: str
    origin: str
    title: ClassVar[str] = "Invalid setting"

    @property
    def found(self) -> str:
        return f"{self.origin} is '{self.text}', which is not a boolean."

    @property
    def remedy(self) -> str:
        return f"Set {self.name} to 'true' or 'false'."


@dataclass(eq=False)
class HandlerNameError(UserError):
    """The handler name does not have one of the supported forms. `reason` says why, in words that follow the name."""

    text: str
    origin: str
    reason: str
    title: ClassVar[str] = "The handler name is not valid"

    @property
    def found(self) -> str:
        return f"The handler name '{self.text}' ({self.origin}) is not valid, because {self.reason}."

    @property
    def remedy(self) -> str:
        return (
            f"Set PYTHON_HANDLER to {HANDLER_FORMS}.\n"
            "For example, 'orders.handle' names the function 'handle' in orders.py."
        )


# --- the function ---


@dataclass(eq=False)
class TakenNameError(UserError):
    """The handler's module has the name of a module that would be imported instead."""

    text: str
    origin: str
    module: str
    owner: str
    title: ClassVar[str] = "The name of the function's module is already taken"

    @property
    def found(self) -> str:
        return (
            f"The handler is '{self.text}' ({self.origin}).\n"
            f"'{self.module}' is also a module of {self.owner}, which Python would import instead."
        )

    @property
    def remedy(self) -> str:
        return f"Rename the file to my_{self.module}.py, for example, and set PYTHON_HANDLER to 'my_{self.text}'."


@dataclass(eq=False)
class MissingModuleError(UserError):
    """The app does not contain the module.

    `method_name` is the name to use if the user wrote an object's name where a module's name belongs. `searched_packages` is
    true if the installed packages do not contain the module either.
    """

    text: str
    origin: str
    module: str
    modules: Sequence[str]
    method_name: str | None = None
    searched_packages: bool = False
    title: ClassVar[str] = "The function's module does not exist"

    @property
    def found(self) -> str:
        path = self.module.replace(".", "/")
        return (
            f"The handler is '{self.text}' ({self.origin}).\n"
            f"There is no {path}.py or {path}/__init__.py in {self._places()}.\n"
            f"{_list('The app has the modules:', self.modules) or 'The app has no Python files.'}"
        )

    @property
    def remedy(self) -> str:
        if self.text in self.modules:
            return _add_function_name(self.text)
        return f"{self._guess()}Add the file, or set PYTHON_HANDLER to the module and the name of your function."

    def _places(self) -> str:
        if self.searched_packages:
            return "the app directory, in its 'src' directory, or in the installed packages"
        return "the app directory or in its 'src' directory"

    def _guess(self) -> str:
        nearest = _nearest(self.module, self.modules)
        meant = self.method_name or (nearest and f"{nearest}{self.text.removeprefix(self.module)}")
        return f"Did you mean '{meant}'? " if meant else ""


@dataclass(eq=False)
class UnreadableFileError(UserError):
    """The operating system cannot read a file."""

    file: str
    reason: str
    title: ClassVar[str] = "Unreadable file"

    @property
    def found(self) -> str:
        return f"{self.file}: {self.reason}."

    @property
    def remedy(self) -> str:
        return (
            "Make the file readable for the user that runs the build. If it is a symbolic link, move its target into the app\n"
            "directory, because the build sees only that directory."
        )


@dataclass(eq=False)
class SourceError(UserError):
    """A module that the function needs is not valid Python. `column` counts from 1."""

    file: str
    line: int | None
    text: str
    column: int | None
    reason: str
    python: str
    title: ClassVar[str] = "The function's source code is not valid Python"

    @classmethod
    def from_syntax_error(cls, file: str, source: bytes, error: SyntaxError, python: str) -> SourceError:
        """Return the error for a SyntaxError of the compiler."""
        line = error.lineno or None
        lines = source.decode("utf-8", "replace").splitlines()
        text = (error.text or (lines[line - 1] if line and line <= len(lines) else "")).rstrip("\r\n")
        # If the bytes cannot be decoded, the offset counts bytes instead of characters.
        column = None if error.msg.startswith("(unicode error)") else error.offset
        return cls(file, line, text, column or None, error.msg, python)

    @property
    def found(self) -> str:
        place = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{place}: {self.reason} (checked with Python {self.python}){self._excerpt()}"

    def _excerpt(self) -> str:
        stripped = self.text.strip()
        if not stripped:
            return ""
        indent = len(self.text) - len(self.text.lstrip())
        caret = f"\n  {' ' * max(0, self.column - 1 - indent)}^" if self.column else ""
        return f"\n\n  {stripped.expandtabs(1)}{caret}"

    @property
    def remedy(self) -> str:
        if "null bytes" in self.reason:
            return "Save the file as UTF-8. Null bytes appear in files that are saved as UTF-16 and in files that are not text."
        if "codec can't decode" in self.reason or "encoding" in self.reason:
            return "Save the file as UTF-8, or declare its encoding in the first line: # -*- coding: latin-1 -*-"
        return f"Correct the line, then check the file with: python -m py_compile {self.file}"


@dataclass(eq=False)
class RelativeImportError(UserError):
    """A relative import leaves the top-level package `package`, which is None if the module is not in a package.

    `absolute` is the same import without dots.
    """

    file: str
    line: int
    statement: str
    absolute: str
    package: str | None
    title: ClassVar[str] = "A relative import cannot work"

    @property
    def found(self) -> str:
        reason = (
            f"leaves the package '{self.package}'" if self.package else "is relative, but the file is not in a package"
        )
        return f"{self.file}, line {self.line}: '{self.statement}' {reason}."

    @property
    def remedy(self) -> str:
        if self.package:
            return f"Write the import without dots: '{self.absolute}'."
        return (
            f"Write the import without dots: '{self.absolute}'.\n"
            "Or move all modules of the function to a package, for example to the directory 'my_function', and set PYTHON_HANDLER to\n"
            "the new name of the function, for example 'my_function.handler.handler'."
        )


@dataclass(eq=False)
class MissingFunctionError(UserError):
    """The module does not define the name. `names` are all names that it defines, `functions` are its public functions.

    `is_module` is true if the name is a module of the package.
    """

    text: str
    origin: str
    file: str
    name: str
    names: Sequence[str]
    functions: Sequence[str]
    is_module: bool = False
    title: ClassVar[str] = "The function does not exist in its module"

    @property
    def found(self) -> str:
        defined = _list("It defines the functions:", self.functions) or "It does not define any functions."
        return f"The handler is '{self.text}' ({self.origin}).\n{self.file} does not define '{self.name}'. {defined}"

    @property
    def remedy(self) -> str:
        if self.is_module:
            return _add_function_name(self.text)
        if self.name == "py":
            function = f"{self.text.removesuffix('.py')}.{next(iter(self.functions), 'handler')}"
            return f"Set PYTHON_HANDLER to the name of the function instead of the file, for example '{function}'."
        nearest = _nearest(self.name, self.names)
        guess = f"Did you mean '{nearest}'? " if nearest else ""
        return (
            f"{guess}Add 'def {self.name}(...)' to {self.file}, or set PYTHON_HANDLER to the module and the name of your"
            " function."
        )


@dataclass(eq=False)
class NotAFunctionError(UserError):
    """The handler name refers to a value that cannot be called for a request."""

    text: str
    file: str
    line: int
    name: str
    kind: str
    title: ClassVar[str] = "The handler is not a function"

    @property
    def found(self) -> str:
        return f"{self.file}, line {self.line}: '{self.name}' is {self.kind}, so '{self.text}' cannot be called for a request."

    @property
    def remedy(self) -> str:
        if self.kind == "a class":
            return (
                "Set PYTHON_HANDLER to a function, or to an instance of a class that has a method '__call__':\n"
                "\n"
                f"  handler = {self.name}()"
            )
        return (
            f"Define it with 'def {self.name}(...)', or set PYTHON_HANDLER to the module and the name of your function."
        )


@dataclass(eq=False)
class KnFuncFunctionError(UserError):
    """The handler is a function for kn func's own server: it returns an object whose method takes ASGI's arguments."""

    file: str
    line: int
    name: str
    title: ClassVar[str] = "The function is written for kn func's own server"

    @property
    def found(self) -> str:
        return (
            f"{self.file}, line {self.line}: '{self.name}' returns an object whose method is called with 'scope', 'receive' and\n"
            "'send', as kn func's own server does."
        )

    @property
    def remedy(self) -> str:
        return (
            "Write a function that accepts a request and returns the response, for example in handler.py:\n"
            "\n"
            "  def handler(req):\n"
            '      return "OK"\n'
            "\n"
            "Set PYTHON_HANDLER to 'handler.handler', or remove it. To keep the function as it is, build it with kn func's default\n"
            "builder, without Funcpack."
        )


@dataclass(eq=False)
class UnsupportedParameterError(UserError):
    """The function has a required parameter that Funcpack has no value for."""

    file: str
    line: int
    name: str
    nearest: str | None
    title: ClassVar[str] = "Unsupported function parameter"

    @property
    def found(self) -> str:
        return f"{self.file}, line {self.line}: '{self.name}' is not a supported parameter name and has no default."

    @property
    def remedy(self) -> str:
        guess = f"Did you mean '{self.nearest}'? " if self.nearest else ""
        return (
            f"{guess}Rename the parameter, or give it a default.\n"
            f"Supported parameter names: {', '.join(ACCEPTED_NAMES)}."
        )


@dataclass(eq=False)
class UnsupportedAnnotationError(UserError):
    """A parameter gets a value that its annotation does not allow."""

    file: str
    line: int
    name: str
    annotation: str
    accepted: str
    title: ClassVar[str] = "Unsupported annotation of a parameter"

    @property
    def found(self) -> str:
        return f"{self.file}, line {self.line}: '{self.name}' cannot receive a value of the type '{self.annotation}'."

    @property
    def remedy(self) -> str:
        return f"Change the annotation of '{self.name}', or remove it.\nSupported annotations: {self.accepted}."


@dataclass(eq=False)
class Asgi2Error(UserError):
    """The handler is an application of ASGI 2, which is called twice for each request."""

    file: str
    line: int
    name: str
    title: ClassVar[str] = "The application uses ASGI 2"

    @property
    def found(self) -> str:
        return f"{self.file}, line {self.line}: '{self.name}' takes only 'scope', as applications did before ASGI 3."

    @property
    def remedy(self) -> str:
        return (
            "Upgrade the framework, or convert the application with the package asgiref:\n"
            "\n"
            "  from asgiref.compatibility import guarantee_single_callable\n"
            "\n"
            f"  application = guarantee_single_callable({self.name})\n"
            "\n"
            "Then set PYTHON_HANDLER to the result."
        )


# --- Python ---


@dataclass(eq=False)
class PythonVersionSyntaxError(UserError):
    """A requested Python version is not a version or a version range."""

    text: str
    origin: str
    title: ClassVar[str] = "Invalid Python version"

    @property
    def found(self) -> str:
        return f"The project requests Python '{self.text}' ({self.origin}), which is not a version or a version range."

    @property
    def remedy(self) -> str:
        return "Use a version such as 3.13 or 3.13.5, or a range such as >=3.12,<3.14."


@dataclass(eq=False)
class PythonVersionError(UserError):
    """No available version matches the request. The subclasses say why."""

    text: str
    origin: str
    choices: Sequence[str]

    @property
    def found(self) -> str:
        return f"The project requests Python '{self.text}' ({self.origin}), {self._reason()}"

    def _reason(self) -> str:
        raise NotImplementedError

    @property
    def remedy(self) -> str:
        return f"Request a supported version: {', '.join(self.choices)}."


class PythonVersionEndedError(PythonVersionError):
    """The request allows only versions that are older than the supported ones."""

    title: ClassVar[str] = "The Python version is too old"

    def _reason(self) -> str:
        return f"but functions require Python {self.choices[0]} or newer."


class PythonVersionTooNewError(PythonVersionError):
    """The request allows only versions that are newer than the supported ones."""

    title: ClassVar[str] = "The Python version is too new"

    def _reason(self) -> str:
        return f"but this release of the buildpack supports Python up to {self.choices[-1]}."

    @property
    def remedy(self) -> str:
        return f"{super().remedy} Or use a newer release of the buildpack."


class PythonVersionUnknownError(PythonVersionError):
    """The request allows only versions that do not exist."""

    title: ClassVar[str] = "The Python version does not exist"

    def _reason(self) -> str:
        return "but no release of Python matches it."

    @property
    def remedy(self) -> str:
        return f"{super().remedy} Leave out the patch number ('3.13') to get the latest patch release."


@dataclass(eq=False)
class PythonDownloadError(UserError):
    """uv could not download Python."""

    version: str
    mirror: str | None
    title: ClassVar[str] = "Python could not be downloaded"

    @property
    def found(self) -> str:
        source = self.mirror or "uv's default source"
        return f"Python {self.version} could not be downloaded from {source}. See the output of uv above."

    @property
    def remedy(self) -> str:
        return (
            "Give the build access to the network, set UV_PYTHON_INSTALL_MIRROR to a mirror that it can reach,\n"
            "or request the Python version of the run image."
        )


@dataclass(eq=False)
class PythonListError(UserError):
    """uv cannot read the list of Python versions. Only a list that the user configured can fail."""

    output: str
    title: ClassVar[str] = "Unreadable list of Python versions"

    @property
    def found(self) -> str:
        import textwrap  # noqa: PLC0415 - slow, needed only for errors

        return f"uv reports:\n\n{textwrap.indent(self.output.strip(), '  ')}"

    @property
    def remedy(self) -> str:
        return "Correct UV_PYTHON_DOWNLOADS_JSON_URL, or remove it."


@dataclass(eq=False)
class RunImagePythonError(UserError):
    """The description of the run image's Python is not valid."""

    text: str
    origin: str
    reason: str
    title: ClassVar[str] = "Invalid description of the run image's Python"

    @property
    def found(self) -> str:
        return f"The run image's Python is described as '{self.text}' ({self.origin}): {self.reason}."

    @property
    def remedy(self) -> str:
        return (
            "Set BP_RUN_IMAGE_PYTHON to the version and the path of the run image's Python: '3.13.5 /usr/bin/python3.13'.\n"
            "The build image must have the same Python at this path. If the run image has no Python, use 'none'."
        )


# --- dependencies ---


@dataclass(eq=False)
class MissingRequirementsFileError(UserError):
    """A requirements file includes a file that does not exist."""

    file: str
    line: int
    missing: str
    title: ClassVar[str] = "A requirements file does not exist"

    @property
    def found(self) -> str:
        return f"{self.file}, line {self.line}: '{self.missing}' does not exist in the app directory."

    @property
    def remedy(self) -> str:
        return f"Add the file, or remove the line from {self.file}. The path is relative to {self.file}."


@dataclass(eq=False)
class MissingLocalPackageError(UserError):
    """A requirement refers to a file or a directory that the build does not have, or to a directory without a package.

    `reason` says which, in words that follow the path. `is_outside` is true if the path leaves the app directory.
    """

    file: str
    line: int
    path: str
    reason: str
    is_outside: bool
    title: ClassVar[str] = "A local package does not exist"

    @property
    def found(self) -> str:
        return f"{self.file}, line {self.line}: '{self.path}' {self.reason}."

    @property
    def remedy(self) -> str:
        if self.path.startswith("file:///"):
            return (
                "'pip freeze' writes the path of a package that was installed from a file. Replace the line with the package's name\n"
                "and version, or write the whole file again:\n"
                "\n"
                "  pip list --format=freeze > requirements.txt"
            )
        if self.is_outside:
            return (
                "The build sees only the app directory. Move the package into it, and change the path. Or put a wheel of the package\n"
                "into the directory 'vendor', together with all other packages."
            )
        return (
            "Add it, or correct the path. Check that .gitignore and 'exclude' in project.toml do not leave it out. If it is a Git\n"
            "submodule, run 'git submodule update --init' before the build."
        )


@dataclass(eq=False)
class FileEncodingError(UserError):
    """A file is not UTF-8. `encoding` is the encoding that it seems to have, or empty."""

    file: str
    encoding: str
    title: ClassVar[str] = "A file is not encoded in UTF-8"

    @property
    def found(self) -> str:
        return f"{self.file} is not valid UTF-8{f' and seems to be {self.encoding}' if self.encoding else ''}."

    @property
    def remedy(self) -> str:
        command = "pip freeze" if self.file.endswith(".txt") else "..."
        return f"Save the file as UTF-8. In PowerShell, use: {command} | Out-File -Encoding utf8 {self.file}"


@dataclass(eq=False)
class InvalidTomlError(UserError):
    """pyproject.toml or a lock file is not TOML."""

    file: str
    reason: str
    title: ClassVar[str] = "Invalid TOML"

    @property
    def found(self) -> str:
        return f"{self.file}: {self.reason}"

    @property
    def remedy(self) -> str:
        return "Correct the file. If a tool generates it, generate it again."


@dataclass(eq=False)
class InstallError(UserError):
    """uv could not install the dependencies. The subclasses are for the causes that uv_failures.py recognizes."""

    file: str
    title: ClassVar[str] = "The dependencies could not be installed"

    @property
    def found(self) -> str:
        return f"uv could not install the dependencies from {self.file}. See the output of uv above."

    @property
    def remedy(self) -> str:
        return f"Correct {self.file} or the settings of the package index, and build again."


class InstallerSettingError(InstallError):
    """A setting of uv, or a setting of pip that was translated for uv, has an invalid value."""

    title: ClassVar[str] = "Invalid installer setting"

    @property
    def remedy(self) -> str:
        return "Correct the setting that uv names above. pip settings such as PIP_TIMEOUT appear there under uv's name for them."


class RequirementSyntaxError(InstallError):
    """uv cannot parse a requirement."""

    title: ClassVar[str] = "Invalid requirement syntax"

    @property
    def remedy(self) -> str:
        return f"Correct the line in {self.file}. Write versions as 'orders==1.2' or 'orders>=1.2,<2'."


class CertificateError(InstallError):
    """The build does not trust the certificate of the package index or of a proxy."""

    title: ClassVar[str] = "The certificate of the package index is not trusted"

    @property
    def remedy(self) -> str:
        return (
            "Add the certificate of your proxy or index as a service binding: a directory with the certificate in PEM format\n"
            "and a file 'type' with the content 'ca-certificates'.\n"
            "\n"
            '  pack build ... --volume "$PWD/ca-certificates:/platform/bindings/ca-certificates:ro"'
        )


class IndexUnreachableError(InstallError):
    """uv cannot connect to the package index."""

    title: ClassVar[str] = "The package index is not reachable"

    @property
    def remedy(self) -> str:
        return (
            "Check the network and build again. To use a proxy, set HTTPS_PROXY. To use another package index, set\n"
            "PIP_INDEX_URL. To build without a network, put the wheels into the directory 'vendor':\n"
            "\n"
            "  pip download -r requirements.txt -d vendor"
        )


class IndexCredentialsError(InstallError):
    """The package index rejects the credentials or requires some."""

    title: ClassVar[str] = "The package index rejected the credentials"

    @property
    def remedy(self) -> str:
        return (
            "Check the user name and the password for the index. Set them in the URL in PIP_INDEX_URL or UV_INDEX, or in a\n"
            "service binding of type 'pypi' or 'netrc'."
        )


class HashMismatchError(InstallError):
    """The hash of a package differs from the locked one, or a hash is missing."""

    title: ClassVar[str] = "Package hash mismatch"

    @property
    def remedy(self) -> str:
        return (
            f"Lock the dependencies again to update the hashes in {self.file}. If you do not know why a package changed,\n"
            "find out first: a changed hash can mean that somebody replaced the package."
        )


class NoSolutionError(InstallError):
    """No set of versions satisfies all requirements."""

    title: ClassVar[str] = "Conflicting dependencies"

    @property
    def remedy(self) -> str:
        return f"Change or relax one of the requirements in {self.file} that uv names above."


class OtherPythonError(InstallError):
    """The dependencies do not support the Python version of the image."""

    title: ClassVar[str] = "The dependencies require another Python version"

    @property
    def remedy(self) -> str:
        return (
            "Request a Python version that they support, in .python-version or with BP_PYTHON_VERSION. Or allow versions of the\n"
            f"packages in {self.file} that support the Python version above."
        )


class NoWheelForSystemError(InstallError):
    """A package has files for other systems only."""

    title: ClassVar[str] = "A package does not support Linux"

    @property
    def remedy(self) -> str:
        return (
            "The image runs Linux, and the hint above names the systems that the package supports. If the function does not need the\n"
            f"package on Linux, add a marker to its requirement in {self.file}, or in the file that it was locked from:\n"
            "\n"
            "  pywin32==306 ; sys_platform == 'win32'"
        )


class NoWheelForPythonError(InstallError):
    """A package has files for other versions of Python only."""

    title: ClassVar[str] = "A package does not support this Python version"

    @property
    def remedy(self) -> str:
        return (
            "The hint above names the Python versions that the package has wheels for: 'cp312' stands for Python 3.12. Request one of\n"
            f"them in .python-version or with BP_PYTHON_VERSION. Or use a newer version of the package in {self.file}. If the file was\n"
            "locked with another Python version, lock it again with the one above."
        )


class LocalPackageError(InstallError):
    """A requirement refers to a directory or a file that is not a package, or that the build does not have."""

    title: ClassVar[str] = "A local package cannot be found"

    @property
    def remedy(self) -> str:
        return (
            "The build sees only the app directory. Move the package that uv names above into it, and change its path in\n"
            f"{self.file} or pyproject.toml. If it is a Git submodule, run 'git submodule update --init' before the build."
        )


class UnknownVersionError(InstallError):
    """setuptools-scm or a similar tool cannot find a package's version without the Git repository."""

    title: ClassVar[str] = "The version of a local package is unknown"

    @property
    def remedy(self) -> str:
        return (
            "The package takes its version from its Git repository, which requires git in the build image and the directory '.git'.\n"
            "Set the version instead:\n"
            "\n"
            "  pack build ... --env SETUPTOOLS_SCM_PRETEND_VERSION=1.0"
        )


class UnknownPackageError(InstallError):
    """The package index does not contain a package of this name."""

    title: ClassVar[str] = "A package does not exist in the package index"

    @property
    def remedy(self) -> str:
        return (
            f"Check the package name in {self.file}. If the package is in another package index, set PIP_EXTRA_INDEX_URL or\n"
            "UV_INDEX to the URL of that index."
        )


class NotVendoredError(InstallError):
    """The app vendors its packages, but not all of them."""

    title: ClassVar[str] = "A package is missing from the directory 'vendor'"

    @property
    def remedy(self) -> str:
        return (
            "Add the missing package for the Python version above, or remove the directory. Because 'vendor' contains packages,\n"
            "the build installs from it alone. This command fills it:\n"
            "\n"
            f"{self._export()}  pip download -r requirements.txt -d vendor"
        )

    def _export(self) -> str:
        return (
            "" if self.file == "requirements.txt" else "  uv export --no-emit-project --output-file requirements.txt\n"
        )


class BrokenPackageError(InstallError):
    """The file of a package is not a valid wheel or archive."""

    title: ClassVar[str] = "A package file is corrupt"

    @property
    def remedy(self) -> str:
        return (
            "Download the package that uv names above again, into the directory 'vendor' if you use it. A file of only a few\n"
            "bytes may be a Git LFS pointer: run 'git lfs pull' before the build."
        )


class RepositoryError(InstallError):
    """uv could not fetch the Git repository of a requirement."""

    title: ClassVar[str] = "A Git repository cannot be fetched"

    @property
    def remedy(self) -> str:
        return (
            f"Check the URL and the revision in {self.file}. A private repository requires a service binding of type 'netrc' with\n"
            "the credentials. Or put a wheel of the package into the directory 'vendor'."
        )


class MissingGitError(InstallError):
    """A requirement is in a Git repository, and the build image has no git."""

    title: ClassVar[str] = "The build image has no git"

    @property
    def remedy(self) -> str:
        return (
            f"Use a builder whose build image has git. Or replace the Git URL in {self.file} with an archive or a wheel:\n"
            "\n"
            "  orders @ https://github.com/OWNER/REPOSITORY/archive/REVISION.tar.gz"
        )


class PackageBuildError(InstallError):
    """A package without a wheel cannot be built."""

    title: ClassVar[str] = "A package cannot be built from source"

    @property
    def remedy(self) -> str:
        return (
            "Use a version of the package that has a wheel for this Python version, or use a build image with the compiler and\n"
            "the headers that the output above requires."
        )


class ProjectBuildError(InstallError):
    """The project is a package, and its build backend cannot build it."""

    title: ClassVar[str] = "The project cannot be installed"

    @property
    def found(self) -> str:
        return (
            "pyproject.toml has a [build-system], so the build installs the project itself, as 'uv sync' does. Its build backend\n"
            "failed. See the output of uv above."
        )

    @property
    def remedy(self) -> str:
        return (
            "Correct pyproject.toml, and check it with: uv build --wheel\n"
            "If the function only needs the dependencies, remove [build-system], or add:\n"
            "\n"
            "  [tool.uv]\n"
            "  package = false"
        )


class LockOutdatedError(InstallError):
    """uv.lock does not match pyproject.toml."""

    title: ClassVar[str] = "uv.lock is out of date"

    @property
    def remedy(self) -> str:
        return "Run 'uv lock', and commit uv.lock together with pyproject.toml."


@dataclass(frozen=True, slots=True)
class Clash:
    """A requirement of a package of the invoker, and the package of the user that does not satisfy it."""

    requirer: str
    requirement: str
    installed: str


@dataclass(eq=False)
class InvokerConflictError(UserError):
    """The user's packages shadow the invoker's, and one of them does not satisfy a requirement of the invoker."""

    file: str
    clashes: Sequence[Clash]
    title: ClassVar[str] = "The dependencies conflict with the invoker"

    @property
    def found(self) -> str:
        lines = [
            f"  {c.requirer} requires {c.requirement}, but {self.file} installs {c.installed}" for c in self.clashes
        ]
        return "\n".join(["The invoker serves your function and shares its packages:", "", *lines])

    @property
    def remedy(self) -> str:
        requirers = sorted({clash.requirer.split()[0] for clash in self.clashes} - {"funcpack-invoker"})
        names = " and ".join(requirers)
        others = f"\nOr add {names} in a version that supports the installed packages." if requirers else ""
        return f"Change {self.file} so that it installs versions that satisfy the requirements above.{others}"


# --- service bindings ---


@dataclass(eq=False)
class BindingError(UserError):
    """A service binding lacks a value that its type requires."""

    name: str
    type: str
    reason: str
    title: ClassVar[str] = "Incomplete service binding"

    @property
    def found(self) -> str:
        return f"The service binding '{self.name}' of type '{self.type}' {self.reason}."

    @property
    def remedy(self) -> str:
        return (
            "Add the missing file. A service binding is a directory with a file 'type' and a file for each value:\n"
            "'ca-certificates' requires files with certificates in PEM format, 'pypi' requires 'uri' and accepts 'username' and\n"
            "'password', 'netrc' requires 'netrc'."
        )


# --- the import check ---


@dataclass(eq=False)
class ImportCheckError(UserError):
    """The import check failed. The log contains the output of the invoker. `signal` is the signal that ended Python."""

    text: str
    signal: str | None = None
    title: ClassVar[str] = "The function cannot be imported"

    @property
    def found(self) -> str:
        how = f"Python ended with the signal {self.signal}" if self.signal else "See the output above"
        return f"BP_CHECK_IMPORT is set, and the import of '{self.text}' failed. {how}."

    @property
    def remedy(self) -> str:
        if self.signal:
            return "Use a version of your compiled libraries that supports this Python version. They are the most likely cause."
        return (
            "Correct the code that the traceback shows. Move code that only works in the cluster from the module's top level\n"
            "into the function."
        )


# --- shared by the texts ---


BUG_REPORT = (
    "This is a bug in the buildpack, not in your function. Build again. If the error stays, please report it with the log",
    "above at https://github.com/funcpack/funcpack/issues",
)


def _add_function_name(module: str) -> str:
    return f"Add the name of the function to the module '{module}', for example '{module}.handler'."


def _list(words: str, names: Sequence[str], most: int = 10) -> str:
    if not names:
        return ""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{words} {', '.join(names[:most])}{more}."


def _nearest(name: str, choices: Sequence[str]) -> str | None:
    import difflib  # noqa: PLC0415 - slow, needed only for errors

    matches = difflib.get_close_matches(name, choices, n=1)
    return matches[0] if matches else None
