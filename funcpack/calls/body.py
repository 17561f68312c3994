"""The bodies of requests: a text, a file, standard input or the fields of a form. Files are read while they are sent."""

from __future__ import annotations

import mimetypes
import os
import shutil
import stat
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, cast
from urllib.parse import urlencode

import httpx

from funcpack.command_errors import OptionFileError, OptionValueError
from funcpack_invoker.http import json_codec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

JSON = "application/json"
TEXT = "text/plain"
BINARY = "application/octet-stream"

_CHUNK = 1 << 16

# Bytes: what is read to find out whether a body is JSON or text, and kept in memory if its size must be found out.
_IN_MEMORY = 1 << 20


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes of a body, in parts that can be iterated more than once.

    Attributes:
        parts: the bytes.
        size: of all parts, in bytes.
        name: of the file, if it is one.

    """

    parts: Iterable[bytes]
    size: int
    name: str | None = None

    @classmethod
    def of(cls, data: bytes) -> Body:
        """Return a body of bytes."""
        return cls((data,), len(data))

    def read(self) -> bytes:
        """Return all bytes."""
        return b"".join(self.parts)


@dataclass(frozen=True, slots=True)
class _FileParts:
    file: IO[bytes]

    def __iter__(self) -> Iterator[bytes]:
        self.file.seek(0)
        while part := self.file.read(_CHUNK):
            yield part


def read_argument(argument: str) -> Body:
    """Return the body of an argument: `@FILE` is the content of a file, `@-` is standard input, the rest is the body itself.

    Raises:
        OptionFileError: the file cannot be read.

    """
    if not argument.startswith("@"):
        return Body.of(os.fsencode(argument))
    name = argument[1:]
    file = open_file(name)
    file.seek(0, os.SEEK_END)
    return Body(_FileParts(file), file.tell(), None if name == "-" else name)


def open_file(name: str) -> IO[bytes]:
    """Open a file that can be read twice: that of a name, or a copy of a pipe or, for `-`, of standard input.

    Raises:
        OptionFileError: the file cannot be read.

    """
    source = _open(name)
    if name != "-" and stat.S_ISREG(os.fstat(source.fileno()).st_mode):
        return source
    # A copy has a size that a Content-Length can state. Many servers do not accept a body without one.
    copy = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - the request reads it
    shutil.copyfileobj(source, copy)
    return copy


def read_file(name: str) -> bytes:
    """Return the content of a file, or of standard input for `-`.

    Raises:
        OptionFileError: the file cannot be read.

    """
    with _open(name) as file:
        return file.read()


def _open(name: str) -> IO[bytes]:
    try:
        return sys.stdin.buffer if name == "-" else Path(name).open("rb")
    except OSError as exc:
        raise OptionFileError(name, exc.strerror or str(exc)) from exc


def read_form(fields: Sequence[str]) -> tuple[Body, str]:
    """Return the body of the fields of a form, `K=V` or `K=@FILE`, and its media type.

    Raises:
        OptionFileError: a file cannot be read.
        OptionValueError: a field is written in another way.

    """
    pairs = [_split(field) for field in fields]
    if any(value.startswith("@") for _, value in pairs):
        return _multipart(pairs)
    encoded = urlencode([(os.fsencode(name), os.fsencode(value)) for name, value in pairs])
    return Body.of(encoded.encode()), "application/x-www-form-urlencoded"


def _split(field: str) -> tuple[str, str]:
    name, equals, value = field.partition("=")
    if not (name and equals):
        raise OptionValueError("--form", field, "is not NAME=VALUE", "--form 'name=Ada' or --form 'photo=@photo.jpg'")
    return name, value


def _multipart(pairs: Sequence[tuple[str, str]]) -> tuple[Body, str]:
    # Fields without a file name are files to httpx, too, so that all fields keep their order.
    parts = [
        (name, (Path(value).name, open_file(value[1:]), _type_of_name(value[1:]) or BINARY))
        if value.startswith("@")
        else (name, (None, os.fsencode(value)))
        for name, value in pairs
    ]
    request = httpx.Request("POST", "http://form", files=parts)
    stream = cast("httpx.SyncByteStream", request.stream)  # it is also an asynchronous one
    return Body(stream, int(request.headers["content-length"])), request.headers["content-type"]


def media_type(body: Body) -> str:
    """Return the media type of a body: JSON if it parses, else text, else that of the file's name, else bytes.

    A large body is not looked at.
    """
    known = _type_of_name(body.name or "") or BINARY
    return known if body.size > _IN_MEMORY else _type_of_data(body.read()) or known


def _type_of_data(data: bytes) -> str | None:
    try:
        json_codec.loads(data)
    except ValueError:
        pass
    else:
        return JSON
    try:
        data.decode()
    except ValueError:
        return None
    return TEXT


def _type_of_name(name: str) -> str | None:
    return mimetypes.guess_type(name)[0]


def check_json(option: str, argument: str, data: bytes) -> None:
    """Check that a body is JSON.

    Raises:
        OptionValueError: it is not.

    """
    try:
        json_codec.loads(data)
    except ValueError as exc:
        raise OptionValueError(option, argument, f"is not JSON: {exc}", """--json '{"name": "Ada"}'""") from exc
