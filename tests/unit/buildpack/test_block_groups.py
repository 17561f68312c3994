from __future__ import annotations

import subprocess
from pathlib import Path

from funcpack.buildpack.install import block_groups


def attributes(directory: Path) -> str:
    """Return the attributes that lsattr shows; none on file systems without attributes."""
    return subprocess.run(["lsattr", "-d", directory], capture_output=True, text=True, check=False).stdout.partition(
        " "
    )[0]


def test_it_does_what_chattr_does(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for directory in (ours, theirs):
        directory.mkdir()
    subprocess.run(["chattr", "+T", theirs], check=False, capture_output=True)
    block_groups.spread_subdirectories(ours)
    assert attributes(ours) == attributes(theirs)


def test_file_systems_that_know_no_groups_are_left_alone() -> None:
    block_groups.spread_subdirectories(Path("/proc"))
    assert "T" not in attributes(Path("/proc"))
