"""All error texts of a build: a title, the finding and the remedy.

An error carries data, and its three properties turn the data into text. `render` joins them. Nothing else prints errors.
"""

# ruff: noqa: D102 - UserError documents `found` and `remedy` once for all subclasses

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from funcpack.plain_text import escaped
from funcpack.similar_names import nearest
from funcpack_invoker.function.parameters import ACCEPTED_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

HANDLER_FORMS = "'module.function', 'package.module.function' or 'module:object.method'"


class Place(NamedTuple):
    """The place of a problem, as far as it is known: a file, relative to the app directory, a line and a column, both from 1."""

    file: str | None
    line: int | None = None
    column: int | None = None


class UserError(Exception):
    """A problem that the user can fix. Subclasses are dataclasses with the properties `found` and `remedy`.

    `_OUTPUT` are the names of the fields with several lines, which a text indents.
    """

    _OUTPUT: ClassVar[frozenset[str]] = frozenset()
    title: ClassVar[str]

    def __post_init__(self) -> None:
        """Escape the data, so that the texts have only their own lines."""
        for name, value in vars(self).items():
            if isinstance(value, str) and name not in self._OUTPUT:
                setattr(self, name, escaped(value))
            elif isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
                setattr(self, name, [escaped(item) for item in value])

    @property
    def found(self) -> str:
        """Return what is wrong and where: the file, the line and the value."""
        raise NotImplementedError

    @property
    def remedy(self) -> str:
        """Return what the user can do about it."""
        raise NotImplementedError

    @property
    def place(self) -> Place:
        """Return where the problem is."""
        return Place(*(getattr(self, name, None) for name in Place._fields))

    @property
    def message(self) -> str:
        """Return the finding without an excerpt of the source, for tools that show the source themselves."""
        return self.found

    def __str__(self) -> str:
        return self.found


def render(error: UserError) -> list[str]:
    """Return the lines to print below the title."""
    return [*error.found.splitlines(), "", *error.remedy.splitlines()]


# --- the project's settings ---


@dataclass(eq=False)
class ProjectFileError(UserError):
    """project.toml is not TOML, or does not have the documented form."""

    file: str
    reason: str
    line: int | None = None
    title: ClassVar[str] = "Invalid project.toml"

    @property
    def found(self) -> str:
        return f"{_place(self.file, self.line)}: {self.reason}."

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

    text: str
    origin: str
    title: ClassVar[str] = "Invalid setting"

    @property
    def place(self) -> Place:
        return Place(_file_of(self.origin))

    @property
    def found(self) -> str:
        return f"{self.origin} is '{self.text}', which is not a boolean."

    @property
    def remedy(self) -> str:
        return f"Set {self.origin} to 'true' or 'false'."


@dataclass(eq=False)
class HandlerNameError(UserError):
    """The handler name does not have one of the supported forms. `reason` says why, in words that follow the name."""

    text: str
    origin: str
    reason: str
    title: ClassVar[str] = "The handler name is not valid"

    @property
    def place(self) -> Place:
        return Place(_file_of(self.origin))

    @property
    def found(self) -> str:
        return f"The handler name '{self.text}' ({self.origin}) is not valid, because {self.reason}."

    @property
    def remedy(self) -> str:
        rename = "Rename the file or directory, whose name must not contain '-'.\n" if "-" in self.text else ""
        return (
            f"{rename}Set {_variable(self.origin)} to {HANDLER_FORMS}.\n"
            "For example, 'orders.handle' names the function 'handle' in orders.py."
        )


# --- the function ---


@dataclass(eq=False)
class TakenNameError(UserError):
    """The handler's module has the name of a module that would be imported instead.

    `path` is the file or directory of the app with this name, or None if the app has none.
    """

    text: str
    origin: str
    module: str
    owner: str
    path: str | None
    title: ClassVar[str] = "The function's module has the name of another module"

    @property
    def place(self) -> Place:
        return Place(self.path)

    @property
    def found(self) -> str:
        instead = f" instead of {self.path}" if self.path else ""
        return (
            f"The handler is '{self.text}' ({self.origin}).\n"
            f"'{self.module}' is also a module of {self.owner}, which Python would import{instead}."
        )

    @property
    def remedy(self) -> str:
        variable = _variable(self.origin)
        if self.path is None:
            return f"Set {variable} to the module and the name of your function, for example 'handler.handler'."
        directory, slash, name = self.path.rpartition("/")
        return (
            f"Rename {self.path} to {directory}{slash}my_{name}, for example, and set {variable} to 'my_{self.text}'."
        )


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
    def place(self) -> Place:
        return Place(_file_of(self.origin))

    @property
    def found(self) -> str:
        modules = _counted("The app has the", "module", self.modules) or "The app has no Python files."
        return (
            f"The handler is '{self.text}' ({self.origin}).\n"
            f"There is no {self._path}.py or {self._path}/__init__.py in {self._places()}.\n"
            f"{modules}"
        )

    @property
    def remedy(self) -> str:
        variable, add = _variable(self.origin), f"add {self._path}.py"
        if self.text in self.modules:
            return _add_function_name(variable, self.text)
        if meant := self._meant():
            # `main.py:hello` is a mistake about the form of the name, not about the files.
            alternative = "" if self.module.endswith(".py") else f", or {add}"
            return f"Did you mean '{meant}'? Set {variable} to '{meant}'{alternative}."
        if not self.modules and not self.searched_packages:
            function = re.split(r"[.:]", self.text)[-1]
            return (
                f"Add {self._path}.py with 'def {function}(req)'.\n"
                f"If the file exists, check that .gitignore and 'exclude' in project.toml do not leave it out."
            )
        example = f"{next(iter(self.modules), 'orders')}.handler"
        return f"Set {variable} to the module and the name of your function, for example '{example}', or {add}."

    @property
    def _path(self) -> str:
        return self.module.replace(".", "/")

    def _places(self) -> str:
        if self.searched_packages:
            return "the app directory, in its 'src' directory, or in the installed packages"
        return "the app directory or in its 'src' directory"

    def _meant(self) -> str | None:
        similar = nearest(self.module, self.modules)
        return self.method_name or (f"{similar}{self.text.removeprefix(self.module)}" if similar else None)


@dataclass(eq=False)
class UnreadableFileError(UserError):
    """The operating system cannot read a file. `target` is the target of a symbolic link that leads nowhere."""

    file: str
    reason: str
    target: str | None = None
    title: ClassVar[str] = "Unreadable file"

    @property
    def found(self) -> str:
        if self.target:
            return f"{self.file} is a symbolic link to '{self.target}', which does not exist in the build."
        return f"{self.file}: {self.reason}."

    @property
    def remedy(self) -> str:
        if self.target:
            return (
                "Replace the link with the file, because the build sees only the app directory. In the app directory, run:\n"
                "\n"
                f"  cp {self.target} {self.file}.tmp && mv {self.file}.tmp {self.file}"
            )
        return "Make the files readable for the user that runs the build. In the app directory, run: chmod -R a+rX ."


@dataclass(eq=False)
class OutsideFileError(UserError):
    """A file of the app leads out of the app directory, to `target`. The build neither reads it nor passes it on.

    `file` is how messages show it. `origin` is the file or the setting that refers to it, or None if the app contains it.
    """

    file: str
    target: str
    origin: str | None = None
    title: ClassVar[str] = "A file is outside the app directory"

    @property
    def place(self) -> Place:
        return _place_of(self.origin or self.file)

    @property
    def found(self) -> str:
        shown = f"{self.file} ({self.origin})" if self.origin else self.file
        return f"{shown} leads to '{self.target}', which is outside the app directory."

    @property
    def remedy(self) -> str:
        return (
            "Copy the file into the app directory, and use the copy instead. The build does not read files elsewhere that the app\n"
            "refers to, because they may be secrets of the platform."
        )


@dataclass(eq=False)
class NotAFileError(UserError):
    """Something else has the name of a file that the build reads. `kind` says what."""

    file: str
    kind: str
    title: ClassVar[str] = "Not a regular file"

    @property
    def found(self) -> str:
        return f"{self.file} is {self.kind}, but the build reads a file of this name."

    @property
    def remedy(self) -> str:
        return f"Replace {self.file} with a regular file, or rename it."


@dataclass(eq=False)
class FileTooLargeError(UserError):
    """A file is larger than `most` bytes."""

    file: str
    size: int
    most: int
    title: ClassVar[str] = "A file is too large"

    @property
    def found(self) -> str:
        return (
            f"{self.file} has {self.size / 2**20:,.0f} MiB. The build reads files of up to {self.most // 2**20:,} MiB."
        )

    @property
    def remedy(self) -> str:
        return (
            f"Check the content of {self.file}, and move data to other files, which the function can read when it runs."
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
    title: ClassVar[str] = "Invalid Python source code"

    @classmethod
    def from_syntax_error(cls, file: str, source: bytes, error: SyntaxError, python: str) -> SourceError:
        """Return the error for a SyntaxError of the compiler."""
        line = error.lineno or _line_with_encoding(source, error.msg)
        lines = source.decode("utf-8", "replace").splitlines()
        text = (error.text or (lines[line - 1] if line and line <= len(lines) else "")).rstrip("\r\n")
        # If the bytes cannot be decoded, the offset counts bytes instead of characters.
        has_column = line and error.offset and error.offset > 0 and not error.msg.startswith("(unicode error)")
        return cls(file, line, text, error.offset if has_column else None, error.msg, python)

    @property
    def message(self) -> str:
        return f"{_place(self.file, self.line)}: {self.reason} (checked with Python {self.python})"

    @property
    def found(self) -> str:
        return f"{self.message}{self._excerpt()}"

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
            return f"Save {self.file} as UTF-8. Files that are saved as UTF-16 contain null bytes, and so do files that are not text."
        if "unicodeescape" in self.reason:
            return (
                "Write the string as a raw string, such as r'C:\\Users', or write each backslash twice: 'C:\\\\Users'."
            )
        if "unknown encoding" in self.reason:
            return f"Save {self.file} as UTF-8, and remove the line that declares the encoding."
        if "codec can't decode" in self.reason or "encoding" in self.reason:
            return f"Save {self.file} as UTF-8, or declare its encoding in the first line: # -*- coding: latin-1 -*-"
        if newer := re.search(r"only supported in Python (\d+\.\d+)", self.reason):
            return (
                f"Change the code so that it works with Python {self.python}, or request Python {newer[1]}, for example with:\n"
                "\n"
                f"  echo {newer[1]} > .python-version"
            )
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
    title: ClassVar[str] = "Invalid relative import"

    @property
    def found(self) -> str:
        reason = (
            f"leaves the package '{self.package}'" if self.package else "is relative, but the file is not in a package"
        )
        return f"{self.file}, line {self.line}: '{self.statement}' {reason}."

    @property
    def remedy(self) -> str:
        return f"Write the import without dots: '{self.absolute}'."


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
        defined = _counted("It defines the", "function", self.functions) or "It does not define any functions."
        return f"The handler is '{self.text}' ({self.origin}).\n{self.file} does not define '{self.name}'. {defined}"

    @property
    def remedy(self) -> str:
        variable = _variable(self.origin)
        if self.is_module:
            return _add_function_name(variable, self.text)
        if self.name == "py":
            function = f"{self.text.removesuffix('.py')}.{next(iter(self.functions), 'handler')}"
            return f"Set {variable} to the name of the function instead of the file: '{function}'."
        add = f"add 'def {self.name}(req)' to {self.file}"
        if similar := nearest(self.name, self.names):
            meant = _renamed(self.text, self.name, similar)
            return f"Did you mean '{meant}'? Set {variable} to '{meant}', or {add}."
        if self.functions:
            return f"Set {variable} to a function, for example '{_renamed(self.text, self.name, self.functions[0])}', or {add}."
        return f"Add{add.removeprefix('add')}, or set {variable} to the module and the name of your function, for example 'orders.handle'."


@dataclass(eq=False)
class NotAFunctionError(UserError):
    """The handler name refers to a value that cannot be called for a request."""

    text: str
    origin: str
    file: str
    line: int
    name: str
    kind: str
    title: ClassVar[str] = "The handler is not a function"

    @property
    def found(self) -> str:
        return (
            f"The handler is '{self.text}' ({self.origin}).\n"
            f"{self.file}, line {self.line}: '{self.name}' is {self.kind}, which cannot be called for a request."
        )

    @property
    def remedy(self) -> str:
        if self.kind == "a class":
            return self._instance()
        return (
            f"Define a function with 'def {self.name}(req)' instead, or set {_variable(self.origin)} to the module and the name of\n"
            "your function, for example 'orders.handle'."
        )

    def _instance(self) -> str:
        attribute = re.split(r"[.:]", self.text)[-1]
        instance = self.name.lower() if attribute == self.name else attribute
        handler = _renamed(self.text, attribute, instance)
        setting = "" if handler == self.text else f", and set {_variable(self.origin)} to '{handler}'"
        return (
            f"Create an instance of the class{setting}. The class requires a method '__call__(self, req)'.\n"
            "\n"
            f"  {instance} = {self.name}()"
        )


@dataclass(eq=False)
class KnFuncFunctionError(UserError):
    """The handler is a function for kn func's own server: it returns an object whose method takes ASGI's arguments."""

    text: str
    origin: str
    file: str
    line: int
    name: str
    title: ClassVar[str] = "The function is written for kn func's own server"

    @property
    def found(self) -> str:
        return (
            f"The handler is '{self.text}' ({self.origin}).\n"
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
            f"Then set {_variable(self.origin)} to 'handler.handler'. To keep the function as it is, build it with kn func's default\n"
            "builder, without Funcpack."
        )


@dataclass(eq=False)
class UnsupportedParameterError(UserError):
    """The function has a required parameter that Funcpack has no value for."""

    file: str
    line: int
    name: str
    nearest: str | None
    column: int | None = None
    title: ClassVar[str] = "Unsupported function parameter"

    @property
    def found(self) -> str:
        return f"{self.file}, line {self.line}: the parameter '{self.name}' has neither a supported name nor a default."

    @property
    def remedy(self) -> str:
        guess = f"Did you mean '{self.nearest}'? " if self.nearest else ""
        rename = f"Rename the parameter to '{self.nearest}'" if self.nearest else "Rename the parameter"
        return (
            f"{guess}{rename}, or give it a default: '{self.name}=None'.\n"
            f"The supported names are {_quoted(ACCEPTED_NAMES)}."
        )


@dataclass(eq=False)
class UnsupportedAnnotationError(UserError):
    """A parameter gets a value that its annotation does not allow."""

    file: str
    line: int
    name: str
    annotation: str
    accepted: str
    column: int | None = None
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
    def place(self) -> Place:
        return Place(_file_of(self.origin))

    @property
    def found(self) -> str:
        return f"The project requests Python '{self.text}' ({self.origin}), which is not a version or a version range."

    @property
    def remedy(self) -> str:
        return f"{_request(self.origin, '3.13')}\nA version has the form '3.13' or '3.13.5', a range has the form '>=3.12,<3.14'."


@dataclass(eq=False)
class PythonKindError(PythonVersionSyntaxError):
    """The request is for something else than a final release of CPython. `kind` says for what."""

    kind: str
    title: ClassVar[str] = "Unsupported kind of Python"

    @property
    def found(self) -> str:
        return f"The project requests Python '{self.text}' ({self.origin}), which is {self.kind}. Functions run on releases of CPython."

    @property
    def remedy(self) -> str:
        return _request(self.origin, "3.13")


@dataclass(eq=False)
class PythonVersionError(UserError):
    """No available version matches the request. The subclasses say why."""

    text: str
    origin: str
    choices: Sequence[str]

    @property
    def place(self) -> Place:
        return Place(_file_of(self.origin))

    @property
    def found(self) -> str:
        return f"The project requests Python '{self.text}' ({self.origin}),\n{self._reason()}"

    def _reason(self) -> str:
        raise NotImplementedError

    @property
    def remedy(self) -> str:
        return f"{_request(self.origin, self._example())}\nSupported versions: {', '.join(self.choices)}."

    def _example(self) -> str:
        return self.choices[-1]


class PythonVersionEndedError(PythonVersionError):
    """The request allows only versions that are older than the supported ones."""

    title: ClassVar[str] = "The Python version is too old"

    def _reason(self) -> str:
        return f"but functions require Python {self.choices[0]} or newer."

    def _example(self) -> str:
        return self.choices[0]


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

    def _example(self) -> str:
        """Return the minor version of the request, of which there is a release."""
        minors = re.findall(r"(?<!\d)\d+\.\d+", self.text)
        return next((choice for choice in self.choices if choice.removesuffix("t") in minors), self.choices[-1])


@dataclass(eq=False)
class PythonDownloadError(UserError):
    """uv could not download Python. `available` is the version of the run image's Python if a function can run on it."""

    version: str
    mirror: str | None
    available: str | None = None
    title: ClassVar[str] = "Python could not be downloaded"

    @property
    def found(self) -> str:
        source = self.mirror or "uv's default source"
        return f"Python {self.version} could not be downloaded from {source}. See the output of uv above."

    @property
    def remedy(self) -> str:
        other = (
            f"\nOr request the Python of the run image: set BP_PYTHON_VERSION to '{self.available}'."
            if self.available
            else ""
        )
        return (
            "Give the build access to the network, or set UV_PYTHON_INSTALL_MIRROR to the URL of a mirror that it can reach."
            f"{other}"
        )


@dataclass(eq=False)
class PythonListError(UserError):
    """uv cannot read the list of Python versions. Only a list that the user configured can fail."""

    output: str
    title: ClassVar[str] = "Unreadable list of Python versions"
    _OUTPUT: ClassVar[frozenset[str]] = frozenset({"output"})

    @property
    def found(self) -> str:
        import textwrap  # noqa: PLC0415 - slow, needed only for errors

        return f"uv cannot read the list that UV_PYTHON_DOWNLOADS_JSON_URL names:\n\n{textwrap.indent(self.output.strip(), '  ')}"

    @property
    def remedy(self) -> str:
        return "Set UV_PYTHON_DOWNLOADS_JSON_URL to the URL of a valid list, or remove it to use uv's own list."


@dataclass(eq=False)
class RunImagePythonError(UserError):
    """The description of the run image's Python is not valid. `missing` is its path if the build image has no such file."""

    text: str
    origin: str
    missing: str | None = None
    title: ClassVar[str] = "Invalid BP_RUN_IMAGE_PYTHON"

    @property
    def place(self) -> Place:
        return Place(_file_of(self.origin))

    @property
    def found(self) -> str:
        reason = (
            f"but the build image has no file '{self.missing}'" if self.missing else "which is not a version and a path"
        )
        return f"{self.origin} is '{self.text}', {reason}."

    @property
    def remedy(self) -> str:
        variable = "BP_RUN_IMAGE_PYTHON" if self.origin.startswith("/") else self.origin
        return (
            f"Set {variable} to the version and the path of the run image's Python,\n"
            "for example '3.13.5 /usr/bin/python3.13'. The build image must have the same Python at this path.\n"
            "If the run image has no Python, set it to 'none'."
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
        return (
            f"Add the file, or remove line {self.line} from {self.file}. The path is relative to {self.file}.\n"
            "If the file exists, check that .gitignore and 'exclude' in project.toml do not leave it out."
        )


@dataclass(eq=False)
class NestedRequirementsError(UserError):
    """Requirements files include each other more than `most` levels deep."""

    file: str
    most: int
    title: ClassVar[str] = "Requirements files are nested too deeply"

    @property
    def found(self) -> str:
        return f"{self.file} is included by more than {self.most} files, each of which includes the next one."

    @property
    def remedy(self) -> str:
        return "Include the files directly in requirements.txt, with one line '-r FILE' for each."


@dataclass(eq=False)
class MissingLocalPackageError(UserError):
    """A requirement refers to a file or a directory that the build does not have, or to a directory without a package.

    `reason` says which, in words that follow the path. `is_outside` is true if the path leaves the app directory. `from_app` is
    the path to write if the user wrote it relative to the requirements file.
    """

    file: str
    line: int
    path: str
    reason: str
    is_outside: bool
    from_app: str | None = None
    title: ClassVar[str] = "A local package does not exist"

    @property
    def found(self) -> str:
        return f"{self.file}, line {self.line}: '{self.path}' {self.reason}."

    @property
    def remedy(self) -> str:
        if self.from_app:
            return f"The paths of packages are relative to the app directory. Write './{self.from_app}' instead."
        if self.path.startswith("file:///"):
            return (
                "'pip freeze' writes the path of a package that was installed from a file. Replace the line with the package's name\n"
                "and version, or write the whole file again:\n"
                "\n"
                "  pip list --format=freeze > requirements.txt"
            )
        if self.is_outside:
            return f"Move the package into the app directory, because the build sees only this directory, and change the path to '{self._inside()}'."
        return (
            "Add the package, or correct the path. Check that .gitignore and 'exclude' in project.toml do not leave it out. If it is\n"
            "a Git submodule, run 'git submodule update --init' before the build."
        )

    def _inside(self) -> str:
        return f"./{self.path.rstrip('/').rpartition('/')[2]}"


@dataclass(eq=False)
class FileEncodingError(UserError):
    """A file is not UTF-8. `encoding` is the encoding that it seems to have, or empty. `line` is the first invalid line."""

    file: str
    encoding: str
    line: int
    title: ClassVar[str] = "A file is not encoded in UTF-8"

    @property
    def found(self) -> str:
        if self.encoding:
            return f"{self.file} seems to be {self.encoding}."
        return f"{self.file}, line {self.line} is not valid UTF-8."

    @property
    def remedy(self) -> str:
        return (
            "Save the file as UTF-8, for example with one of these commands, the second in PowerShell:\n"
            "\n"
            f"  iconv -f {self.encoding or 'LATIN1'} -t UTF-8 {self.file} > utf-8 && mv utf-8 {self.file}\n"
            f"  (Get-Content {self.file}) | Set-Content -Encoding utf8 {self.file}"
        )


@dataclass(eq=False)
class InvalidTomlError(UserError):
    """pyproject.toml or a lock file is not TOML."""

    file: str
    reason: str
    line: int | None = None
    title: ClassVar[str] = "Invalid TOML"

    @property
    def found(self) -> str:
        return f"{_place(self.file, self.line)}: {self.reason}."

    @property
    def remedy(self) -> str:
        if self.file == "uv.lock":
            return "Create the file again: rm uv.lock && uv lock"
        if self.file == "pylock.toml":
            return "Create the file again with the tool that wrote it, for example: uv export --output-file pylock.toml"
        return f"Correct the line in {self.file}."


@dataclass(eq=False)
class InstallError(UserError):
    """uv could not install the dependencies from `file`. The subclasses are for the causes that uv_failures.py recognizes.

    `causes` are the packages, requirements, URLs or settings that the output of uv blames, as far as they are known. `line` is
    the line in `file` that contains the only one of them.
    """

    file: str
    causes: Sequence[str] = ()
    line: int | None = None
    title: ClassVar[str] = "The dependencies could not be installed"

    @property
    def found(self) -> str:
        place = f" (line {self.line})" if self.line else ""
        because = f", because of {_quoted(self.causes)}{place}.\n" if self.causes else ". "
        return f"uv could not install the dependencies from {self.file}{because}See the output of uv above."

    @property
    def remedy(self) -> str:
        return f"Correct {self.source} or the settings of the package index, and build again."

    @property
    def source(self) -> str:
        """The file that the user edits: a tool writes uv.lock."""
        return "pyproject.toml" if self.file == "uv.lock" else self.file

    def cause(self, default: str) -> str:
        """Return the first cause, or words that stand for it."""
        return f"'{self.causes[0]}'" if self.causes else default


class InstallerSettingError(InstallError):
    """A setting of uv, or a setting of pip that was translated for uv, has an invalid value."""

    title: ClassVar[str] = "Invalid installer setting"

    @property
    def remedy(self) -> str:
        setting = next(iter(self.causes), "the setting that uv names above")
        return (
            f"Correct the value of {setting}. If you did not set it, correct the setting of pip that the build\n"
            "passes to uv under this name: PIP_TIMEOUT as UV_HTTP_TIMEOUT, PIP_REQUIRE_HASHES as --require-hashes."
        )


@dataclass(eq=False)
class InstallPlaceError(UserError):
    """`[tool.uv.pip]` makes uv install packages into another directory than the environment of the image."""

    name: str
    value: str
    title: ClassVar[str] = "Unsupported setting of uv"

    @property
    def found(self) -> str:
        return (
            f"[tool.uv.pip] in pyproject.toml, or [pip] in uv.toml, sets '{self.name}' to '{self.value}'. The packages would not be in\n"
            "the environment of the image."
        )

    @property
    def remedy(self) -> str:
        return (
            f"Remove '{self.name}' from the file, and use the option --{self.name} of 'uv pip' on your machine instead."
        )


@dataclass(eq=False)
class ProxySettingError(UserError):
    """The settings of uv in a file of the app name a proxy."""

    name: str
    file: str
    title: ClassVar[str] = "A file of the app sets a proxy"

    @property
    def found(self) -> str:
        return (
            f"{self.file} sets '{self.name}' for uv. A proxy is a setting of the platform, because the credentials for the package\n"
            "index could reach another host."
        )

    @property
    def remedy(self) -> str:
        return f"Remove '{self.name}' from {self.file}, and add --env {self.name.upper().replace('-', '_')}=VALUE to 'pack build'."


@dataclass(eq=False)
class RequirementSyntaxError(InstallError):
    """uv cannot parse a requirement. `line` is its line in `file` if it is known."""

    title: ClassVar[str] = "Invalid requirement syntax"

    @property
    def found(self) -> str:
        return f"{_place(self.file, self.line)}: {self.cause('a line')} is not a valid requirement. See the output of uv above."

    @property
    def remedy(self) -> str:
        if self.line is None:
            return f"Correct the requirement or the hash in {self.file} that the output of uv describes."
        return f"Correct the line in {self.file}. Write versions as 'orders==1.2' or 'orders>=1.2,<2'."


class ProjectTableError(InstallError):
    """The table `[project]` in pyproject.toml is not valid, so that uv cannot read the dependencies from it."""

    title: ClassVar[str] = "Invalid project table in pyproject.toml"

    @property
    def found(self) -> str:
        return "pyproject.toml: the table [project] is not valid. See the output of uv above."

    @property
    def remedy(self) -> str:
        return "Correct the table as the output of uv describes, and check it with: uv lock --dry-run"


class FileWriteError(InstallError):
    """The disk is full, or uv must not write to a directory."""

    title: ClassVar[str] = "uv cannot write a file"

    @property
    def remedy(self) -> str:
        return (
            "Free disk space, or give the build access to the directory that the output above names. Then build again."
        )


class CertificateError(InstallError):
    """The build does not trust the certificate of the package index or of a proxy."""

    title: ClassVar[str] = "The certificate of the package index is not trusted"

    @property
    def remedy(self) -> str:
        return (
            "Add the certificate of your proxy or index in PEM format (here proxy.pem) to the build as a service binding:\n"
            "\n"
            "  mkdir certificates && cp proxy.pem certificates && echo ca-certificates > certificates/type\n"
            '  pack build ... --volume "$PWD/certificates:/platform/bindings/certificates:ro"'
        )


class IndexUnreachableError(InstallError):
    """uv cannot connect to the package index."""

    title: ClassVar[str] = "The package index is not reachable"

    @property
    def remedy(self) -> str:
        return (
            "Check the network, and build again. To use a proxy, add --env HTTPS_PROXY=URL to 'pack build'. To use another package\n"
            "index, set PIP_INDEX_URL. To build without a network, put the packages into the directory 'vendor'.\n"
            f"{_vendor_commands(self.file)}"
        )


class IndexCredentialsError(InstallError):
    """The package index rejects the credentials or requires some."""

    title: ClassVar[str] = "The package index rejected the credentials"

    @property
    def remedy(self) -> str:
        return (
            "Check the user name and the password for the index. Set them in the URL, for example\n"
            "PIP_INDEX_URL=https://USER:PASSWORD@pypi.example.com/simple, or in a service binding of type 'pypi' or 'netrc'."
        )


class HashMismatchError(InstallError):
    """The hash of a package differs from the locked one."""

    title: ClassVar[str] = "Package hash mismatch"

    @property
    def remedy(self) -> str:
        return (
            "Find out why the package changed: a different hash can mean that somebody replaced it. If you trust the new file,\n"
            f"replace the expected hash in {self.file} with the computed one."
        )


class MissingHashError(InstallError):
    """Hashes are required, and a package has none."""

    title: ClassVar[str] = "A package has no hash"

    @property
    def remedy(self) -> str:
        return (
            "Lock all packages with their versions and hashes. For requirements.in, a copy of your requirements.txt, run:\n"
            "\n"
            "  uv pip compile --generate-hashes requirements.in --output-file requirements.txt\n"
            "\n"
            "Or, to install without hashes, remove PIP_REQUIRE_HASHES, UV_REQUIRE_HASHES and the option '--require-hashes'."
        )


class NoSolutionError(InstallError):
    """No set of versions satisfies all requirements."""

    title: ClassVar[str] = "Conflicting dependencies"

    @property
    def remedy(self) -> str:
        return f"Change or relax {_quoted(self.causes, 'or') or 'one of the requirements above'} in {self.source}."


class MissingVersionError(InstallError):
    """The package index contains the package, but not the version."""

    title: ClassVar[str] = "The version of a package does not exist"

    @property
    def remedy(self) -> str:
        return (
            f"Change the version of {self.cause('the package')} in {self.source}. This command lists the versions that exist:\n"
            "\n"
            f"  pip index versions {_package_name(self.causes)}"
        )


class OtherPythonError(InstallError):
    """The dependencies do not support the Python version of the image."""

    title: ClassVar[str] = "The dependencies require another Python version"

    @property
    def remedy(self) -> str:
        return (
            "Request a Python version that they support, in .python-version or with BP_PYTHON_VERSION. Or allow versions of the\n"
            f"packages in {self.source} that support the Python version above."
        )


class NoWheelForSystemError(InstallError):
    """A package has files for other systems only."""

    title: ClassVar[str] = "A package does not support Linux"

    @property
    def remedy(self) -> str:
        return (
            "The image runs Linux, and the hint above names the systems that the package supports. If the function does not need the\n"
            f"package on Linux, add a marker to its requirement in {self.source}, or in the file that it was locked from:\n"
            "\n"
            f"  {next(iter(self.causes), 'pywin32==306')} ; sys_platform == 'win32'"
        )


class NoWheelForPythonError(InstallError):
    """A package has files for other versions of Python only."""

    title: ClassVar[str] = "A package does not support this Python version"

    @property
    def remedy(self) -> str:
        return (
            "Request a Python version that the package has wheels for, in .python-version or with BP_PYTHON_VERSION. The hint above\n"
            f"names them: 'cp312' stands for Python 3.12. Or use a newer version of the package in {self.source}. If the file was\n"
            "locked with another Python version, lock it again with the one above."
        )


class LocalPackageError(InstallError):
    """A requirement refers to a directory or a file that is not a package, or that the build does not have."""

    title: ClassVar[str] = "A local package cannot be found"

    @property
    def remedy(self) -> str:
        return (
            f"Move {self.cause('the package')} into the app directory, because the build sees only this directory, and change its\n"
            f"path in {self.source}. If it is a Git submodule, run 'git submodule update --init' before the build."
        )


class UnknownVersionError(InstallError):
    """setuptools-scm or a similar tool cannot find a package's version without the Git repository."""

    title: ClassVar[str] = "The version of a local package is unknown"

    @property
    def remedy(self) -> str:
        return (
            "Set the version, because the package takes it from its Git repository, which requires git in the build image and the\n"
            "directory '.git':\n"
            "\n"
            "  pack build ... --env SETUPTOOLS_SCM_PRETEND_VERSION=1.0"
        )


class UnknownPackageError(InstallError):
    """The package index does not contain a package of this name."""

    title: ClassVar[str] = "A package does not exist in the package index"

    @property
    def remedy(self) -> str:
        return (
            f"Correct the name of {self.cause('the package')} in {self.source}. If the package is in another package index, set\n"
            "PIP_EXTRA_INDEX_URL or UV_INDEX to the URL of that index."
        )


class FrozenPackageError(InstallError):
    """The requirements contain `pkg-resources==0.0.0`, which `pip freeze` writes for the patched pip of Debian and Ubuntu."""

    title: ClassVar[str] = "The package 'pkg-resources' does not exist"

    @property
    def remedy(self) -> str:
        return (
            f"Remove the line 'pkg-resources==0.0.0' from {self.file}. 'pip freeze' of Debian and Ubuntu writes it, but no\n"
            "package index has it. If your code imports pkg_resources, require 'setuptools<81' instead."
        )


class NotVendoredError(InstallError):
    """The app vendors its packages, but not all of them."""

    title: ClassVar[str] = "A package is missing from the directory 'vendor'"

    @property
    def remedy(self) -> str:
        return (
            f"Add {self.cause('the missing package')} to 'vendor', or remove 'vendor' to install from the package index.\n"
            f"{_vendor_commands(self.file)}"
        )


class BrokenPackageError(InstallError):
    """The file of a package is not a valid wheel or archive."""

    title: ClassVar[str] = "A package file is corrupt"

    @property
    def remedy(self) -> str:
        return (
            f"Download {self.cause('the package')} again. If it is in the directory 'vendor', remove its file there, and run:\n"
            "\n"
            f"  pip download --no-deps -d vendor '{next(iter(self.causes), 'PACKAGE==VERSION')}'\n"
            "\n"
            "A file of only a few bytes may be a Git LFS pointer: run 'git lfs pull' before the build."
        )


class RepositoryError(InstallError):
    """uv could not fetch the Git repository of a requirement."""

    title: ClassVar[str] = "A Git repository cannot be fetched"

    @property
    def remedy(self) -> str:
        return (
            f"Check the network, and the URL and the revision in {self.source}. For a private repository, add a service binding of\n"
            "type 'netrc' with the credentials. Or put a wheel of the package into the directory 'vendor'."
        )


class EditableRepositoryError(InstallError):
    """A Git requirement is editable, as `pip freeze` writes it. uv rejects it."""

    title: ClassVar[str] = "A Git requirement cannot be editable"

    @property
    def remedy(self) -> str:
        return (
            f"Remove '-e' from the line in {self.file} that uv names above, and write the name of the package before the URL:\n"
            "\n"
            "  orders @ git+https://github.com/OWNER/REPOSITORY@REVISION"
        )


class MissingGitError(InstallError):
    """A requirement is in a Git repository, and the build image has no git."""

    title: ClassVar[str] = "The build image has no git"

    @property
    def remedy(self) -> str:
        return (
            f"Use a builder whose build image has git. Or replace the Git URL in {self.source} with an archive or a wheel:\n"
            "\n"
            f"  {_package_name(self.causes)} @ https://github.com/OWNER/REPOSITORY/archive/REVISION.tar.gz"
        )


class PackageBuildError(InstallError):
    """A package without a wheel cannot be built."""

    title: ClassVar[str] = "A package cannot be built from source"

    @property
    def remedy(self) -> str:
        if self.directory:
            return f"Correct the package in '{self.directory}', and check it with: uv build --wheel {self.directory}"
        return (
            f"Use a version of {self.cause('the package')} that has a wheel for this Python version, or use a build image with the\n"
            "compiler and the headers that the output above requires."
        )

    @property
    def directory(self) -> str | None:
        """The directory of the package in the app, or None for a package of an index."""
        return next((cause for cause in self.causes if cause.startswith("./")), None)


class NoBuildError(InstallError):
    """A package without a wheel cannot be installed, because UV_NO_BUILD is set."""

    title: ClassVar[str] = "Builds of packages from source are disabled"

    @property
    def remedy(self) -> str:
        return (
            f"UV_NO_BUILD is set, so the build installs only wheels. Use a version of {self.cause('the package')} that has a wheel, or\n"
            "put its wheel into the directory 'vendor'. If the package is the project itself, set 'package = false' in [tool.uv].\n"
            "If you trust the source, build without UV_NO_BUILD."
        )


@dataclass(eq=False)
class SourceBuildError(UserError):
    """UV_NO_BUILD is set, and `places` in the app may run code of the source nevertheless."""

    places: Sequence[str]
    title: ClassVar[str] = "Code of the source must not run in the build"

    @property
    def found(self) -> str:
        places = "\n".join(f"  {place}" for place in self.places)
        return (
            f"UV_NO_BUILD is set, but with these settings of the app, the build may run code of the source:\n\n{places}"
        )

    @property
    def remedy(self) -> str:
        return (
            "Remove the settings. Copy requirements files from URLs into the app directory, because they can contain such settings, too.\n"
            "If you trust the source, build without UV_NO_BUILD."
        )


class ProjectBuildError(InstallError):
    """The project is a package, and its build backend cannot build it."""

    title: ClassVar[str] = "The project cannot be installed"

    @property
    def found(self) -> str:
        return (
            f"pyproject.toml has a [build-system], so the build installs the project {self.cause('itself')}, as 'uv sync' does.\n"
            "Its build backend failed. See the output of uv above."
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
        requirements = list(dict.fromkeys(clash.requirement for clash in self.clashes))
        requirers = sorted({clash.requirer.split()[0] for clash in self.clashes} - {"funcpack-invoker"})
        others = (
            f"\n\nOr add {_quoted(requirers)} in a version that supports the installed packages." if requirers else ""
        )
        if self.file == "requirements.txt":
            lines = "\n".join(f"  {requirement}" for requirement in requirements)
            return f"Change the requirements in requirements.txt:\n\n{lines}{others}"
        arguments = " ".join(f"'{requirement}'" for requirement in requirements)
        return f"Change the requirements. With uv, run:\n\n  uv add {arguments}{others}"


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
        return {
            "ca-certificates": "Add the certificate in PEM format to the directory of the binding, for example as ca.pem.",
            "pypi": "Add a file 'uri' with the URL of the index to the directory of the binding, for example:\n\n  https://pypi.example.com/simple",
            "netrc": "Add a file 'netrc' to the directory of the binding, for example:\n\n  machine pypi.example.com login USER password PASSWORD",
        }[self.type.lower()]


@dataclass(eq=False)
class BindingFileError(UserError):
    """A file of a service binding cannot be read, or is not text."""

    name: str
    file: str
    reason: str
    title: ClassVar[str] = "Invalid file in a service binding"

    @property
    def found(self) -> str:
        return f"The file '{self.file}' of the service binding '{self.name}' {self.reason}."

    @property
    def remedy(self) -> str:
        return "Save the file as UTF-8, and make it readable for the user that runs the build."


# --- the variables of the platform ---


@dataclass(eq=False)
class PlatformVariableError(UserError):
    """A variable that the platform provides cannot be a variable of a process."""

    name: str
    reason: str
    title: ClassVar[str] = "Invalid variable of the platform"

    @property
    def found(self) -> str:
        return f"The platform provides the variable '{self.name}', {self.reason}."

    @property
    def remedy(self) -> str:
        return (
            "Remove or correct the variable in the settings of the build, for example in the secret that it comes from."
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
        if self.signal == "SIGKILL":
            return "Give the build more memory: it is the most likely cause of this signal."
        if self.signal:
            module = self.text.partition(":")[0] if ":" in self.text else self.text.rpartition(".")[0]
            return (
                "Find the line that crashes. The most likely cause is a compiled library that does not support this Python version.\n"
                "\n"
                f"  python -X faulthandler -c 'import {module}'"
            )
        return (
            "Correct the code that the traceback shows. Move code that only works in the cluster from the module's top level\n"
            "into the function."
        )


@dataclass(eq=False)
class ImportTimeoutError(UserError):
    """The import check did not end within some seconds."""

    text: str
    seconds: float
    title: ClassVar[str] = "The import of the function does not end"

    @property
    def found(self) -> str:
        return f"BP_CHECK_IMPORT is set, and the import of '{self.text}' did not end within {self.seconds:g} seconds."

    @property
    def remedy(self) -> str:
        return (
            "Look at the top level of the module, and of the modules that it imports, for code that serves or waits: a call such as\n"
            "app.run(), a loop, or a connection to a service that the build cannot reach. Move it into the function, or put it below:\n"
            "\n"
            '  if __name__ == "__main__":'
        )


# --- the detection, in one line each ---


def missing_handler_file(file: str, function: str) -> str:
    """Return the reason if the app does not have the file with the default handler."""
    return (
        f"PYTHON_HANDLER is not set and there is no {file}. Add {file} with 'def {function}(req)', or set PYTHON_HANDLER to your"
        " function, for example 'orders.handle'."
    )


def missing_default_handler(file: str, module: str, function: str, functions: Sequence[str]) -> str:
    """Return the reason if the file does not define the default handler, but only `functions`."""
    example = f"{module}.{functions[0]}" if functions else "orders.handle"
    return (
        f"PYTHON_HANDLER is not set and {file} does not define '{function}'. Add 'def {function}(req)', or set PYTHON_HANDLER to"
        f" your function, for example '{example}'."
    )


def function_of_kn_func(file: str) -> str:
    """Return the reason if the app has a function for kn func's own server only."""
    return (
        f"{file} is a function for kn func's own server. Funcpack calls functions with a request or an event. Add handler.py with"
        " 'def handler(req)', or set PYTHON_HANDLER to such a function, for example 'orders.handle'."
    )


# --- shared by the texts ---


BUG_REPORT = (
    "This is a bug in the buildpack, not in your function. Build again. If the error stays, please report it with the log",
    "above at https://github.com/funcpack/funcpack/issues",
)


def _place(file: str, line: int | None) -> str:
    return f"{file}, line {line}" if line else file


def _file_of(origin: str) -> str | None:
    """Return the file in which a setting was set: `NAME in FILE`, or the file itself if it contains nothing else."""
    if origin == ".python-version":
        return origin
    _, is_in_file, file = origin.partition(" in ")
    return file.partition(",")[0] if is_in_file else None


def _place_of(origin: str) -> Place:
    """Return the place that an origin names: `FILE`, `FILE, line N` or `NAME in FILE`. A variable of the platform or an option has none."""
    file, _, line = origin.rpartition(" in ")[2].partition(", line ")
    return (
        Place(None)
        if re.fullmatch(r"[A-Z0-9_]+|--[a-z]+", file)
        else Place(file, int(line) if line.isdecimal() else None)
    )


def _variable(origin: str) -> str:
    """Return the place where the user changes a setting: where it was set, or PYTHON_HANDLER for the default handler."""
    return "PYTHON_HANDLER" if origin.startswith("the default") else origin


def _line_with_encoding(source: bytes, reason: str) -> int | None:
    """Return the line that declares an unknown encoding, which is one of the first two; the compiler does not tell."""
    name = reason.removeprefix("unknown encoding: ").encode()
    return next((number for number, line in enumerate(source.splitlines()[:2], 1) if name in line), None)


def _request(origin: str, version: str) -> str:
    """Return how to request a Python version in the place where the user requested another one."""
    if origin.startswith(".python-version"):
        return f"Change the version in .python-version, for example with: echo {version} > .python-version"
    if origin.startswith("requires-python"):
        return f'Change the range in pyproject.toml, for example to: requires-python = ">={version.removesuffix("t")}"'
    return f"Set {origin} to a supported version, for example '{version}'."


def _renamed(text: str, name: str, other: str) -> str:
    """Return the handler name with the first attribute replaced."""
    if ":" in text:
        module, _, attributes = text.partition(":")
        return f"{module}:{other}{attributes.removeprefix(name)}"
    return f"{text.removesuffix(name)}{other}"


def _add_function_name(variable: str, module: str) -> str:
    return f"Add the name of the function to the module: set {variable} to '{module}.handler', for example."


def _vendor_commands(file: str) -> str:
    source = "-r requirements.txt" if file == "requirements.txt" else "-r vendor/requirements.txt"
    export = (
        "" if file == "requirements.txt" else "  uv export --no-emit-project --output-file vendor/requirements.txt\n"
    )
    where = "To fill the directory, run on Linux with the Python version of the image"
    return f"{where}:\n\n{export}  pip download {source} -d vendor"


def _package_name(causes: Sequence[str]) -> str:
    return re.split(r"[^A-Za-z0-9._-]", causes[0])[0] if causes else "PACKAGE"


def _quoted(names: Sequence[str], conjunction: str = "and", most: int = 10) -> str:
    """Return names as a list in a sentence: 'a', 'b' and 'c'."""
    shown = [f"'{name}'" for name in names[:most]]
    if len(names) > most:
        shown.append(f"{len(names) - most} more")
    return f" {conjunction} ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def _counted(words: str, noun: str, names: Sequence[str]) -> str:
    """Return a sentence about names, or an empty text if there are none."""
    return f"{words} {noun}{'s' * (len(names) != 1)} {_quoted(names)}." if names else ""
