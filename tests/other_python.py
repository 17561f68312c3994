"""Another supported Python of this machine than the one that runs the tests."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from funcpack.check.other_python import search_path
from funcpack.project.supported_pythons import SUPPORTED


def command() -> str:
    """Return the path of the command, such as `python3.12`, or skip the test. Commands of pyenv's shims may not work."""
    path = [part for part in search_path(os.environ).split(os.pathsep) if "shims" not in part]
    names = [f"python{major}.{minor}" for major, minor in SUPPORTED if (major, minor) != sys.version_info[:2]]
    found = next(filter(None, (shutil.which(name, path=os.pathsep.join(path)) for name in names)), None)
    if found is None:
        pytest.skip("this machine has one version of Python")
    return found
