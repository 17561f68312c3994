"""Every text of the invoker that a user may read when something is wrong with the function or the settings."""

from __future__ import annotations


class SettingsError(Exception):
    """A variable with a value that is not accepted: `variable`, what was `found` in it, what is `accepted`."""

    def __init__(self, variable: str, found: str, accepted: str) -> None:
        super().__init__(variable, found, accepted)
        self.variable = variable
        self.found = found
        self.accepted = accepted

    def __str__(self) -> str:
        return f"{self.variable} is {self.found!r}, but it must be {self.accepted}"
