"""A vulnerability of a dependency, as the auditors report it, and its text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fix:
    """A release without the vulnerability, and the day of the release. It is None if no index has it."""

    version: str
    since: str | None

    def __str__(self) -> str:
        return f"{self.version} ({f'released on {self.since}' if self.since else 'date of the release unknown'})"


@dataclass(frozen=True, slots=True)
class Finding:
    """A dependency with a vulnerability: the lock file or Go module that pins it, and the releases that fix it."""

    place: str
    package: str
    version: str
    advisory: str
    fixes: tuple[Fix, ...]

    def __str__(self) -> str:
        fixed = f"fixed in {' and '.join(map(str, self.fixes))}" if self.fixes else "no release fixes it"
        return f"{self.place}: {self.package} {self.version}: {self.advisory}, {fixed}"
