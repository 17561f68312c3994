"""Installs from a lock file with packages from other places than it names: from a mirror or from the directory `vendor`.

`uv sync` considers a uv.lock out of date if the index differs, and uv installs a pylock.toml from the URLs in it alone. The
versions and the hashes of a lock are valid for any index, so they are exported to requirements.
"""

from __future__ import annotations

import dataclasses
import re
import tempfile
from contextlib import contextmanager
from typing import TYPE_CHECKING

from funcpack.buildpack.install import pylock
from funcpack.buildpack.install.uv import UvError
from funcpack.project.dependency_files import Format

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from funcpack.buildpack.install.uv import Uv
    from funcpack.project.dependency_files import Dependencies

_INDEX_VARIABLES = ("UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS")


def requirements_for_other_places(
    dependencies: Dependencies, uv: Uv, python: Path, source_options: Sequence[str]
) -> str | None:
    """Return the requirements in a lock with their hashes if its packages are to come from other places than it names.

    Return None if there is no lock, or if uv can install from the lock itself: the places are the same, or a uv.lock is out of date, which uv reports.
    """
    is_without_index = "--no-index" in source_options
    if dependencies.format not in {Format.UV_LOCK, Format.PYLOCK}:
        return None
    if not is_without_index and not any(uv.env.get(name) for name in _INDEX_VARIABLES):
        return None
    if dependencies.format is Format.PYLOCK:
        has_project = dependencies.package is None
        return pylock.to_requirements(uv.cwd, is_without_index=is_without_index, has_project=has_project)
    # Both checks take the indexes in [tool.uv] into account.
    plain = dataclasses.replace(uv, env={name: uv.env[name] for name in uv.env if name not in _INDEX_VARIABLES})
    # Without an index, the URLs in the lock must not be used even if the lock is current.
    if (not is_without_index and _is_current(uv, python)) or not _is_current(plain, python):
        return None
    options = ["--frozen", "--offline", "--no-default-groups", "--no-emit-project", "--no-editable"]
    exported = plain.capture(["export", *options, "--no-header", "--no-annotate", "--quiet", "--python", str(python)])
    return re.sub(r"^(?=\.\.?/)", f"{uv.cwd}/", exported, flags=re.MULTILINE)


@contextmanager
def temporary_file(requirements: str) -> Iterator[str]:
    """Write requirements to a file for the block, and yield its path."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".txt") as file:
        file.write(requirements)
        file.flush()
        yield file.name


def _is_current(uv: Uv, python: Path) -> bool:
    """Check whether the lock matches pyproject.toml and the indexes, without a network, which only a new lock requires."""
    try:
        uv.capture(["lock", "--check", "--offline", "--python", str(python)])
    except UvError:
        return False
    return True
