"""Lets requests in as long as there is memory for their bodies, and for what becomes of them when they are parsed.

A body passes two budgets, so that nobody who has some of the second waits for the first: one for bodies that arrive, and
one for bodies that a function works on. What a body takes there is known when it has arrived: the costs below were
measured with the shapes of JSON that take most, in Python 3.11 to 3.13.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack_invoker.errors import RequestError
from funcpack_invoker.http import media_types
from funcpack_invoker.http.body import MOST_ON_LOOP, READ_AHEAD, refuse_declared
from funcpack_invoker.http.budget import NOTHING, Budget, LateReservation, Reservation
from funcpack_invoker.http.codings import codings_of, sent_limit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from funcpack_invoker.http.incoming import IncomingBody, IncomingRequest

# Bytes that a byte of JSON takes at most once it is parsed and written again: in `[[[[]]]]`, two bytes are a list of 56
# bytes, whose first member takes 32, and the writer keeps a list of the lists.
MOST_FOR_A_BYTE = 56

# Bytes for each of these characters: a list, a dict, the value behind a comma, the place of a member, half a string.
_COSTS = ((b"[", 104), (b"{", 200), (b",", 40), (b":", 60), (b'"', 32))

# Typed data keeps the digits of a number with a fraction, which can stand behind each of these characters.
_COSTS_OF_TYPED = (*_COSTS, (b"[", 80), (b",", 80), (b":", 80))

# Typed data is a second value next to the parsed one, and unions remember their results for each value.
_TIMES_FOR_TYPED = 2

# For each byte: the body, its text, the texts in it, and the answer. One wide character makes a text four times as large.
_ASCII = 4
_WIDE = 10

# The same for forms, which Flask parses: a field, an escaped byte, for which `urllib` keeps several objects, and a line of
# a part, which has headers and may have a file.
_OF_FORM = 12
_COSTS_OF_FORM = ((b"&", 320), (b"%", 240))
_COSTS_OF_PARTS = ((b"\n", 320),)

# Counting is not worth it below.
_FEW = 1024


def parsed_size(
    body: bytes | bytearray, content_type: bytes = b"", *, is_typed: bool = False, is_part: bool = False
) -> int:
    """Return the bytes that a body takes at most, with the value that parsing it as JSON or as a form gives.

    Args:
        body: of a request.
        content_type: of the request.
        is_typed: whether the function gets typed data, for which also JSON that an event has in Base64 is parsed.
        is_part: whether it is only a part of a body. The sizes of all parts together are at least that of the body.

    """
    times = _TIMES_FOR_TYPED if is_typed else 1
    return times * _parsed_once(body, content_type, is_typed=is_typed, is_part=is_part)


def _parsed_once(body: bytes | bytearray, content_type: bytes, *, is_typed: bool, is_part: bool) -> int:
    size = len(body)
    kind = content_type.lower()
    if (is_typed and (b"base64" in body or b"\\u" in body)) or (b"charset" in kind and _hides_characters(content_type)):
        return MOST_FOR_A_BYTE * size
    of_json = MOST_FOR_A_BYTE * size
    if size > _FEW:
        # Another part may have the wide character.
        of_byte = _WIDE if is_part else _of_byte(body)
        of_json = min(of_json, _counted(body, of_byte, _COSTS_OF_TYPED if is_typed else _COSTS))
    if b"form" not in kind:
        return of_json
    return max(of_json, _counted(body, _OF_FORM, _COSTS_OF_PARTS if b"multipart" in kind else _COSTS_OF_FORM))


def _of_byte(body: bytes | bytearray) -> int:
    return _ASCII if body.isascii() and b"\\u" not in body else _WIDE


def _counted(body: bytes | bytearray, of_byte: int, costs: Iterable[tuple[bytes, int]]) -> int:
    return of_byte * len(body) + sum(cost * body.count(character) for character, cost in costs)


def _hides_characters(content_type: bytes) -> bool:
    """Return whether a body is JSON in a charset in which the characters to count are other bytes."""
    try:
        media_type = media_types.parse(content_type.decode("latin-1"))
    except ValueError:
        return False
    return media_type.is_json and media_type.codec is not None and not media_types.keeps_ascii(media_type.codec)


class Admission:
    """The budgets of a worker.

    Attributes:
        whole: the bytes of the largest body that is not called for before all of it has arrived.
        large: for bodies that threads work on.
        small: for bodies that the event loop parses by itself: they do not wait behind large ones.
        arriving: for large bodies until they have arrived.

    """

    def __init__(
        self, memory: int, max_body: int, *, is_typed: bool = False, decodes: bool = True, streams: bool = True
    ) -> None:
        """Share memory.

        Args:
            memory: of the worker, in bytes.
            max_body: the maximum size of a decoded body, in bytes.
            is_typed: as in `parsed_size`.
            decodes: whether bodies with a Content-Encoding are decoded.
            streams: whether a large body is read while it arrives. Otherwise, all of it counts.

        """
        self._max_body = max_body
        self._is_typed = is_typed
        self._decodes = decodes
        self.whole = max(READ_AHEAD, whole_within(memory)) if streams else max_body
        self.large = Budget(memory // 2, memory // 8)
        self.small = Budget(memory // 16, memory // 16)
        self.arriving = Budget(memory // 16, memory // 16)

    @classmethod
    def within(
        cls,
        memory: int | None,
        max_body: int,
        *,
        is_typed: bool = False,
        decodes: bool = True,
        streams: bool = True,
    ) -> Admission | None:
        """Return the budgets for so many bytes of memory; None if memory is not limited."""
        if memory is None:
            return None
        return cls(memory, max_body, is_typed=is_typed, decodes=decodes, streams=streams)

    def admit_now(self, request: IncomingRequest) -> Reservation | None:
        """Let a request in whose body is small and has arrived; None if it has to wait or is not like that."""
        body = request.body
        if not body.is_complete:
            return None
        if not body.buffered:
            return NOTHING
        if body.buffered > MOST_ON_LOOP or self._is_to_decode(request):
            return None
        return self.small.take(self.needed_by(request, body.data))

    def needed_by(self, request: IncomingRequest, body: bytes | bytearray, *, is_part: bool = False) -> int:
        """Return the bytes that a request takes at most with this body; `is_part` is as in `parsed_size`."""
        content_type = request.headers.get(b"content-type", b"")
        return parsed_size(body, content_type, is_typed=self._is_typed, is_part=is_part)

    async def admit(self, request: IncomingRequest) -> Reservation:
        """Wait until a body has arrived, or the first part of a very large one, and there is memory to work on it.

        Raises:
            RequestError: 413 if the body is too large, 408 if it arrives too slowly, 503 if too many requests wait.

        """
        body = request.body
        arriving = NOTHING if body.is_complete else await self._receive(request)
        if self._is_to_decode(request):
            return Decoding(self, request, arriving)
        try:
            if not body.buffered:
                return NOTHING
            return await self.reserve(self.needed_by(request, body.data), body.buffered)
        finally:
            arriving.leave()

    async def reserve(self, needed: int, size: int, kept: int | None = None) -> Reservation:
        """Wait until there is memory to work on a body.

        Args:
            needed: the bytes that it takes at most.
            size: its bytes.
            kept: those that are in memory meanwhile; None if all are.

        Raises:
            LimitError: 503 if too many requests wait.

        """
        budget = self.small if size <= MOST_ON_LOOP else self.large
        return await budget.reserve(needed, size if kept is None else kept)

    async def reserve_arrival(self, request: IncomingRequest, received: int) -> Reservation:
        """Wait until there is room for a large body to arrive, of which so many bytes are here.

        Raises:
            LimitError: 503 if too many requests wait.

        """
        return await self.arriving.reserve(self._size_of(request), received, lambda: _cut(request.body))

    def _size_of(self, request: IncomingRequest) -> int:
        """Return how many bytes of a body arrive at most before it is worked on."""
        length = request.headers.get(b"content-length")
        sent = self._sent_limit(request, self._max_body) if length is None else int(length)
        return min(sent, self._sent_limit(request, self.whole))

    def _sent_limit(self, request: IncomingRequest, limit: int) -> int:
        return sent_limit(request.scope["headers"], limit) if self._is_to_decode(request) else limit

    def _is_to_decode(self, request: IncomingRequest) -> bool:
        return self._decodes and b"content-encoding" in request.headers and bool(codings_of(request.scope["headers"]))

    async def _receive(self, request: IncomingRequest) -> Reservation:
        """Let a body arrive, as soon as there is room for it; return what it has reserved."""
        body, length = request.body, request.headers.get(b"content-length")
        if length is not None:
            refuse_declared(length, self._sent_limit(request, self._max_body))
        if length is None or int(length) <= MOST_ON_LOOP:
            await body.arrival(MOST_ON_LOOP)
            if body.is_complete:
                return NOTHING
        body.pause()
        reservation = await self.reserve_arrival(request, body.buffered)
        try:
            await body.arrival(self._size_of(request))
        except BaseException:
            reservation.leave()
            raise
        return reservation


class Decoding(LateReservation):
    """What a request reserves whose body is decoded: what it has reserved to arrive, and then what its content takes.

    Attributes:
        most: the decoded bytes that count at most if a function reads the body as a stream.
        size: the decoded bytes that have been counted.

    """

    __slots__ = ("_admission", "_is_settled", "_needed", "_request", "most", "size")

    def __init__(self, admission: Admission, request: IncomingRequest, arriving: Reservation) -> None:
        super().__init__()
        self.become(arriving)
        self._admission = admission
        self._request = request
        self._is_settled = False
        self._needed = self.size = 0
        self.most = admission.whole

    def count(self, parts: Iterable[bytes | bytearray]) -> None:
        """Add what some parts of the body take."""
        for part in parts:
            self._needed += self._admission.needed_by(self._request, part, is_part=True)
            self.size += len(part)

    async def settle(self, kept: int) -> None:
        """Wait until there is memory for what has been counted, and begin to count again.

        The encoded body, of `kept` bytes, is in memory meanwhile.

        Raises:
            LimitError: 503 if too many requests wait.

        """
        if self._is_settled:
            # Two requests that have some of a budget could wait for each other.
            self.become(NOTHING)
        self.become(await self._admission.reserve(self._needed, self.size, kept) if self.size else NOTHING)
        self._is_settled = True
        self._needed = self.size = 0


def whole_within(memory: int) -> int:
    """Return the size of the largest body that takes no more than about half of so many bytes when it is parsed."""
    return memory // 100


def _cut(body: IncomingBody) -> None:
    body.cut(RequestError(408, "the body did not arrive in time, and other requests need the memory"))
