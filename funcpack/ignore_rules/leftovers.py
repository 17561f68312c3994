"""What editors and environments leave in a project, which is no part of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# Swap files, backups and probes of Vim, Emacs, nano, JetBrains IDEs, GNOME and KDE.
_EDITORS_FILES = re.compile(
    r".*~|\.#.*|#.*#|\..*\.sw[a-z]|4913|.*___jb_(tmp|old)___|\.goutputstream-.*|.*\.kate-swp|\.DS_Store|\.nfs.*"
)


def is_of_editor(name: str) -> bool:
    """Check whether an editor or a desktop writes files of this name next to those of the project."""
    return _EDITORS_FILES.fullmatch(name) is not None


def is_environment(directory: Path) -> bool:
    """Check whether a directory is a virtual environment."""
    return (directory / "pyvenv.cfg").exists()
