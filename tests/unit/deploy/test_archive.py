"""What an archive contains, and that its bytes depend on nothing else."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from funcpack.deploy.packing.archive import pack, source_label
from funcpack.deployment_errors import ArchiveNameError, GeneratedFileError, IgnoredFunctionError
from funcpack.errors import NotAFileError, OutsideFileError, UnreadableFileError
from funcpack.project.digest import NOT_SOURCES
from tools.places import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


def app(directory: Path, files: Mapping[str, str] | tuple[str, ...]) -> Path:
    for name in files:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(files[name] if isinstance(files, dict) else name, encoding="utf-8")
    return directory


def test_entries_are_sorted_files_with_fixed_times_and_modes(tmp_path: Path) -> None:
    app(tmp_path, ("z.py", "a/b.py", "run.sh", "ä.txt"))
    (tmp_path / "run.sh").chmod(0o740)
    (tmp_path / "z.py").chmod(0o600)
    upload = pack(tmp_path)
    entries = zipfile.ZipFile(io.BytesIO(upload.content)).infolist()
    assert [(entry.filename, oct(entry.external_attr >> 16), entry.date_time) for entry in entries] == [
        ("a/b.py", "0o100644", (1980, 1, 1, 0, 0, 0)),
        ("run.sh", "0o100755", (1980, 1, 1, 0, 0, 0)),
        ("z.py", "0o100644", (1980, 1, 1, 0, 0, 0)),
        ("ä.txt", "0o100644", (1980, 1, 1, 0, 0, 0)),
    ]
    assert upload.files == ("a/b.py", "run.sh", "z.py", "ä.txt")


def test_same_files_are_the_same_bytes_whatever_their_times_order_and_owner_are(tmp_path: Path) -> None:
    names = ("handler.py", "data/x.txt", "a.txt")
    first = pack(app(tmp_path / "1", names))
    second_app = app(tmp_path / "2", tuple(reversed(names)))
    for name in names:
        os.utime(second_app / name, (1, 1))
        (second_app / name).chmod(0o666)
    assert pack(second_app) == first
    # The digest of the bytes themselves, which other versions of Python must make, too.
    assert first.sha256 == "ed3d475ea72fc15b658d28a4daa30925ae99a274561b8fd9fbd6bdecb33aed65"
    assert source_label(first) == first.sha256[:63]


def test_another_content_name_or_executable_bit_is_another_source(tmp_path: Path) -> None:
    labels = {source_label(pack(app(tmp_path, {"handler.py": "1"})))}
    labels.add(source_label(pack(app(tmp_path, {"handler.py": "2"}))))
    (tmp_path / "handler.py").chmod(0o755)
    labels.add(source_label(pack(tmp_path)))
    (tmp_path / "handler.py").rename(tmp_path / "other.py")
    labels.add(source_label(pack(tmp_path)))
    assert len(labels) == 4


NEVER_PACKED = (
    "config.json",
    ".goblet/config.json",
    "prod.json",
    ".env",
    ".env.production",
    "sub/.env.local",
    ".git/HEAD",
    "__pycache__/handler.cpython-313.pyc",
    "sub/__pycache__/x.pyc",
    "venv/pyvenv.cfg",
    "venv/lib/x.py",
    ".idea/workspace.xml",
    "handler.py~",
    ".handler.py.swp",
)


def test_configuration_secrets_and_what_tools_write_are_never_packed(tmp_path: Path) -> None:
    app(tmp_path, ("handler.py", "sub/config.json", "sub/environment.py", *NEVER_PACKED))
    assert pack(tmp_path, excluded=[tmp_path / "prod.json"]).files == (
        "handler.py",
        "sub/config.json",
        "sub/environment.py",
    )


FILES = ("handler.py", "a.log", "b.tmp", "sub/a.log", "sub/c.py", "data/x.csv")

IGNORE_FILES: dict[str, tuple[dict[str, str], set[str]]] = {
    "none": ({}, set()),
    "git": ({".gitignore": "*.log\n"}, {"a.log", "sub/a.log"}),
    "nested git": ({".gitignore": "*.log\n", "sub/.gitignore": "!a.log\nc.py\n"}, {"a.log", "sub/c.py"}),
    "git's own": ({".git/info/exclude": "data/\n"}, {"data/x.csv"}),
    "funcignore": ({".funcignore": "data\n"}, {"data/x.csv"}),
    "funcignore is only at the top": ({"sub/.funcignore": "c.py\n"}, set()),
    "funcignore and git": ({".funcignore": "data\n!a.log", ".gitignore": "/a.log\n"}, {"data/x.csv", "a.log"}),
    "gcloudignore replaces the others": (
        {".gcloudignore": "b.tmp\n", ".funcignore": "data\n", ".gitignore": "*.log\n", "sub/.gitignore": "c.py\n"},
        {"b.tmp"},
    ),
    "gcloudignore includes another": (
        {".gcloudignore": "b.tmp\n#!include:.gitignore\n!sub/a.log\n", ".gitignore": "*.log\n"},
        {"b.tmp", "a.log"},
    ),
    "gcloudignore includes nothing": ({".gcloudignore": "#!include:.gitignore\n# *.log\n"}, set()),
    "gcloudignore is only at the top": ({"sub/.gcloudignore": "c.py\n"}, set()),
    "what is in an ignored directory stays out": ({".gcloudignore": "data/\n!data/x.csv\n"}, {"data/x.csv"}),
}


@pytest.mark.parametrize(("ignore_files", "left_out"), IGNORE_FILES.values(), ids=IGNORE_FILES)
def test_ignore_files(tmp_path: Path, ignore_files: dict[str, str], left_out: set[str]) -> None:
    app(tmp_path, FILES)
    app(tmp_path, ignore_files)
    packed = set(pack(tmp_path).files) - ignore_files.keys()
    assert packed == set(FILES) - left_out


def test_links_in_the_app_are_packed_as_what_they_lead_to(tmp_path: Path) -> None:
    app(tmp_path, ("shared/a.py",))
    (tmp_path / "link.py").symlink_to("shared/a.py")
    (tmp_path / "linked").symlink_to("shared")
    (tmp_path / "shared" / "up").symlink_to("..")
    archive = zipfile.ZipFile(io.BytesIO(pack(tmp_path).content))
    assert archive.namelist() == ["link.py", "linked/a.py", "shared/a.py"]
    assert archive.read("linked/a.py") == b"shared/a.py"


def test_link_to_a_secret_of_the_app_is_not_packed(tmp_path: Path) -> None:
    app(tmp_path, ("handler.py", ".env", "private/key", "sub/x.py"))
    (tmp_path / ".gitignore").write_text("private/\n")
    (tmp_path / "settings").symlink_to(".env")
    (tmp_path / "sub" / "key").symlink_to("../private/key")
    assert pack(tmp_path).files == (".gitignore", "handler.py", "sub/x.py")


def link_out(path: Path) -> None:
    path.symlink_to("/etc/hostname")


def link_to_nothing(path: Path) -> None:
    path.symlink_to("nothing")


UNPACKABLE: dict[str, tuple[Callable[[Path], object], type[Exception]]] = {
    "link out of the app": (link_out, OutsideFileError),
    "link to nothing": (link_to_nothing, UnreadableFileError),
    "named pipe": (os.mkfifo, NotAFileError),
}


@pytest.mark.parametrize(("make", "error"), UNPACKABLE.values(), ids=UNPACKABLE)
def test_file_that_cannot_be_packed_is_an_error_unless_it_is_ignored(
    tmp_path: Path, make: Callable[[Path], object], error: type[Exception]
) -> None:
    app(tmp_path, ("handler.py",))
    make(tmp_path / "odd")
    with pytest.raises(error, match="odd"):
        pack(tmp_path)
    (tmp_path / ".gcloudignore").write_text("odd\n")
    assert pack(tmp_path).files == (".gcloudignore", "handler.py")


def test_name_that_is_not_utf_8_is_an_error(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).touch()
    with pytest.raises(ArchiveNameError, match=r"caf\\udce9.txt"):
        pack(tmp_path)


def test_extra_files_are_added(tmp_path: Path) -> None:
    upload = pack(app(tmp_path, ("handler.py",)), extra={"Dockerfile": b"FROM x\n"})
    assert upload.files == ("Dockerfile", "handler.py")
    assert zipfile.ZipFile(io.BytesIO(upload.content)).read("Dockerfile") == b"FROM x\n"
    assert not (tmp_path / "Dockerfile").exists()


@pytest.mark.parametrize("name", ["Dockerfile", "generated", "generated/x"])
def test_extra_file_never_replaces_one_of_the_app(tmp_path: Path, name: str) -> None:
    with pytest.raises(GeneratedFileError, match=name):
        pack(app(tmp_path, (name,)), extra={"Dockerfile": b"", "generated/x": b""})


def test_required_file_that_is_ignored_is_an_error(tmp_path: Path) -> None:
    app(tmp_path, {"handler.py": "", ".gitignore": "handler.py\n"})
    with pytest.raises(IgnoredFunctionError, match=r"handler\.py"):
        pack(tmp_path, required=["handler.py"])


def test_archive_is_what_other_programs_read(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    upload = pack(app(tmp_path / "source", ("handler.py", "sub/ä.py")))
    (tmp_path / "source.zip").write_bytes(upload.content)
    subprocess.run([sys.executable, "-m", "zipfile", "--test", tmp_path / "source.zip"], check=True)


def test_page_names_what_is_never_packed() -> None:
    page = (ROOT / "docs" / "deploy" / "source.md").read_text(encoding="utf-8")
    named = {name for name in NOT_SOURCES if f"`{name}`" in page}
    # An editor's or a desktop's file is not named one by one.
    assert named == NOT_SOURCES - {".DS_Store"}
