"""Reserves memory for a body that an application receives while it arrives.

Other bodies pass the budgets of `admission` before the call. This one passes them during the call, with the same rules: a
large body has reserved some of the first budget while it arrives, and before the application gets the last part, what all
of it can become is reserved in the second one. Nobody who has some of the second waits for the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack_invoker.http.body import MOST_ON_LOOP
from funcpack_invoker.http.budget import LateReservation

if TYPE_CHECKING:
    from funcpack_invoker.http.admission import Admission
    from funcpack_invoker.http.incoming import IncomingRequest


class Reception(LateReservation):
    """What a request reserves while its body is received."""

    __slots__ = ("_admission", "_body", "_is_reserved", "_needed", "_received", "_request")

    def __init__(self, admission: Admission, request: IncomingRequest) -> None:
        super().__init__()
        self._admission = admission
        self._request = request
        self._body = request.body
        self._body.is_read_early = True
        # Of the parts that the application has: their bytes, and what they take at most when they are parsed.
        self._received = self._needed = 0
        # Whether memory is reserved for what the body becomes.
        self._is_reserved = False

    async def next_chunk(self) -> tuple[bytes, bool]:
        """Return the next part of the body as soon as there is memory for it, and whether more follows.

        Raises:
            RequestError: 408 if it arrives too slowly, 503 if too many requests wait.

        """
        body = self._body
        await body.next_arrival()
        if not self._is_reserved:
            # The part stays in the body meanwhile: an application may give up waiting, and ask for it later.
            await self._reserve()
        data, more = await body.next_chunk()
        self._received += len(data)
        if not self._is_reserved:
            self._needed += self._admission.needed_by(self._request, data, is_part=True)
        return data, more

    async def _reserve(self) -> None:
        """Reserve what the next part makes necessary."""
        body, admission = self._body, self._admission
        if self._size > MOST_ON_LOOP and not (body.is_admitted or self._is_known()):
            body.pause()
            self.become(await admission.reserve_arrival(self._request, self._size))
            body.admit()
        # What had been read of the connection before may have been the rest.
        if self._is_known():
            body.pause()
            needed = self._needed + admission.needed_by(self._request, body.data, is_part=bool(self._received))
            self.become(await admission.reserve(needed, self._size))
            self._is_reserved = True
            body.admit()

    @property
    def _size(self) -> int:
        """The bytes that have arrived."""
        return self._received + self._body.buffered

    def _is_known(self) -> bool:
        """Return whether all has arrived that counts."""
        return self._body.is_complete or self._size > self._admission.whole
