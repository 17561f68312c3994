"""The options of a deployment, as the command line and `Deployment` take them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """The options by the names of the flags. None and empty values mean that the flag is not given; `timeout` is in seconds."""

    backend: str | None = None
    image: str | None = None
    name: str | None = None
    config: Path | None = None
    stage: str | None = None
    set: tuple[str, ...] = ()
    no_wait: bool = False
    timeout: float | None = None
    smoke: Path | None = None
    project: str | None = None
    location: str | None = None
    namespace: str | None = None
    context: str | None = None
