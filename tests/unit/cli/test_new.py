from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parents[3] / "templates" / "python"
NAMES = sorted(path.name for path in TEMPLATES.iterdir())
COMMAND = [sys.executable, "-m", "funcpack", "new"]


def new(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def contents(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}


@pytest.mark.parametrize("template", NAMES)
def test_a_project_has_the_files_of_its_template(tmp_path: Path, template: str) -> None:
    done = new(tmp_path, "--template", template, "hello")

    assert (done.returncode, done.stderr) == (
        0,
        "\nCreated 6 files. Next, serve the function:\n\n  cd hello && funcpack run\n",
    )
    assert contents(tmp_path / "hello") == contents(TEMPLATES / template)
    assert done.stdout.split() == [f"hello/{name}" for name in sorted(contents(TEMPLATES / template))]


def test_the_list_names_every_template(tmp_path: Path) -> None:
    done = new(tmp_path, "--list")

    assert sorted(line.split()[0] for line in done.stdout.splitlines()) == NAMES
    assert list(tmp_path.iterdir()) == []


def test_without_a_terminal_the_template_is_http(tmp_path: Path) -> None:
    done = new(tmp_path)

    assert contents(tmp_path) == contents(TEMPLATES / "http")
    assert done.stderr.endswith("\n  funcpack run\n")


def test_on_a_terminal_the_template_is_asked_for(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(COMMAND, cwd=tmp_path, stdin=theirs, stderr=theirs, stdout=subprocess.DEVNULL) as process:
        os.close(theirs)
        os.write(ours, b"typed\n")
        assert process.wait(timeout=60) == 0
    os.close(ours)

    assert contents(tmp_path) == contents(TEMPLATES / "typed")


def test_other_files_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "notes.txt").write_text("mine")

    assert new(tmp_path).returncode == 0
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("kind", ["file", "directory", "link", "dangling link"])
def test_nothing_is_created_if_a_name_is_taken(tmp_path: Path, kind: str) -> None:
    taken = tmp_path / "README.md"
    match kind:
        case "file":
            taken.write_text("mine")
        case "directory":
            taken.mkdir()
        case "link":
            (tmp_path / "mine").write_text("mine")
            taken.symlink_to("mine")
        case "dangling link":
            taken.symlink_to("nowhere")
    before = sorted(tmp_path.iterdir())

    done = new(tmp_path)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.splitlines()[:2] == [
        "error: Existing files",
        "The current directory contains this file, which the template also has: README.md. Nothing was created.",
    ]
    assert sorted(tmp_path.iterdir()) == before


def test_a_file_cannot_become_a_directory(tmp_path: Path) -> None:
    (tmp_path / "hello").write_text("mine")

    done = new(tmp_path, "hello")

    assert done.returncode == 2
    assert done.stderr.startswith("error: Not a directory\n'hello' is not a directory.\n")


def test_an_unwritable_directory_is_an_error_that_names_it(tmp_path: Path) -> None:
    done = new(tmp_path, "/proc/hello")

    assert done.returncode == 1
    assert done.stderr.startswith("error: Cannot read or write a file\n/proc/hello: No such file or directory.\n")


def test_an_unknown_template_is_wrong_usage(tmp_path: Path) -> None:
    done = new(tmp_path, "--template", "htp")

    assert done.returncode == 2
    assert "'http', 'cloudevent', 'typed', 'async'" in done.stderr
