"""The backend `cloudfunctionv2`: Cloud Functions of the second generation, each of which is a service of Cloud Run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack.deploy.google.function_backend import FunctionBackend
from funcpack.deploy.google.generations import V2

if TYPE_CHECKING:
    from funcpack.deploy.plan.backend import Backend
    from funcpack.deploy.plan.note import Note
    from funcpack.deploy.settings.target import Target


def create(target: Target, note: Note) -> Backend:
    """Return the backend for a target.

    Raises:
        FunctionImageError: An image is given.

    """
    return FunctionBackend(target, note, V2, _roll_back)
