"""Requests that lost bytes, and got others that mean something to a parser."""

from __future__ import annotations

from hypothesis import strategies as st

_BYTES = (b"\r", b"\n", b"\r\n", b":", b" ", b"\t", b"\0", b"\x7f", b"\xe9", b"a", b"{", b"%", b"_", b"4", b"\r\n\r\n")


@st.composite
def mutilated(draw: st.DrawFn, request: bytes) -> bytes:
    """Change a request in up to four places."""
    found = bytearray(request)
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(found) - 1))
        found[place : place + draw(st.integers(0, 3))] = draw(st.sampled_from(_BYTES))
    return bytes(found)
