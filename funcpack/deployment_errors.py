"""All error texts of deployments: a title, the finding and the remedy, as in `errors`.

`cli.error_boundary` prints them and chooses the exit code.
"""

# ruff: noqa: D102 - UserError documents `found` and `remedy` once for all subclasses

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from funcpack.command_errors import EXIT_USAGE, CommandError
from funcpack.plain_text import escaped

if TYPE_CHECKING:
    from collections.abc import Sequence

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


# --- schemas ---

_TYPES = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_FORMATS = {
    "int32": "an integer of 32 bits",
    "int64": "an integer of 64 bits",
    "uint32": "a positive integer of 32 bits",
    "uint64": "a positive integer of 64 bits",
    "google-duration": "a duration in seconds such as '3.5s'",
}
_LONGEST_VALUE = 80


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with a field of the configuration. `path` is for example `cloudrun_revision.containers[0].image`."""

    path: str

    @property
    def text(self) -> str:
        """Return what is wrong, and what would be right, in a line."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class UnknownField(FieldProblem):
    """The resource has no such field. `similar` is its field with the most similar name."""

    similar: str | None

    @property
    def text(self) -> str:
        hint = f" Did you mean '{self.similar}'?" if self.similar else ""
        return f"{self.path} is not a known field.{hint}"


@dataclass(frozen=True, slots=True)
class MovedField(FieldProblem):
    """The field is in another place in this version of the resource."""

    place: str

    @property
    def text(self) -> str:
        return f"{self.path} is not a known field. Use {self.place}."


@dataclass(frozen=True, slots=True)
class MissingField(FieldProblem):
    """The resource requires the field."""

    @property
    def text(self) -> str:
        return f"{self.path} is required."


@dataclass(frozen=True, slots=True)
class WrongType(FieldProblem):
    """The value has another type. `types` are the JSON types that are right. The value may be a secret."""

    types: tuple[str, ...]
    value: object

    @property
    def text(self) -> str:
        expected = " or ".join(_TYPES[kind] for kind in self.types if kind != "null")
        return f"{self.path} must be {expected}, not {_kind(self.value)}."


@dataclass(frozen=True, slots=True)
class UnknownValue(FieldProblem):
    """The value is not one of those that the field takes."""

    choices: tuple[object, ...]
    value: object

    @property
    def text(self) -> str:
        return f"{self.path} is {_short(self.value)}. It must be one of: {', '.join(map(str, self.choices))}."


@dataclass(frozen=True, slots=True)
class WrongFormat(FieldProblem):
    """The text or number is not of the format that the field takes."""

    format: str
    value: object

    @property
    def text(self) -> str:
        return f"{self.path} is {_short(self.value)}. It must be {_FORMATS[self.format]}."


@dataclass(frozen=True, slots=True)
class OutputOnlyField(FieldProblem):
    """The platform alone sets the field."""

    @property
    def text(self) -> str:
        return f"{self.path} is set by the platform and cannot be configured."


@dataclass(frozen=True, slots=True)
class ForbiddenField(FieldProblem):
    """Funcpack sets the field. `reason` is a sentence that says what to use instead."""

    reason: str

    @property
    def text(self) -> str:
        return f"{self.path} is set by Funcpack. {self.reason}"


@dataclass(frozen=True, slots=True)
class InvalidField(FieldProblem):
    """The value breaks another rule of the resource's schema. `message` is that of the schema library."""

    message: str

    @property
    def text(self) -> str:
        return f"{self.path} is not valid: {self.message}."


def _kind(value: object) -> str:
    kinds: dict[type, str] = {
        dict: "object",
        list: "array",
        str: "string",
        bool: "boolean",
        int: "number",
        float: "number",
    }
    return _TYPES[kinds.get(type(value), "null")]


def _short(value: object) -> str:
    text = str(value)
    if len(text) > _LONGEST_VALUE:
        text = f"{text[:_LONGEST_VALUE]}..."
    return f"'{text}'" if isinstance(value, str) else text


@dataclass(eq=False)
class ConfigurationFieldError(CommandError):
    """Fields of a section do not fit the resource that the section becomes a part of. Without a file, `--set` gave them."""

    file: str | None
    problems: Sequence[FieldProblem]
    title: ClassVar[str] = "Invalid configuration"
    exit_code: ClassVar[int] = EXIT_USAGE

    @property
    def found(self) -> str:
        origin = self.file or "--set"
        return "\n".join(f"{origin}: {escaped(problem.text)}" for problem in self.problems)

    @property
    def remedy(self) -> str:
        fields = "this field" if len(self.problems) == 1 else "these fields"
        return f"Correct or remove {fields}. Nothing was built or sent."


# --- requests: answers, deadlines, retries ---


# --- Google: projects, credentials, permissions ---


# --- Cloud Run ---


# --- Cloud Functions ---


# --- Kubernetes: manifests ---


# --- Kubernetes: clusters, rollouts ---
