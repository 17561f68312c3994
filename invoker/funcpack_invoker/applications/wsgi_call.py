"""One call of a WSGI application, on one thread from its start to `close()` (PEP 3333).

Applications keep what belongs to a request in thread-local variables, so that a stream stays on its thread.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from funcpack_invoker.applications.outflow import Outflow, OutflowClosedError
from funcpack_invoker.applications.response import BodyLength, Head, log_failure, new_head
from funcpack_invoker.errors import ReplyError, RequestError
from funcpack_invoker.http.response import encode_header

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable, Iterator
    from types import TracebackType

    from funcpack_invoker.http.asgi import Header
    from funcpack_invoker.http.body import Upload

    ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


class Input(io.RawIOBase):
    """The body of a request for `wsgi.input`.

    Frameworks expect an OSError if a body does not arrive. Whatever they make of it, the response is that of `failure`.

    Attributes:
        failure: why the body cannot be read; None as long as it can.

    """

    def __init__(self, upload: Upload) -> None:
        super().__init__()
        self.failure: RequestError | None = None
        self._upload = upload

    def readable(self) -> bool:
        """Return True: it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with the next bytes; return their number, 0 at the end.

        Raises:
            OSError: if the body is too large, or does not arrive.

        """
        try:
            return self._upload.readinto(buffer)
        except RequestError as error:
            self.failure = error
            raise OSError(error.reason) from error


class FileWrapper:
    """The content of a file in blocks, for `wsgi.file_wrapper`."""

    def __init__(self, file: Any, size: int = 1 << 16) -> None:
        self._file = file
        self._size = size

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        data: bytes = self._file.read(self._size)
        if not data:
            raise StopIteration
        return data

    def close(self) -> None:
        """Close the file, if it can be closed."""
        close = getattr(self._file, "close", None)
        if close is not None:
            close()


class WsgiCall:
    """A call. `run` is the job of a thread; the event loop takes the body of the response from `outflow`.

    Attributes:
        outflow: the body.
        head: the rest of the response; None until the application has called `start_response`.
        error: why the response is not complete; None if nothing has failed.
        is_whole: whether the length of the body is known with its first bytes.

    """

    def __init__(
        self,
        application: Callable[..., Iterable[bytes]],
        environ: dict[str, Any],
        incoming: Input | None,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        """Prepare a call; `incoming` is a body that still arrives."""
        self.outflow = Outflow(loop)
        self.head: Head | None = None
        self.error: BaseException | None = None
        self.is_whole = False
        self._application = application
        self._environ = environ
        self._incoming = incoming
        self._is_head = environ["REQUEST_METHOD"] == "HEAD"
        self._length = BodyLength(None)
        self._is_begun = False
        self._is_finished = False

    @property
    def refusal(self) -> RequestError | None:
        """Why the body of the request cannot be read; None as long as it can."""
        return self._incoming.failure if self._incoming is not None else None

    def run(self, _: object) -> None:
        """Call the application and send its response."""
        try:
            self._respond()
        except OutflowClosedError:
            pass
        except BaseException as exc:  # noqa: BLE001 - sys.exit() in an application must not end the thread
            error = self.refusal or exc
            log_failure(error)
            if not self._is_finished:
                self.error = error
        # Not before it is known whether the call failed: without an end, the response is not complete.
        self.outflow.end()

    def _respond(self) -> None:
        result = self._application(self._environ, self._start_response)
        try:
            # A list is complete, and so is the response.
            is_whole = isinstance(result, list | tuple)
            for chunk in (b"".join(result),) if is_whole else result:
                self._send(chunk, is_last=is_whole)
                if self._is_head and self.head is not None:
                    break
            self._finish()
        finally:
            close = getattr(result, "close", None)
            if close is not None:
                close()

    def _start_response(
        self, status: str, headers: Iterable[tuple[str, str]], exc_info: ExcInfo | None = None
    ) -> Callable[[bytes], None]:
        """Take the status and the headers (`start_response`), and return `write`.

        Raises:
            BaseException: that of `exc_info`, if the response has begun.
            ReplyError: if the status or the headers cannot be sent, or if it is called twice without `exc_info`.

        """
        if exc_info is not None:
            try:
                if self._is_begun:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # its traceback refers to this frame
        elif self.head is not None:
            raise ReplyError("the application called start_response() twice without exc_info")
        self.head = new_head(_status(status), map(_header, headers))
        self._length = BodyLength(None if self._is_head else self.head.length)
        return self._send

    def _send(self, chunk: bytes, *, is_last: bool = False) -> None:
        """Send a part of the body (`write`)."""
        if not isinstance(chunk, bytes):
            raise ReplyError(f"the application sent a {type(chunk).__name__} as a part of the body; expected bytes")
        if not chunk:
            return
        if self.head is None:
            raise ReplyError("the application sent a part of the body before it called start_response()")
        data = b"" if self._is_head else self._length.take(chunk)
        if data:
            self._is_finished = is_last or self._length.is_reached
            self.is_whole = self._is_finished and not self._is_begun
            self._is_begun = True
            self.outflow.put(data, is_last=self._is_finished)

    def _finish(self) -> None:
        if self.head is None:
            raise ReplyError("the application did not call start_response()")
        self._length.end()
        # The client has the response before `close()` has finished.
        self._is_finished = True
        self.outflow.end()


def _status(text: Any) -> int:
    code = text[:3] if isinstance(text, str) else ""
    if not (code.isascii() and code.isdigit() and text[3:4] in {"", " "}):
        raise ReplyError(f"the application sent the status {str(text)[:80]!r}; expected a text such as '200 OK'")
    return int(code)


def _header(pair: tuple[str, str]) -> Header:
    return encode_header(*pair)
