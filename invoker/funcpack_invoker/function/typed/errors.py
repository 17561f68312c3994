"""What can be wrong with data that does not match its type.

Most attempts to read a value fail inside a union, and nobody sees why: the text is written only when it is asked for.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from funcpack_invoker.errors import named, one_line, shown

# The first step from a value to a part of it, and the steps after that; a step is a key or an index.
Path = tuple[str | int, Any] | None


class Problem(NamedTuple):
    """What is wrong with a value.

    Attributes:
        reason: what is wrong with the part of the value that `path` leads to.
        path: None for the value itself.

    """

    reason: str
    path: Path = None


class DataError(Exception):
    """The data does not match its type; the text is one line of limited length that names the field.

    Attributes:
        problem: of the value that is being read; containers prepend the steps to their members.
        name: of the data.
        expected: a description of the type.

    """

    expected = "another value"

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem
        self.name = ""

    def prepend(self, step: str | int) -> None:
        """Add the step from a container to the member that has the problem."""
        reason, path = self.problem
        self.problem = Problem(reason, (step, path))

    def __str__(self) -> str:
        return one_line(f"{self.name}{_path_text(self.problem.path)}: {self.problem.reason}")


class MismatchError(DataError):
    """A value has another type, or another form."""

    def __init__(self, expected: str, found: Any) -> None:
        super().__init__(Problem(f"expected {expected}, found {_found(found)}"))
        self.expected = expected


class LengthError(DataError):
    """A list has another length than a tuple requires."""

    def __init__(self, expected: int, found: int) -> None:
        super().__init__(Problem(f"expected a list of {expected}, found a list of {found}"))


class InvalidRecordError(DataError):
    """The class of a record rejected the values of its fields: `cause` is its ValueError."""

    def __init__(self, wanted: type, cause: ValueError) -> None:
        super().__init__(Problem(f"expected a valid {wanted.__name__} ({one_line(str(cause))})"))


class MissingFieldError(DataError):
    """A required field is missing."""

    def __init__(self) -> None:
        super().__init__(Problem("missing"))


class InvalidKeyError(DataError):
    """A key of an object does not match the type of the keys."""

    def __init__(self, expected: str) -> None:
        super().__init__(Problem(f"expected {expected} as the key"))


class CollisionError(DataError):
    """Too many values for one set or dict have the same hash."""

    def __init__(self, most: int) -> None:
        super().__init__(Problem(f"more than {most} different values have the same hash"))


class TooManyMembersError(DataError):
    """Too many values for one set or dict have a hash that clients can foresee."""

    def __init__(self, most: int, found: int) -> None:
        super().__init__(Problem(f"expected at most {most:,} values or keys other than text, found {found:,}"))


class TooDeepError(DataError):
    """The data of a recursive type exceeds Python's recursion limit."""

    def __init__(self) -> None:
        super().__init__(Problem("nested too deeply"))


class AmbiguousDataError(DataError):
    """Pydantic would have to read the data many times, because a recursive union has no discriminator."""

    def __init__(self) -> None:
        super().__init__(Problem("nested too deeply for a union without a discriminator"))


class ModelDataError(DataError):
    """Pydantic rejected the data: `cause` is its ValidationError."""

    def __init__(self, cause: Any) -> None:
        first = cause.errors(include_url=False, include_context=False, include_input=False)[0]
        path: Path = None
        for step in reversed(first["loc"]):
            path = (step, path)
        super().__init__(Problem(one_line(first["msg"]), path))


_LONGEST_PATH = 120


def _path_text(path: Path) -> str:
    """Return a path with its first steps and its last one: clients choose the keys and the depth."""
    parts = []
    while path is not None:
        step, path = path
        parts.append(f"[{step}]" if isinstance(step, int) else f".{named(step)}")
    if sum(map(len, parts)) <= _LONGEST_PATH:
        return "".join(parts)
    text, last = "", parts[-1]
    for part in parts:
        if len(text) + len(part) + len(last) > _LONGEST_PATH:
            break
        text += part
    return f"{text}...{last.removeprefix('.')}"


def _found(value: Any) -> str:
    """Return a value in the terms of JSON: a number or text itself, but shortened; anything else by its type."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | str):
        return shown(value)
    return NAMES.get(type(value)) or type(value).__name__


# `bool` is a subclass of `int`, so that it comes first.
NAMES: dict[Any, str] = {
    type(None): "null",
    bool: "a boolean",
    bytes: "bytes that are not JSON",
    dict: "an object",
    float: "a number",
    int: "an integer",
    list: "a list",
    str: "text",
}
