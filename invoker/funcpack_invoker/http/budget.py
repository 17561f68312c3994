"""A budget of memory that requests share. Those that find no room wait, in the order in which they came."""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from funcpack_invoker.errors import LimitError

if TYPE_CHECKING:
    from collections.abc import Callable

# Seconds that a reservation may last while others wait for it, and bytes that it may last a second more for. Only what a
# client does slowly is limited in this way, see `Budget.reserve`.
_PATIENCE = 1.0
_PATIENCE_RATE = 100_000


class Reservation:
    """A part of a budget. It is given back when everybody who stayed has left.

    Attributes:
        size: in bytes.

    """

    __slots__ = ("_budget", "_stays", "size")

    def __init__(self, budget: Budget | None, size: int) -> None:
        self._budget = budget
        self._stays = 1
        self.size = size

    def stay(self) -> None:
        """Keep it until another `leave`."""
        self._stays += 1

    def leave(self) -> None:
        """Give it back, if nobody else stays."""
        self._stays -= 1
        if not self._stays and self._budget is not None:
            self._budget.take_back(self)


class LateReservation(Reservation):
    """What a request reserves after it has been let in: nothing at first, and then one reservation after the other."""

    __slots__ = ("_current",)

    def __init__(self) -> None:
        super().__init__(None, 0)
        self._current = NOTHING

    def leave(self) -> None:
        """Give back what it has, if nobody else stays."""
        super().leave()
        if not self._stays:
            self.become(NOTHING)

    def become(self, reservation: Reservation) -> None:
        """Have another reservation from now on, and give back what it had."""
        before, self._current = self._current, reservation
        before.leave()
        if self._stays <= 0 and reservation is not NOTHING:
            # The call has ended meanwhile.
            self.become(NOTHING)


class Budget:
    """So many bytes of memory.

    Attributes:
        size: of it.
        free: the part that nobody has reserved.

    """

    def __init__(self, size: int, most_waiting: int) -> None:
        """Share `size` bytes; the requests that wait for some of them may keep `most_waiting` bytes meanwhile."""
        self.size = self.free = size
        self._most_waiting = most_waiting
        self._kept = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        # What to do to those that reserve for a client, by their reservations, if the client is slow and others wait.
        self._cuts: dict[Reservation, tuple[float, Callable[[], None]]] = {}
        self._is_pressing = False

    @property
    def waiting(self) -> int:
        """The number of those that wait."""
        return len(self._waiting)

    def take(self, size: int) -> Reservation | None:
        """Reserve `size` bytes if there is room and nobody waits; the whole budget if they are more than it has."""
        size = min(size, self.size)
        if size > self.free or self._waiting:
            return None
        self.free -= size
        return Reservation(self, size)

    async def reserve(self, size: int, kept: int = 0, cut: Callable[[], None] | None = None) -> Reservation:
        """Reserve `size` bytes as soon as there is room, after those that have waited for longer.

        Args:
            size: in bytes; the whole budget if it has less.
            kept: the bytes that the request keeps in memory while it waits. If nobody else keeps any, they may be many.
            cut: ends what the reservation is for; called if others wait and it has lasted too long.

        Raises:
            LimitError: 503 if those that wait keep too much.

        """
        reservation = self.take(size)
        if reservation is None:
            most = min(size, self.size)
            await self._wait(most, kept)
            reservation = Reservation(self, most)
        if cut is not None:
            end = asyncio.get_running_loop().time() + _PATIENCE + size / _PATIENCE_RATE
            self._cuts[reservation] = end, cut
        return reservation

    def take_back(self, reservation: Reservation) -> None:
        """Take back a reservation."""
        if self._cuts:
            self._cuts.pop(reservation, None)
        self.add(reservation.size)

    def add(self, size: int) -> None:
        """Take back some bytes, and give them to those that wait."""
        self.free += size
        while self._waiting and self._waiting[0][0] <= self.free:
            wanted, turn = self._waiting.popleft()
            if not turn.done():
                self.free -= wanted
                turn.set_result(None)

    async def _wait(self, size: int, kept: int) -> None:
        if self._kept and self._kept + kept > self._most_waiting:
            raise LimitError(503, "too many requests wait for memory")
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        self._kept += kept
        self._press()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                # Its turn came in the same iteration of the loop.
                self.add(size)
            else:
                with suppress(ValueError):  # it has been passed over already
                    self._waiting.remove((size, turn))
                # Those behind it may fit.
                self.add(0)
            raise
        finally:
            self._kept -= kept

    def _press(self) -> None:
        """Look after a while whether somebody still waits, and for whom."""
        if not self._is_pressing:
            self._is_pressing = True
            asyncio.get_running_loop().call_later(_PATIENCE, self._cut_slow)

    def _cut_slow(self) -> None:
        self._is_pressing = False
        if not self._waiting:
            return
        now = asyncio.get_running_loop().time()
        for reservation, (end, cut) in tuple(self._cuts.items()):
            if now >= end:
                del self._cuts[reservation]
                cut()
        self._press()


# Of a request that takes no memory worth counting.
NOTHING = Reservation(None, 0)
