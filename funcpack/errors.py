"""Every error that a user may see, and its text: a title, what was found, what to do.

An error carries data; the three properties are made of it. `render` puts them together, and nothing else prints errors.
"""

# ruff: noqa: D102 - what `found` and `remedy` are is said once, by UserError.

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from funcpack_invoker.function.parameters import ACCEPTED_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMS_OF_A_HANDLER = "module.function, package.module.function or module:object.method"


class UserError(Exception):
    """Something that the user can change. Subclasses are dataclasses with the properties `found` and `remedy`."""

    title: ClassVar[str]

    @property
    def found(self) -> str:
        """What is the matter, and where."""
        raise NotImplementedError

    @property
    def remedy(self) -> str:
        """What to do about it."""
        raise NotImplementedError

    def __str__(self) -> str:
        return self.found


def render(error: UserError) -> list[str]:
    """Return the lines that show an error, below the heading that `title` makes."""
    return [*error.found.splitlines(), "", *error.remedy.splitlines()]


# --- the project's settings ---


@dataclass(eq=False)
class ProjectFileError(UserError):
    """project.toml cannot be read."""

    file: str
    reason: str
    title: ClassVar[str] = "project.toml cannot be read"

    @property
    def found(self) -> str:
        return f"{self.file}: {self.reason}"

    @property
    def remedy(self) -> str:
        return (
            "Correct the file. It names the function like this:\n"
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
    """A setting that is on or off has another value."""

    name: str
    text: str
    origin: str
    title: ClassVar[str] = "A setting is neither on nor off"

    @property
    def found(self) -> str:
        return f"{self.origin} is '{self.text}'."

    @property
    def remedy(self) -> str:
        return f"Set {self.name} to 'true' or 'false'."


@dataclass(eq=False)
class MalformedHandlerError(UserError):
    """The handler's name is not one."""

    text: str
    origin: str
    title: ClassVar[str] = "The handler's name is not one"

    @property
    def found(self) -> str:
        return f"The handler is '{self.text}' ({self.origin})."

    @property
    def remedy(self) -> str:
        return f"Write {FORMS_OF_A_HANDLER}.\nThe function 'handle' in orders.py is 'orders.handle'."


# --- the function ---


@dataclass(eq=False)
class TakenNameError(UserError):
    """The handler's module has a name that another module is loaded by."""

    text: str
    origin: str
    module: str
    owner: str
    title: ClassVar[str] = "The name of the function's module is taken"

    @property
    def found(self) -> str:
        return (
            f"The handler is '{self.text}' ({self.origin}).\n"
            f"'{self.module}' is a module of {self.owner}, and the function would be looked for there."
        )

    @property
    def remedy(self) -> str:
        return f"Give the file another name, and name the function by it: my_{self.module}.py and 'my_{self.text}'."


@dataclass(eq=False)
class MissingModuleError(UserError):
    """There is no such module in the app. `of_object` is the name that is meant where an object was taken for a module."""

    text: str
    origin: str
    module: str
    modules: Sequence[str]
    of_object: str | None = None
    title: ClassVar[str] = "The function's module is not there"

    @property
    def found(self) -> str:
        path = self.module.replace(".", "/")
        return (
            f"The handler is '{self.text}' ({self.origin}).\n"
            f"Neither {path}.py nor {path}/__init__.py is in the app directory or in its src.\n"
            f"{_list('There are the modules', self.modules) or 'There is no Python file.'}"
        )

    @property
    def remedy(self) -> str:
        return f"{self._guess()}Add the file, or set PYTHON_HANDLER to the function's module and name."

    def _guess(self) -> str:
        if self.text in self.modules:
            return f"{_of_module(self.text)}. "
        nearest = _nearest(self.module, self.modules)
        meant = self.of_object or (nearest and f"{nearest}{self.text.removeprefix(self.module)}")
        return f"Did you mean '{meant}'? " if meant else ""


@dataclass(eq=False)
class UnreadableFileError(UserError):
    """The system refused to give a file."""

    file: str
    reason: str
    title: ClassVar[str] = "A file cannot be read"

    @property
    def found(self) -> str:
        return f"{self.file}: {self.reason}."

    @property
    def remedy(self) -> str:
        return (
            "Make the file readable for the user that builds the image. What a link leads to must be in the app directory\n"
            "itself, since nothing else is sent to the build."
        )


@dataclass(eq=False)
class SourceError(UserError):
    """A module that is needed is not valid Python. `column` counts from 1."""

    file: str
    line: int | None
    text: str
    column: int | None
    reason: str
    python: str
    title: ClassVar[str] = "The function's source is not valid Python"

    @classmethod
    def of_syntax_error(cls, file: str, source: bytes, error: SyntaxError, python: str) -> SourceError:
        """Make it of what the compiler says."""
        line = error.lineno or None
        lines = source.decode("utf-8", "replace").splitlines()
        text = (error.text or (lines[line - 1] if line and line <= len(lines) else "")).rstrip("\r\n")
        # The place is that of a byte when the bytes cannot be decoded.
        column = None if error.msg.startswith("(unicode error)") else error.offset
        return cls(file, line, text, column or None, error.msg, python)

    @property
    def found(self) -> str:
        place = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{place}: {self.reason} (as Python {self.python} reads it){self._excerpt()}"

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
            return "Save the file as UTF-8; null bytes are in what is saved as UTF-16, and in what is no text."
        if "codec can't decode" in self.reason or "encoding" in self.reason:
            return "Save the file as UTF-8, or name its encoding in the first line: # -*- coding: latin-1 -*-"
        return f"Correct it; 'python -m py_compile {self.file}' tells if it is."


@dataclass(eq=False)
class MissingFunctionError(UserError):
    """The module does not define the name. `names` are all of its names, `functions` its plain functions.

    `is_module` says that it is a module of the package.
    """

    text: str
    origin: str
    file: str
    name: str
    names: Sequence[str]
    functions: Sequence[str]
    is_module: bool = False
    title: ClassVar[str] = "The function is not in its module"

    @property
    def found(self) -> str:
        there = _list("It defines", self.functions) or "It defines no function."
        return f"The handler is '{self.text}' ({self.origin}).\n{self.file} does not define '{self.name}'. {there}"

    @property
    def remedy(self) -> str:
        if self.is_module:
            return f"{_of_module(self.text)}, for example '{self.text}.handler'."
        if self.name == "py":
            return f"Name the function instead of the file, for example '{self.text.removesuffix('.py')}.{next(iter(self.functions), 'handler')}'."
        nearest = _nearest(self.name, self.names)
        guess = f"Did you mean '{nearest}'? " if nearest else ""
        return f"{guess}Define 'def {self.name}(...)' in {self.file}, or set PYTHON_HANDLER to the function's module and name."


@dataclass(eq=False)
class NotAFunctionError(UserError):
    """The handler's name stands for something that cannot be called for a request."""

    text: str
    file: str
    line: int
    name: str
    kind: str
    title: ClassVar[str] = "The handler is not a function"

    @property
    def found(self) -> str:
        return f"{self.file}, line {self.line}: '{self.name}' is {self.kind}, so the handler '{self.text}' is not a function."

    @property
    def remedy(self) -> str:
        if self.kind == "a class":
            return (
                "Name a function, or an object that is called for every request:\n"
                "\n"
                f"  handler = {self.name}()\n"
                "\n"
                f"where {self.name} has a method '__call__'."
            )
        return f"Define it with 'def {self.name}(...)', or set PYTHON_HANDLER to a function's module and name."


@dataclass(eq=False)
class UnfillableParameterError(UserError):
    """A parameter that no request and no event has a value for."""

    file: str
    line: int
    name: str
    nearest: str | None
    title: ClassVar[str] = "Nobody can fill a parameter of the function"

    @property
    def found(self) -> str:
        return f"{self.file}, line {self.line}: the parameter '{self.name}' has no default, and its name means nothing here."

    @property
    def remedy(self) -> str:
        guess = f"Did you mean '{self.nearest}'? " if self.nearest else ""
        return (
            f"{guess}The names that are filled are: {', '.join(ACCEPTED_NAMES)}.\nAny other parameter needs a default."
        )


# --- Python ---


@dataclass(eq=False)
class PythonVersionSyntaxError(UserError):
    """A version that cannot be understood."""

    text: str
    origin: str
    title: ClassVar[str] = "The Python version cannot be understood"

    @property
    def found(self) -> str:
        return f"The project asks for Python '{self.text}' ({self.origin})."

    @property
    def remedy(self) -> str:
        return "Write a version such as 3.13 or 3.13.5, or a range such as >=3.12,<3.14."


@dataclass(eq=False)
class PythonVersionError(UserError):
    """There is no version that is asked for and can be had; the subclasses say why."""

    text: str
    origin: str
    choices: Sequence[str]

    @property
    def found(self) -> str:
        return f"The project asks for Python '{self.text}' ({self.origin}){self._reason()}"

    def _reason(self) -> str:
        raise NotImplementedError

    @property
    def remedy(self) -> str:
        return f"Ask for one of these: {', '.join(self.choices)}."


class PythonVersionEndedError(PythonVersionError):
    """A version that is too old for the invoker."""

    title: ClassVar[str] = "The Python version is too old"

    def _reason(self) -> str:
        return f"; functions need Python {self.choices[0]} or newer."


class PythonVersionTooNewError(PythonVersionError):
    """A version that this release of the buildpack does not know yet."""

    title: ClassVar[str] = "The Python version is too new"

    def _reason(self) -> str:
        return f"; this release of the buildpack goes up to Python {self.choices[-1]}."

    @property
    def remedy(self) -> str:
        return f"{super().remedy} A newer buildpack may have the version that you want."


class PythonVersionUnknownError(PythonVersionError):
    """A version that does not exist, among those that could."""

    title: ClassVar[str] = "There is no such Python version"

    def _reason(self) -> str:
        return ", and there is none that fits it."

    @property
    def remedy(self) -> str:
        return f"{super().remedy} Without the last number, '3.13', it is the newest one of them."


@dataclass(eq=False)
class PythonDownloadError(UserError):
    """Python itself could not be fetched."""

    version: str
    mirror: str | None
    title: ClassVar[str] = "Python could not be downloaded"

    @property
    def found(self) -> str:
        source = f"from {self.mirror}" if self.mirror else "from its default source"
        return f"Python {self.version} could not be downloaded {source}; what uv said about it is above."

    @property
    def remedy(self) -> str:
        return (
            "Allow the build to reach the network, set UV_PYTHON_INSTALL_MIRROR to a mirror that it can reach,\n"
            "or ask for a version that the run image has."
        )


@dataclass(eq=False)
class PythonListError(UserError):
    """The list of Python's versions could not be read; only one that a setting names can fail."""

    output: str
    title: ClassVar[str] = "The list of Python versions cannot be read"

    @property
    def found(self) -> str:
        import textwrap  # noqa: PLC0415 - slow, and for errors only

        return f"uv says:\n\n{textwrap.indent(self.output.strip(), '  ')}"

    @property
    def remedy(self) -> str:
        return "Correct UV_PYTHON_DOWNLOADS_JSON_URL, or do without it."


@dataclass(eq=False)
class RunImagePythonError(UserError):
    """What is said of the run image's Python is not so."""

    text: str
    origin: str
    reason: str
    title: ClassVar[str] = "The run image's Python is described wrongly"

    @property
    def found(self) -> str:
        return f"The run image's Python is given as '{self.text}' ({self.origin}): {self.reason}."

    @property
    def remedy(self) -> str:
        return (
            "Write its version and its path, which must be there in the build image too: '3.13.5 /usr/bin/python3.13',\n"
            "or 'none' when the run image has no Python."
        )


# --- dependencies ---


@dataclass(eq=False)
class MissingRequirementsFileError(UserError):
    """A requirements file names another one that is not there."""

    file: str
    line: int
    missing: str
    title: ClassVar[str] = "A requirements file is not there"

    @property
    def found(self) -> str:
        return f"{self.file}, line {self.line}, names '{self.missing}', which is not in the app directory."

    @property
    def remedy(self) -> str:
        return f"Add the file, or take the line out of {self.file}. Paths are relative to the file that names them."


@dataclass(eq=False)
class RequirementsEncodingError(UserError):
    """A file of dependencies that is not UTF-8."""

    file: str
    encoding: str
    title: ClassVar[str] = "A file is not written in UTF-8"

    @property
    def found(self) -> str:
        return f"{self.file} is not UTF-8 text{f', it looks like {self.encoding}' if self.encoding else ''}."

    @property
    def remedy(self) -> str:
        command = "pip freeze" if self.file.endswith(".txt") else "..."
        return f"Save it as UTF-8. PowerShell does with: {command} | Out-File -Encoding utf8 {self.file}"


@dataclass(eq=False)
class DependencyFileError(UserError):
    """pyproject.toml or a lock is not TOML."""

    file: str
    reason: str
    title: ClassVar[str] = "A file of dependencies cannot be read"

    @property
    def found(self) -> str:
        return f"{self.file}: {self.reason}"

    @property
    def remedy(self) -> str:
        return "Correct the file; if a tool writes it, let the tool write it again."


@dataclass(eq=False)
class InstallError(UserError):
    """uv could not install the dependencies, for a reason that is not one of the known ones."""

    file: str
    title: ClassVar[str] = "The dependencies could not be installed"

    @property
    def found(self) -> str:
        return f"uv could not install what {self.file} asks for; what it said about it is above."

    @property
    def remedy(self) -> str:
        return f"Correct {self.file} or the settings that name the package index, and build again."


class InstallerSettingError(InstallError):
    """A variable of uv's, or one of pip's that became one, has a value that it cannot have."""

    title: ClassVar[str] = "A setting of the installer has a wrong value"

    @property
    def remedy(self) -> str:
        return "Correct the setting that uv names above; what is set for pip, such as PIP_TIMEOUT, has uv's name there."


class RequirementSyntaxError(InstallError):
    """A requirement cannot be understood."""

    title: ClassVar[str] = "A requirement is not written as one"

    @property
    def remedy(self) -> str:
        return f"Correct the line in {self.file}. A version is asked for with '==', or with '>=' and '<'."


class CertificateError(InstallError):
    """The package index, or a proxy before it, shows a certificate that nobody here trusts."""

    title: ClassVar[str] = "The package index's certificate is not trusted"

    @property
    def remedy(self) -> str:
        return (
            "Give the build the certificate of your proxy or index as a service binding: a directory with a file 'type' that\n"
            "says 'ca-certificates' and the certificate in PEM form beside it.\n"
            "\n"
            '  pack build ... --volume "$PWD/ca-certificates:/platform/bindings/ca-certificates:ro"'
        )


class IndexUnreachableError(InstallError):
    """The package index could not be reached."""

    title: ClassVar[str] = "The package index could not be reached"

    @property
    def remedy(self) -> str:
        return (
            "Build again if the network was away. Behind a proxy, set HTTPS_PROXY; with an index of your own, set\n"
            "PIP_INDEX_URL; without a network, put the wheels into the directory 'vendor':\n"
            "\n"
            "  pip download -r requirements.txt -d vendor"
        )


class IndexCredentialsError(InstallError):
    """The package index wants other credentials."""

    title: ClassVar[str] = "The package index refused the credentials"

    @property
    def remedy(self) -> str:
        return (
            "Check the user name and the password of the index; they are given with its URL in PIP_INDEX_URL or\n"
            "UV_INDEX, or by a service binding of type 'pypi' or 'netrc'."
        )


class HashMismatchError(InstallError):
    """A file is not the one that was locked."""

    title: ClassVar[str] = "A package is not the one that was locked"

    @property
    def remedy(self) -> str:
        return (
            f"A hash in {self.file} is not that of the package's file, or a package has none. Lock the dependencies again;\n"
            "if you do not know why a file changed, find out first."
        )


class NoSolutionError(InstallError):
    """No set of versions satisfies every requirement."""

    title: ClassVar[str] = "The dependencies do not fit together"

    @property
    def remedy(self) -> str:
        return f"Loosen or change one of the requirements that uv names above, in {self.file}."


class OtherPythonError(InstallError):
    """The dependencies are for other versions of Python than the one that was chosen."""

    title: ClassVar[str] = "The dependencies want another Python"

    @property
    def remedy(self) -> str:
        return (
            "Ask for a version of Python that they allow, in .python-version or with BP_PYTHON_VERSION, or allow versions of\n"
            f"the packages in {self.file} that are for the one above."
        )


class UnknownPackageError(InstallError):
    """The index has no package of a name."""

    title: ClassVar[str] = "The package index does not have a package"

    @property
    def remedy(self) -> str:
        return (
            f"Check the name in {self.file}. If the package is on an index of your own, name that in PIP_EXTRA_INDEX_URL or\n"
            "UV_INDEX."
        )


class NotVendoredError(InstallError):
    """The app brings its packages along, but not all of them."""

    title: ClassVar[str] = "A package is not in the directory 'vendor'"

    @property
    def remedy(self) -> str:
        return (
            "The directory 'vendor' has packages in it, so nothing else is asked. Add what is missing, for the Python version\n"
            "above, or remove the directory:\n"
            "\n"
            f"{self._export()}  pip download -r requirements.txt -d vendor"
        )

    def _export(self) -> str:
        return (
            "" if self.file == "requirements.txt" else "  uv export --no-emit-project --output-file requirements.txt\n"
        )


class BrokenPackageError(InstallError):
    """A file that should be a package is none."""

    title: ClassVar[str] = "A package's file is broken"

    @property
    def remedy(self) -> str:
        return (
            "Get the file again that uv names above, into the directory 'vendor' if there is one. One of a few bytes may be what\n"
            "Git LFS leaves in the place of a file: run 'git lfs pull' before the build."
        )


class RepositoryError(InstallError):
    """A requirement is in a Git repository that could not be fetched."""

    title: ClassVar[str] = "A Git repository could not be fetched"

    @property
    def remedy(self) -> str:
        return (
            f"Check the address and the revision in {self.file}. A private repository needs credentials, by a service binding of\n"
            "type 'netrc', and the build image needs git. Else put a wheel of the package into the directory 'vendor'."
        )


class PackageBuildError(InstallError):
    """A package without a wheel could not be built."""

    title: ClassVar[str] = "A package could not be built from its source"

    @property
    def remedy(self) -> str:
        return (
            "Prefer a version of the package that has a wheel for this Python, or give the build image the compiler and the\n"
            "headers that the package's own output above asks for."
        )


class LockOutdatedError(InstallError):
    """uv.lock does not belong to pyproject.toml any more."""

    title: ClassVar[str] = "uv.lock is not up to date"

    @property
    def remedy(self) -> str:
        return "Run 'uv lock', and commit uv.lock with pyproject.toml."


@dataclass(frozen=True, slots=True)
class Clash:
    """A package of the invoker that does not work with what the user's dependencies brought."""

    requirer: str
    requirement: str
    installed: str


@dataclass(eq=False)
class InvokerConflictError(UserError):
    """The user's packages come first, and the invoker cannot work with one of them."""

    file: str
    clashes: Sequence[Clash]
    title: ClassVar[str] = "The dependencies do not fit the invoker"

    @property
    def found(self) -> str:
        lines = [
            f"  {c.requirer} requires {c.requirement}, but {self.file} brought {c.installed}" for c in self.clashes
        ]
        return "\n".join(["The invoker, which serves the function, shares its packages with the function:", "", *lines])

    @property
    def remedy(self) -> str:
        requirers = sorted({clash.requirer.split()[0] for clash in self.clashes} - {"funcpack-invoker"})
        others = f" or add {' and '.join(requirers)} in a version that fits them," if requirers else ""
        return f"Allow other versions in {self.file},{others} and build again."


# --- service bindings ---


@dataclass(eq=False)
class BindingError(UserError):
    """A service binding without what its type needs. `path` is the binding's directory."""

    name: str
    type: str
    reason: str
    title: ClassVar[str] = "A service binding cannot be used"

    @property
    def found(self) -> str:
        return f"The binding '{self.name}' of type '{self.type}': {self.reason}."

    @property
    def remedy(self) -> str:
        return (
            "A binding is a directory with a file 'type' and a file for each of its values: ca-certificates needs files with\n"
            "certificates in PEM form, pypi needs uri (and username, password), netrc needs netrc."
        )


# --- the import check ---


@dataclass(eq=False)
class ImportCheckError(UserError):
    """Importing the function failed; its own output has been shown."""

    text: str
    signal: str | None = None
    title: ClassVar[str] = "The function cannot be loaded"

    @property
    def found(self) -> str:
        how = f"the signal {self.signal} ended Python" if self.signal else "that failed as shown above"
        return f"'{self.text}' was imported as it will be in the image, because BP_CHECK_IMPORT is set, and {how}."

    @property
    def remedy(self) -> str:
        if self.signal:
            return "A library with compiled parts is the most likely cause: look for a version of it that is for this Python."
        return "Correct what the traceback names. What is only there in the cluster can be mentioned later, inside the function."


# --- what is shared by the texts ---


BUG_REPORT = (
    "This is a fault of the buildpack, not of your function. Build again; if it stays, please report it with the log",
    "above at https://github.com/funcpack/funcpack/issues",
)


def _of_module(name: str) -> str:
    return f"'{name}' is a module: name the function in it, too"


def _list(words: str, names: Sequence[str], most: int = 10) -> str:
    if not names:
        return ""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{words} {', '.join(names[:most])}{more}."


def _nearest(name: str, choices: Sequence[str]) -> str | None:
    import difflib  # noqa: PLC0415 - slow, and for errors only

    matches = difflib.get_close_matches(name, choices, n=1)
    return matches[0] if matches else None
