"""Which changes in a project do not matter, with the rules of gitignore(5)."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from funcpack.dev_server.ignored_files import IgnoredFiles

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    ".gitignore": "*.log\n!kept.log\n/build\nsub/*.tmp\ndata/\n\\#file\n",
    "sub/.gitignore": "!again.tmp\nown\n",
    "sub/deep/.gitignore": "*\n!.gitignore\n",
}

PATHS = {
    "handler.py": False,
    "a.log": True,
    "kept.log": False,
    "sub/a.log": True,
    "build/x.py": True,
    "sub/build/x.py": False,
    "sub/x.tmp": True,
    "sub/again.tmp": False,
    "sub/deeper/x.tmp": False,
    "data/x": True,
    "data/kept.log": True,
    "own": False,
    "sub/own": True,
    "sub/deep/x": True,
    "sub/deep/.gitignore": False,
    "#file": True,
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in [*FILES, *PATHS]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(FILES.get(name, ""))
    return tmp_path


@pytest.mark.parametrize("path", PATHS)
def test_ignores_what_git_ignores(project: Path, path: str) -> None:
    assert IgnoredFiles(project, ()).ignores(project / path) is PATHS[path]


def test_files_below_a_directory_are_those_that_are_not_ignored(project: Path) -> None:
    others = {path.relative_to(project).as_posix() for path in IgnoredFiles(project, ()).others_below(project)}
    assert others == {*FILES, *(path for path, is_ignored in PATHS.items() if not is_ignored)}


def test_table_is_what_git_says(project: Path) -> None:
    subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
    done = subprocess.run(["git", "check-ignore", *PATHS], cwd=project, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [path for path, is_ignored in PATHS.items() if is_ignored]


def test_rules_above_the_directory_count_in_a_repository(project: Path) -> None:
    (project / ".git").mkdir()
    assert IgnoredFiles(project / "sub", ()).ignores(project / "sub" / "a.log")


def test_rules_above_do_not_count_if_they_ignore_the_whole_directory(project: Path) -> None:
    (project / ".git").mkdir()
    (project / ".gitignore").write_text("sub/\n*.log\n")
    ignored = IgnoredFiles(project / "sub", ())
    assert not ignored.ignores(project / "sub" / "a.log")
    assert ignored.ignores(project / "sub" / "own")


def test_kept_files_are_never_ignored(project: Path) -> None:
    assert not IgnoredFiles(project, {project / "a.log"}).ignores(project / "a.log")


def test_changed_rules_count_after_they_are_forgotten(project: Path) -> None:
    ignored = IgnoredFiles(project, ())
    assert not ignored.ignores(project / "handler.py")
    (project / ".gitignore").write_text("handler.py")
    ignored.forget()
    assert ignored.ignores(project / "handler.py")


@pytest.mark.parametrize(
    "path", [".venv/x.py", ".cache/funcpack/environments/1/x.py", "a/__pycache__/x.pyc", "handler.py~"]
)
def test_caches_environments_and_backups_do_not_matter(project: Path, path: str) -> None:
    assert IgnoredFiles(project, ()).ignores(project / path)
