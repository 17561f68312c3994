"""Names of images (https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REGISTRY = r"(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d+)?"
_NAME = re.compile(rf"(?:(?P<registry>{_REGISTRY})/)?{_PART}(?:/{_PART})*(?::[\w][\w.-]{{0,127}})?", re.ASCII)
_LONGEST = 255


def is_valid(name: str) -> bool:
    """Check whether an image can have this name, which may include a registry and a tag."""
    return len(name) <= _LONGEST and _NAME.fullmatch(name) is not None


def name_for(directory: Path) -> str:
    """Return the name of a directory in the form of an image's name."""
    words = re.findall(r"[a-z0-9]+", directory.resolve().name.lower())
    return "-".join(words)[:_LONGEST].rstrip("-") or "function"


def registry(name: str) -> str | None:
    """Return the registry in a name, with its port, or None if the name is that of an image on Docker Hub."""
    first, slash, _ = name.partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else None


def parts(name: str) -> tuple[str | None, str, str]:
    """Return the registry in a name, or None for Docker Hub, the repository, and the tag or digest."""
    host = registry(name)
    rest = name.removeprefix(f"{host}/") if host else name
    repository, at, digest = rest.partition("@")
    repository, colon, tag = repository.partition(":")
    is_official = host is None and "/" not in repository
    return host, f"library/{repository}" if is_official else repository, digest if at else tag if colon else "latest"


def registry_host(name: str) -> str:
    """Return the host of the registry in a name, without its port, or an empty text."""
    found = registry(name) or ""
    return found.rpartition("]")[0].lstrip("[") if found.startswith("[") else found.partition(":")[0]
