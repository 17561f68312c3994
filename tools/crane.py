"""Pushes images, indexes and tags with crane, which sends nothing that the registry has.

Registries report that they do not have a repository or an image in different ways, Docker Hub as a missing login. So a question that
fails has the answer that there is none. If the registry does not respond, pushing fails, too.

https://github.com/google/go-containerregistry/blob/main/cmd/crane/README.md
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tools.errors import ToolError
from tools.places import CRANE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tools.progress import Progress

_ARCHITECTURE = re.compile(r'"architecture": ?"(\w+)"')
_FULL_NAME = re.compile(r"(?m)^\S+@sha256:[0-9a-f]{64}$")


def push(progress: Progress, archive: Path, reference: str) -> None:
    """Push the image in `archive`, as `docker save` writes it, as `reference`. Raises ToolError if the registry refuses it."""
    _run(progress, "push", str(archive), reference)


def push_index(progress: Progress, references: Sequence[str], target: str) -> None:
    """Push an index of the images `references`, one for each architecture, as `target`. Raises ToolError as `push`."""
    manifests = [part for reference in references for part in ("--manifest", reference)]
    _run(progress, "index", "append", "--docker-empty-base", *manifests, "--tag", target)


def full_name(progress: Progress, reference: str) -> str:
    """Return the name of `reference` with its digest instead of its tag. Raises ToolError if the registry does not have it."""
    # The output can contain warnings of the registry, too.
    (name,) = _FULL_NAME.findall(_run(progress, "digest", "--full-ref", reference))
    return str(name)


def tags_of(progress: Progress, repository: str) -> list[str]:
    """Return the tags of `repository`, or none if the registry does not have it."""
    try:
        return _run(progress, "ls", repository).split()
    except ToolError:
        return []


def architectures_of(progress: Progress, reference: str) -> set[str]:
    """Return the architectures of the images in the index `reference`, or none if the registry does not have it."""
    try:
        return set(_ARCHITECTURE.findall(_run(progress, "manifest", reference)))
    except ToolError:
        return set()


def _run(progress: Progress, *arguments: str) -> str:
    return progress.run([str(CRANE), *arguments])
