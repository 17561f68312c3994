"""All error texts of the command line tool: a title, the finding and the remedy, as in `errors`.

A command raises these errors. `cli.error_boundary` prints them and chooses the exit code.
"""

# ruff: noqa: D102 - UserError documents `found` and `remedy` once for all subclasses

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from funcpack.errors import UserError

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
        return "Change the variable where you set it: with --env, in a file of variables, in func.yaml, or in the shell."


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
