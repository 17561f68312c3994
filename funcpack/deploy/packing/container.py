"""How Cloud Build makes the image of an app: by its Dockerfile, by its Procfile, or by a default Dockerfile."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from funcpack.check.local import Inspection


@dataclass(frozen=True, slots=True)
class ContainerSource:
    """The kind of build, the files to add to the archive by their names, and lines for the user about the decision."""

    kind: Literal["dockerfile", "procfile", "default"]
    extra: Mapping[str, bytes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def source(directory: Path, inspection: Inspection) -> ContainerSource:
    """Return how to build the image of the app in `directory`.

    Raises:
        ProcfileError: The Procfile has no process `web`.

    """
    raise NotImplementedError
