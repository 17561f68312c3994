"""All error texts of deployments: a title, the finding and the remedy, as in `errors`.

`cli.error_boundary` prints them and chooses the exit code.
"""

# ruff: noqa: D102 - UserError documents `found` and `remedy` once for all subclasses

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from funcpack.command_errors import EXIT_USAGE, CommandError

# --- settings ---


@dataclass(eq=False)
class UnknownBackendError(CommandError):
    """There is no backend of this name. `origin` is where it was set."""

    name: str
    origin: str
    backends: tuple[str, ...]
    title: ClassVar[str] = "Unknown backend"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        return f"{self.origin} names the backend '{self.name}'."

    @property
    def remedy(self) -> str:
        return f"Use one of these backends: {', '.join(self.backends)}."


# --- packing ---


@dataclass(eq=False)
class IgnoredFunctionError(CommandError):
    """A file of the function would not be in the archive, because of an ignore file or because of its name."""

    file: str
    title: ClassVar[str] = "The function is not in the archive"

    @property
    def found(self) -> str:
        return f"{self.file} is not uploaded, because an ignore file names it or because files of this name are never uploaded."

    @property
    def remedy(self) -> str:
        return f"Remove {self.file} from .gcloudignore, .funcignore or .gitignore, or rename it."


@dataclass(eq=False)
class GeneratedFileError(CommandError):
    """The app has a file with the name of one that is added to the archive."""

    file: str
    title: ClassVar[str] = "File name reserved for a generated file"

    @property
    def found(self) -> str:
        return f"The app contains {self.file}, but Funcpack adds a file of this name to the archive that it uploads."

    @property
    def remedy(self) -> str:
        return f"Rename {self.file}, or delete it if it is the result of an earlier deployment."


@dataclass(eq=False)
class ArchiveNameError(CommandError):
    """A file has a name that a zip cannot contain. `shown` has escapes for what is not UTF-8."""

    shown: str
    title: ClassVar[str] = "File name is not UTF-8"

    @property
    def found(self) -> str:
        return f"The name of the file {self.shown} is not valid UTF-8, so the archive cannot contain it."

    @property
    def remedy(self) -> str:
        return "Rename the file, or add it to .gcloudignore."


@dataclass(eq=False)
class UnknownDependenciesError(CommandError):
    """A build backend decides on the dependencies, so that no list of them can be uploaded."""

    title: ClassVar[str] = "The dependencies are not known"

    @property
    def found(self) -> str:
        return (
            "pyproject.toml leaves the dependencies to its build backend, but this build installs from a list of them."
        )

    @property
    def remedy(self) -> str:
        return "Write them to a lock file, which is used instead, for example: uv lock"


@dataclass(eq=False)
class LockExportError(CommandError):
    """uv cannot read a lock. `output` is the end of its output."""

    output: str
    title: ClassVar[str] = "Invalid uv.lock"

    @property
    def found(self) -> str:
        return f"uv could not export the packages in uv.lock:\n\n{self.output}"

    @property
    def remedy(self) -> str:
        return "Create the file again: uv lock"


@dataclass(eq=False)
class ProcfileError(CommandError):
    """The Procfile does not name what to start."""

    title: ClassVar[str] = "Procfile without a web process"

    @property
    def found(self) -> str:
        return "The Procfile has no line that begins with `web:`, which is the command that Cloud Run starts."

    @property
    def remedy(self) -> str:
        return "Add such a line, for example:\n\n  web: python -m funcpack_invoker\n\nOr delete the Procfile to use the default image."


# --- schemas ---


# --- requests: answers, deadlines, retries ---


# --- Google: projects, credentials, permissions ---


# --- Cloud Run ---


# --- Cloud Functions ---


# --- Kubernetes: manifests ---


# --- Kubernetes: clusters, rollouts ---
