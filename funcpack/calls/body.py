"""The bodies of requests: a text, a file, standard input or the fields of a form. Files are read while they are sent."""

from __future__ import annotations

import mimetypes
import os
import shutil
import stat
import sys
import uuid
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, cast
from urllib.parse import urlencode

import httpx

from funcpack.command_errors import OptionFileError, OptionValueError
from funcpack_invoker.http import json_codec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

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
class _Source:
    """A file that can be read several times: that of a name, or a copy of a pipe or of standard input."""

    name: str
    copy: IO[bytes] | None

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        if self.copy is None:
            with _open(self.name) as file:
                yield file
        else:
            self.copy.seek(0)
            yield self.copy

    def __iter__(self) -> Iterator[bytes]:
        with self.open() as file:
            while part := file.read(_CHUNK):
                yield part


def read_argument(argument: str) -> Body:
    """Return the body of an argument: `@FILE` is the content of a file, `@-` is standard input, the rest is the body itself.

    Raises:
        OptionFileError: the file cannot be read.

    """
    if not argument.startswith("@"):
        return Body.of(os.fsencode(argument))
    source = _source(argument[1:])
    with source.open() as file:
        return Body(source, file.seek(0, os.SEEK_END), None if source.copy else source.name)


def _source(name: str) -> _Source:
    with _open(name) as file:
        # The files in /proc have no size, either.
        if name != "-" and stat.S_ISREG(os.fstat(file.fileno()).st_mode) and os.fstat(file.fileno()).st_size:
            return _Source(name, None)
        # A copy has a size that a Content-Length can state. Many servers do not accept a body without one.
        return _Source(name, _copy(file))


def _copy(file: IO[bytes]) -> IO[bytes]:
    """Return a copy of a stream: in memory, or in a temporary file if it is large."""
    start = file.read(_IN_MEMORY)
    if len(start) < _IN_MEMORY:
        return BytesIO(start)
    copy = TemporaryFile()  # noqa: SIM115 - it is read when the request is sent
    copy.write(start)
    shutil.copyfileobj(file, copy)
    return copy


def read_file(name: str) -> bytes:
    """Return the content of a file, or of standard input for `-`.

    Raises:
        OptionFileError: the file cannot be read.

    """
    with _open(name) as file:
        return file.read()


def _open(name: str) -> AbstractContextManager[IO[bytes]]:
    try:
        return nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb")
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
    media_type = f"multipart/form-data; boundary={uuid.uuid4().hex}"
    form = _Form(
        tuple((name, _source(value[1:]) if value.startswith("@") else value) for name, value in pairs), media_type
    )
    with ExitStack() as files:
        return Body(form, int(form.request(files).headers["content-length"])), media_type


@dataclass(frozen=True, slots=True)
class _Form:
    """A form with files, as httpx writes it."""

    fields: tuple[tuple[str, str | _Source], ...]
    media_type: str

    def __iter__(self) -> Iterator[bytes]:
        with ExitStack() as files:
            yield from cast("httpx.SyncByteStream", self.request(files).stream)  # it is also an asynchronous one

    def request(self, files: ExitStack) -> httpx.Request:
        # Fields without a file name are files to httpx, too, so that all fields keep their order.
        parts = [
            (name, (None, os.fsencode(value)))
            if isinstance(value, str)
            else (name, (Path(value.name).name, files.enter_context(value.open()), _type_of_name(value.name) or BINARY))
            for name, value in self.fields
        ]
        return httpx.Request("POST", "http://form", headers={"Content-Type": self.media_type}, files=parts)


def media_type(body: Body) -> str:
    """Return the media type of a body, as `media_type_of` does. A large body is not read; only its name counts."""
    return media_type_of(body.read() if body.size <= _IN_MEMORY else None, body.name)


def media_type_of(data: bytes | None, name: str | None) -> str:
    """Return the media type of data: JSON if it parses, else text, else that of the file's name, else bytes."""
    return (data is not None and _type_of_data(data)) or _type_of_name(name or "") or BINARY


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
