from __future__ import annotations

from pathlib import Path

import pytest

from funcpack.errors import UnreadableFileError
from funcpack.project import digest


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package of one module, next to a directory that it can link to."""
    for file in ("package/module.py", "shared/module.py"):
        (tmp_path / file).parent.mkdir()
        (tmp_path / file).write_text("x = 1\n")
    return tmp_path / "package"


def test_links_that_lead_in_circles_end(package: Path) -> None:
    plain = digest.files_digest([package], package)
    (package / "to_itself").symlink_to("to_itself")
    for name in ("one", "two", "three"):
        (package / name).symlink_to(package)
    assert digest.files_digest([package], package) == plain


def test_a_change_behind_a_link_is_seen(package: Path) -> None:
    (package / "shared").symlink_to("../shared")
    before = digest.files_digest([package], package.parent)
    (package / "shared" / "module.py").write_text("x = 2\n")
    assert digest.files_digest([package], package.parent) != before


def test_a_link_out_of_the_app_is_not_followed_but_its_target_counts(package: Path) -> None:
    (package / "shared").symlink_to("../shared")
    before = digest.files_digest([package], package)
    (package.parent / "shared" / "module.py").write_text("x = 2\n")
    assert digest.files_digest([package], package) == before
    (package / "shared").unlink()
    (package / "shared").symlink_to("../other")
    assert digest.files_digest([package], package) != before


@pytest.mark.parametrize(
    ("file", "is_seen"),
    [(".defaults.toml", True), (".git/HEAD", False), ("__pycache__/module.pyc", False), ("env/lib/six.py", False)],
)
def test_files_of_tools_are_not_part_of_a_package(package: Path, file: str, is_seen: bool) -> None:
    (package / "env").mkdir()
    (package / "env" / "pyvenv.cfg").touch()
    before = digest.files_digest([package], package)
    (package / file).parent.mkdir(parents=True, exist_ok=True)
    (package / file).touch()
    assert (digest.files_digest([package], package) != before) is is_seen


def test_a_file_that_cannot_be_read_is_named() -> None:
    # Even root gets an error, because nothing is mapped at the start of a process's memory.
    with pytest.raises(UnreadableFileError, match=r"proc/self/mem: Input/output error"):
        digest.files_digest([Path("/proc/self/mem")], Path("/"))
