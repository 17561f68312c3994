"""Pushes images, indexes and tags with crane, which sends nothing that the registry has.

https://github.com/google/go-containerregistry/blob/main/cmd/crane/README.md
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tools.places import CRANE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tools.progress import Progress


def push(progress: Progress, archive: Path, reference: str) -> None:
    """Push the image in `archive`, as `docker save` writes it, as `reference`. Raises ToolError if the registry refuses it."""
    _run(progress, "push", str(archive), reference)


def push_index(progress: Progress, references: Sequence[str], target: str) -> None:
    """Push an index of the images `references`, one for each architecture, as `target`. Raises ToolError as `push`."""
    manifests = [part for reference in references for part in ("--manifest", reference)]
    _run(progress, "index", "append", "--docker-empty-base", *manifests, "--tag", target)


def full_name(progress: Progress, reference: str) -> str:
    """Return the name of `reference` with its digest instead of its tag. Raises ToolError if the registry does not have it."""
    return _run(progress, "digest", "--full-ref", reference).strip()


def _run(progress: Progress, *arguments: str) -> str:
    return progress.run([str(CRANE), *arguments])
