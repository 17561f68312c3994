"""Finds the name that somebody may have meant. The comparison takes long for long names, so only those of a usual length count."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST = 60
_MOST_CHOICES = 500


def nearest(name: str, choices: Iterable[str]) -> str | None:
    """Return the choice that is most similar to a name, or None if no choice is similar."""
    if len(name) > _LONGEST:
        return None
    import difflib  # noqa: PLC0415 - slow, needed only for mistakes
    from itertools import islice  # noqa: PLC0415 - see above

    usual = islice((choice for choice in choices if len(choice) <= _LONGEST), _MOST_CHOICES)
    return next(iter(difflib.get_close_matches(name, list(usual), n=1)), None)
