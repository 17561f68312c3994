"""Remembers what values were read as.

The members of a union are tried in turn, and each reads the whole value. If the type is recursive, its members try the
same parts again, and so do their members: without this, the work doubles with each level of the data. So members share
parts: one that changes its parts in `__post_init__` and then rejects them changes those of the next member, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from funcpack_invoker.function.typed.errors import DataError

if TYPE_CHECKING:
    from funcpack_invoker.function.typed.errors import Problem

# (value, what was read before from the same data) -> the argument of the function
Check = Callable[[Any, "Attempts | None"], Any]

# An attempt of fewer steps is repeated instead: most values are small, and to remember each takes more memory than they
# do. Such an attempt is part of at most as many others that are not remembered.
_FEWEST_STEPS = 8


class Attempts:
    """The outcomes for one document. Its values are known by their ids, because the document outlives the attempts.

    Attributes:
        steps: the number of values that were read so far.
        values: what values were read as, by the ids of check and value.
        problems: why values could not be read.
        plain: the lists and dicts that were read as anything, by the ids of those in the document.

    """

    def __init__(self) -> None:
        self.steps = 0
        self.values: dict[tuple[int, int], Any] = {}
        self.problems: dict[tuple[int, int], Problem] = {}
        self.plain: dict[int, Any] = {}


class Remembered:
    """A check whose outcomes are remembered, if there are attempts. It also stands for a check that is not chosen yet.

    Attributes:
        check: None until it is chosen: the type is recursive.

    """

    def __init__(self, check: Check | None = None) -> None:
        self.check = check

    def __call__(self, value: Any, attempts: Attempts | None) -> Any:
        """Return the value of the type, or raise DataError."""
        assert self.check is not None  # noqa: S101 - chosen before any data is read
        if attempts is None or not isinstance(value, dict | list):
            return self.check(value, attempts)
        key = (id(self), id(value))
        if key in attempts.values:
            return attempts.values[key]
        if key in attempts.problems:
            raise DataError(attempts.problems[key])
        attempts.steps += 1
        before = attempts.steps
        try:
            found = self.check(value, attempts)
        except DataError as exc:
            if attempts.steps - before >= _FEWEST_STEPS:
                attempts.problems[key] = exc.problem
            raise
        if attempts.steps - before >= _FEWEST_STEPS:
            attempts.values[key] = found
        return found


def unwrapped(check: Check | None) -> Check | None:
    """Return the check whose outcomes are remembered, or the check itself; None if it is not chosen yet."""
    while isinstance(check, Remembered):
        check = check.check
    return check
