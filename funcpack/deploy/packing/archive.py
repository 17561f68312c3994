"""The archive of an app: the same bytes for the same files, on every machine and with every Python."""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING

from funcpack.deploy.packing.ignore_files import NotPacked
from funcpack.deploy.packing.zips import zipped
from funcpack.deploy.plan.steps import Upload
from funcpack.deployment_errors import ArchiveNameError, GeneratedFileError, IgnoredFunctionError
from funcpack.errors import NotAFileError, OutsideFileError, UnreadableFileError
from funcpack.project.app_files import is_directory, is_inside, kind_that_blocks, shown_path

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from funcpack.check.local import Inspection

# A label of Google Cloud and of Kubernetes has at most 63 characters, and a SHA-256 has 64 digits.
_LABEL = 63


def pack(
    directory: Path,
    *,
    excluded: Sequence[Path] = (),
    extra: Mapping[str, bytes] | None = None,
    required: Collection[str] = (),
) -> Upload:
    """Return the app in `directory` as a zip, without the files that are not packed; see `ignore_files`.

    `excluded` are further files that are not packed, `extra` the content of files to add by their names in the archive, and
    `required` the names of files without which the archive is of no use.

    Raises:
        IgnoredFunctionError: A required file is not packed.
        GeneratedFileError: The app has a file with the name of one to add.
        ArchiveNameError: A name is not UTF-8.
        OutsideFileError: A link leads out of the app.
        NotAFileError: A file is a named pipe or a device.
        UnreadableFileError: A file cannot be read.

    """
    extra = extra or {}
    files = {_name(path, directory): path for path in _files(directory, NotPacked(directory, excluded))}
    for name in sorted(required):
        if name not in files and name not in extra:
            raise IgnoredFunctionError(name)
    _check_free(extra, files)
    content = {name: _read(path, directory) for name, path in files.items()} | dict(extra)
    data = zipped(content, [name for name, path in files.items() if path.stat().st_mode & stat.S_IXUSR])
    return Upload(data, hashlib.sha256(data).hexdigest(), tuple(sorted(content)))


def files_of_function(inspection: Inspection) -> tuple[str, ...]:
    """Return the names of the files without which the archive has no function, for `required` of `pack`."""
    file = inspection.checked.file
    return () if file is None else (file.as_posix(),)


def source_label(upload: Upload) -> str:
    """Return the value of the label by which a deployment finds out whether its source has changed."""
    return upload.sha256[:_LABEL]


def _files(app: Path, not_packed: NotPacked) -> Iterator[Path]:
    """Return the files to pack. A link counts as what it leads to; a directory within itself is entered once."""
    pending: list[tuple[Path, frozenset[str]]] = [(app, frozenset())]
    while pending:
        directory, above = pending.pop()
        real = os.path.realpath(directory)
        if real in above:
            continue
        for path in _children(directory, app):
            if not_packed.leaves_out(path):
                continue
            _check(path, app)
            if is_directory(path):
                pending.append((path, above | {real}))
            elif path.is_file():
                yield path


def _children(directory: Path, app: Path) -> list[Path]:
    try:
        return sorted(directory.iterdir())
    except OSError as exc:
        raise UnreadableFileError(shown_path(directory, app), exc.strerror or str(exc)) from exc


def _check(path: Path, app: Path) -> None:
    shown = shown_path(path, app)
    if path.is_symlink():
        if not is_inside(path, app):
            raise OutsideFileError(shown, os.path.realpath(path))
        if not path.exists():
            raise UnreadableFileError(shown, "No such file or directory", str(path.readlink()))
    if kind := kind_that_blocks(path):
        raise NotAFileError(shown, kind)


def _check_free(extra: Mapping[str, bytes], files: Mapping[str, Path]) -> None:
    """Check that no file of the app has the name of one to add, or is where a directory for it has to be."""
    for name in sorted(extra):
        parts = name.split("/")
        taken = next((part for count in range(len(parts)) if (part := "/".join(parts[: count + 1])) in files), None)
        if taken:
            raise GeneratedFileError(taken)


def _name(path: Path, app: Path) -> str:
    name = path.relative_to(app).as_posix()
    try:
        name.encode()
    except UnicodeEncodeError as exc:
        raise ArchiveNameError(name.encode(errors="backslashreplace").decode()) from exc
    return name


def _read(file: Path, app: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as exc:
        raise UnreadableFileError(shown_path(file, app), exc.strerror or str(exc)) from exc
