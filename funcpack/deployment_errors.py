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


# --- schemas ---


# --- requests: answers, deadlines, retries ---


# --- Google: projects, credentials, permissions ---


# --- Cloud Run ---


# --- Cloud Functions ---


# --- Kubernetes: manifests ---


# --- Kubernetes: clusters, rollouts ---
