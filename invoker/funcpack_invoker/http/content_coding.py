"""Decodes the content codings of requests (RFC 9110 section 8.4.1), and never decodes more than the limit for a body.

A few bytes can stand for gigabytes. Each coding is therefore decoded piece by piece, and a library that cannot limit the
size of a piece is not used.
"""

from __future__ import annotations

import asyncio
import importlib
import io
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

from funcpack_invoker.errors import RequestError
from funcpack_invoker.http.body import (
    READ_AHEAD,
    PieceReader,
    Upload,
    WholeBody,
    receive_body,
    too_large,
)
from funcpack_invoker.http.codings import codings_of, sent_limit
from funcpack_invoker.lazy_imports.libraries import outside_app

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from funcpack_invoker.http.admission import Decoding
    from funcpack_invoker.http.body import Body
    from funcpack_invoker.http.incoming import IncomingRequest

    NamedDecoder = tuple[str, Callable[[bytes], "Decoder"]]

# The codings that concatenated streams are allowed in: RFC 1952 section 2.2 and RFC 8878 section 3.
_REPEATED = frozenset({"gzip", "zstd"})

# Nobody needs more, and each coding can multiply the work that the one before it causes.
_MOST_CODINGS = 3

# Bytes that are read, and about the bytes that are decoded, at a time.
_PIECE = 1 << 16

# A larger encoded body is decoded on a thread, and so is a body that does not end within one piece.
_SMALL = 1 << 14

# Decodes large bodies if memory is limited: malloc keeps for each thread some of what was freed there, up to 64 MiB.
_one_thread = ThreadPoolExecutor(1, "decoding")

# RFC 9659 section 3: the window of zstd in HTTP is at most 8 MiB. A larger one would have to be in memory.
_ZSTD_WINDOW_LOG = 23


class Decoder(Protocol):
    """Decodes one stream; the names are those of Python's decompressors."""

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""

    @property
    def needs_input(self) -> bool:
        """Whether more of the stream is needed to decode more."""

    @property
    def unused_data(self) -> bytes:
        """The bytes that follow the stream."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Take more of the stream, and return about `max_length` bytes at most.

        Raises:
            Exception: if the stream is malformed.

        """


async def receive_encoded(
    request: IncomingRequest, limit: int, directories: tuple[str, ...], memory: Decoding | None, *, streamed: bool
) -> Body:
    """Read the body of a request that has a Content-Encoding, and decode it.

    The function sees the request as if it had been sent without a coding: the header is removed, and Content-Length is
    that of the decoded body. It is removed if the body is still to be decoded while the function reads it.

    Args:
        request: the request, whose headers are replaced.
        limit: the maximum size of the decoded body in bytes.
        directories: the app's directories, whose files are not taken for a library.
        memory: reserves what the body takes; None if memory is not limited, or nothing is decoded.
        streamed: as in `receive_body`.

    Raises:
        RequestError: 415 for an unknown coding, 400 for a malformed body, and those of `receive_body`.

    """
    codings = _checked(codings_of(request.scope["headers"]))
    decoders = decoders_for(codings, directories)
    if memory is not None and not request.body.is_complete:
        # It is very large, so that only its first part counts.
        memory.count([request.body.data])
        await memory.settle(request.body.buffered)
    sent = sent_limit(request.scope["headers"], limit)
    body = await receive_body(request.body, request.headers, sent, streamed=streamed)
    if not codings:
        _replace_headers(request, request.headers.get(b"content-length"))
        return body
    reader = reader_of(body.stream(), decoders, limit)
    if isinstance(body, Upload):
        _replace_headers(request, None)
        return reader
    encoded = body.read()
    is_small = len(codings) == 1 and len(encoded) <= _SMALL
    if memory is not None:
        counted = reader_of(io.BytesIO(encoded), decoders, limit)
        await _count(memory, counted, memory.most if streamed else limit, is_small=is_small)
        await memory.settle(len(encoded))
    most = READ_AHEAD if streamed else limit + 1
    data = await _decode(reader, most, None if memory is None else _one_thread, is_small=is_small)
    if len(data) >= most:
        _replace_headers(request, None)
        reader.put_back(data)
        return reader
    _replace_headers(request, b"%d" % len(data))
    return WholeBody(data)


class DecodingReader(PieceReader):
    """Decodes one coding of what it reads from a file: of a body that may still arrive while a thread reads it."""

    def __init__(self, source: BinaryIO, coding: str, new_decoder: Callable[[bytes], Decoder], limit: int) -> None:
        super().__init__()
        self._source = source
        self._coding = coding
        self._new_decoder = new_decoder
        self._limit = limit
        self._decoder: Decoder | None = None
        self._size = 0

    def pieces(self, most: int) -> Iterator[bytes]:
        """Return pieces of at least `most` bytes, or all if there are fewer."""
        size = 0
        while size < most and (piece := self._next_piece()):
            yield piece
            size += len(piece)

    def take(self, most: int) -> bytes:
        """Return at least `most` bytes, or all if there are fewer."""
        # Not as a list of pieces: all of them would be in memory next to the result.
        content = io.BytesIO()
        for piece in self.pieces(most):
            content.write(piece)
        return content.getvalue()

    def put_back(self, data: bytes) -> None:
        """Return these bytes once more, before the next ones."""
        self._ready = memoryview(data)

    def _next_piece(self) -> bytes:
        """Return the next bytes; none at the end.

        Raises:
            RequestError: 413 if the decoded body is too large, 400 if it is malformed, and those of the source.

        """
        piece = b""
        while not piece:
            decoder = self._decoder
            if decoder is None or decoder.eof:
                data = self._start_of_next_stream(decoder)
                if not data:
                    return b""
                decoder = self._decoder = self._new_decoder(data)
            else:
                data = self._source.read(_PIECE) if decoder.needs_input else b""
                if decoder.needs_input and not data:
                    raise RequestError(400, f"the body is incomplete: its {self._coding} coding does not end")
            piece = self._decode(decoder, data)
        self._size += len(piece)
        if self._size > self._limit:
            raise too_large(self._limit)
        return piece

    def _start_of_next_stream(self, ended: Decoder | None) -> bytes:
        data = (ended.unused_data if ended is not None else b"") or self._source.read(_PIECE)
        if data and ended is not None and self._coding not in _REPEATED:
            raise self._malformed()
        return data

    def _decode(self, decoder: Decoder, data: bytes) -> bytes:
        try:
            return decoder.decompress(data, _PIECE)
        except Exception as exc:  # each library has its own class
            raise self._malformed() from exc

    def _malformed(self) -> RequestError:
        return RequestError(400, f"the body is not valid {self._coding}")


def decoders_for(codings: Iterable[str], directories: tuple[str, ...]) -> list[NamedDecoder]:
    """Return, for each coding, its name and a function that takes the first bytes of a stream and returns a decoder.

    Raises:
        RequestError: 415, with the codings that are accepted (RFC 9110 sections 12.5.3 and 15.5.16).

    """
    return [(coding, _decoder_for(coding, directories)) for coding in codings]


def reader_of(source: BinaryIO, decoders: Iterable[NamedDecoder], limit: int) -> DecodingReader:
    """Return a reader of the decoded body. The coding that was applied last is decoded first."""
    reader: Any = source
    for coding, new_decoder in reversed(list(decoders)):
        reader = DecodingReader(reader, coding, new_decoder, limit)
    return cast("DecodingReader", reader)


class _Inflate:
    """A decoder of zlib, with the attributes of Python's newer decompressors."""

    def __init__(self, decompressor: Any) -> None:
        self._decompressor = decompressor
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return bool(self._decompressor.eof)

    @property
    def unused_data(self) -> bytes:
        found: bytes = self._decompressor.unused_data
        return found

    def decompress(self, data: bytes, max_length: int) -> bytes:
        decompressor = self._decompressor
        piece: bytes = decompressor.decompress(decompressor.unconsumed_tail + data, max_length)
        self.needs_input = not decompressor.unconsumed_tail and len(piece) < max_length
        return piece


class _Brotli:
    """A decoder of Brotli, with the attributes of Python's decompressors. It rejects bytes that follow the stream."""

    unused_data = b""

    def __init__(self, decompressor: Any) -> None:
        self._decompressor = decompressor

    @property
    def eof(self) -> bool:
        return bool(self._decompressor.is_finished())

    @property
    def needs_input(self) -> bool:
        return bool(self._decompressor.can_accept_more_data())

    def decompress(self, data: bytes, max_length: int) -> bytes:
        piece: bytes = self._decompressor.process(data, output_buffer_limit=max_length)
        return piece


def _checked(codings: list[str]) -> list[str]:
    if len(codings) > _MOST_CODINGS:
        raise RequestError(415, f"the body has more than {_MOST_CODINGS} content codings")
    return codings


def _decoder_for(coding: str, directories: tuple[str, ...]) -> Callable[[bytes], Decoder]:
    found = _found_decoder(coding, directories) if coding in _FINDERS else None
    if found is None:
        accepted = ", ".join(name for name in _FINDERS if _found_decoder(name, directories) is not None)
        reason = f"unsupported content coding {coding[:40]!r}; use one of: {accepted}"
        raise RequestError(415, reason, ((b"accept-encoding", accepted.encode()),))
    return found


@lru_cache(maxsize=16)
def _found_decoder(coding: str, directories: tuple[str, ...]) -> Callable[[bytes], Decoder] | None:
    with outside_app(list(directories)):
        return _FINDERS[coding]()


def _find_gzip() -> Callable[[bytes], Decoder] | None:
    decompressobj = _find(["zlib"], "decompressobj")
    return None if decompressobj is None else lambda _: _Inflate(decompressobj(16 + 15))


def _find_deflate() -> Callable[[bytes], Decoder] | None:
    decompressobj = _find(["zlib"], "decompressobj")
    # The coding is the zlib format (RFC 9110 section 8.4.1.2), but some clients send the data without its header. The
    # lower half of the first byte of the header is 8; no encoder begins the data so.
    return None if decompressobj is None else lambda data: _Inflate(decompressobj(15 if data[0] & 0x0F == 8 else -15))


def _find_brotli() -> Callable[[bytes], Decoder] | None:
    decompressor = _find(["brotli", "brotlicffi"], "Decompressor")
    # Older releases than 1.2 cannot limit the size of a piece.
    if decompressor is None or not hasattr(decompressor, "can_accept_more_data"):
        return None
    return lambda _: _Brotli(decompressor())


def _find_zstd() -> Callable[[bytes], Decoder] | None:
    libraries = ["compression.zstd", "backports.zstd"]
    decompressor = _find(libraries, "ZstdDecompressor")
    if decompressor is None:
        return None
    options = {_find(libraries, "DecompressionParameter").window_log_max: _ZSTD_WINDOW_LOG}
    return lambda _: cast("Decoder", decompressor(options=options))


def _find(modules: Sequence[str], name: str) -> Any:
    """Return a name of the first module that is installed; None if there is none."""
    for module in modules:
        try:
            return getattr(importlib.import_module(module), name, None)
        except ImportError:
            continue
    return None


_FINDERS: dict[str, Callable[[], Callable[[bytes], Decoder] | None]] = {
    "gzip": _find_gzip,
    "deflate": _find_deflate,
    "br": _find_brotli,
    "zstd": _find_zstd,
}


async def _count(memory: Decoding, reader: DecodingReader, most: int, *, is_small: bool) -> None:
    """Count the decoded body, or about its first `most` bytes, without keeping it: there is no memory for it yet."""
    if is_small:
        memory.count(reader.pieces(_PIECE))
    if not is_small or memory.size >= _PIECE:
        await asyncio.to_thread(memory.count, reader.pieces(most))


async def _decode(reader: DecodingReader, most: int, threads: ThreadPoolExecutor | None, *, is_small: bool) -> bytes:
    """Return at least `most` decoded bytes, or all if there are fewer. Long work is done on a thread (None: any)."""
    first = reader.take(min(most, _PIECE)) if is_small else b""
    if is_small and len(first) < min(most, _PIECE):
        return first
    loop = asyncio.get_running_loop()
    return first + await loop.run_in_executor(threads, reader.take, most - len(first))


def _replace_headers(request: IncomingRequest, length: bytes | None) -> None:
    """Remove the coding from a request's headers, and set the length if the client sent one."""
    fields = []
    for name, value in request.scope["headers"]:
        if name == b"content-length" and length is not None:
            fields.append((name, length))
        elif name not in {b"content-encoding", b"content-length"}:
            fields.append((name, value))
    request.scope = {**request.scope, "headers": fields}
    request.headers = dict(fields)
