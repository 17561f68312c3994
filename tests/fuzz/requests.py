"""Requests as clients write them, each with what a server must understand of it, and what becomes of their bytes on the way."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence


class Understood(NamedTuple):
    """What a server must understand of a request."""

    method: bytes
    target: bytes
    body: bytes


class Written(NamedTuple):
    """A valid request: its bytes, what they mean, and whether another one may follow."""

    data: bytes
    meaning: Understood
    is_last: bool = False


METHODS = st.sampled_from(
    [b"GET", b"POST", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"BREW", b"PLAY", b"M-SEARCH", b"G"]
)
TARGETS = st.sampled_from([b"/", b"/a/b?c=d&c=%ff", b"*", b"//x", b"http://x/y?z", b"/%00%zz", b"/parts", b"/a;b=c"])
TOKENS = st.text("!#$%&'*+-.^`|~09azAZ", min_size=1, max_size=8).map(str.encode)
VALUES = st.one_of(
    st.sampled_from([b"", b"x", b'"a, b"', b"a,b;c=d", b"\xc3\xa4\xff", b"a\tb"]),
    st.text("".join(map(chr, range(0x21, 0x7F))), max_size=12).map(str.encode),
)
SPACES = st.sampled_from([b"", b" ", b" ", b"\t", b" \t "])
# Fields that do not change how the request is framed.
NAMES = st.one_of(
    st.sampled_from([b"Accept", b"Cookie", b"X-Forwarded-Proto", b"traceparent", b"ce-id", b"x_y", b"Trailer"]),
    TOKENS.map(lambda token: b"X-" + token),
)
# Texts in which each byte looks like framing.
BODIES = st.one_of(
    st.binary(max_size=40),
    st.sampled_from([
        b"", b"0\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n\r\n", b"5\r\nhello\r\n0\r\n\r\n", b"a" * 300,
    ]),
)  # fmt: skip


@st.composite
def fields(draw: st.DrawFn, names: st.SearchStrategy[bytes], most: int = 4) -> bytes:
    """Write some field lines."""
    lines = draw(st.lists(st.tuples(names, SPACES, VALUES, SPACES), max_size=most))
    return b"".join(b"%b:%b%b%b\r\n" % line for line in lines)


@st.composite
def chunked(draw: st.DrawFn, body: bytes) -> bytes:
    """Write a body in chunks (RFC 9112 section 7.1), with extensions and a trailer."""
    written = b""
    for piece in pieces_of(body, draw(st.lists(st.integers(0, 400), max_size=3))):
        size = draw(st.sampled_from([b"%x", b"%X", b"00%x"])) % len(piece)
        written += size + draw(EXTENSIONS) + b"\r\n" + piece + b"\r\n"
    last = draw(st.sampled_from([b"0", b"000"])) + draw(EXTENSIONS) + b"\r\n"
    trailer = draw(st.one_of(st.just(b""), fields(TOKENS.map(lambda token: b"Y-" + token), 2)))
    return written + last + trailer + b"\r\n"


EXTENSIONS = st.sampled_from([b"", b"", b";a", b";a=b", b';a="b c";d'])


@st.composite
def valid_requests(draw: st.DrawFn) -> Written:
    """Write a request by the grammar (RFC 9112)."""
    method, target = draw(METHODS), draw(TARGETS)
    framing = draw(st.sampled_from(["none", "length", "chunked"]))
    body = b"" if framing == "none" else draw(BODIES)
    is_last = draw(st.integers(0, 5)) == 0
    lines = [b"Host: x\r\n", draw(fields(NAMES))]
    if is_last:
        lines.append(b"Connection: close\r\n")
    if draw(st.integers(0, 5)) == 0:
        lines.append(b"Expect: 100-continue\r\n")
    if framing == "length":
        lines.append(b"Content-Length:%b%d\r\n" % (draw(SPACES), len(body)))
    elif framing == "chunked":
        lines.append(b"Transfer-Encoding: %b\r\n" % draw(st.sampled_from([b"chunked", b"Chunked"])))
    header = b"".join(draw(st.permutations(lines)))
    content = draw(chunked(body)) if framing == "chunked" else body
    before = draw(st.sampled_from([b"", b"", b"", b"\r\n"]))
    line = b"%b%b %b HTTP/1.1\r\n" % (before, method, target)
    return Written(line + header + b"\r\n" + content, Understood(method, target, body), is_last)


# What parsers have read differently (https://portswigger.net/web-security/request-smuggling).
CONTROVERSIAL = st.sampled_from([
    b"Content-Length: 5\r\n", b"Content-Length: 0\r\n", b"Content-Length: +5\r\n", b"Content-Length: 5, 5\r\n",
    b"Content-Length: 0x5\r\n", b"Content-Length : 5\r\n", b"Content-Length:\x0b5\r\n", b" Content-Length: 5\r\n",
    b"Content_Length: 5\r\n", b"Content-Length: 5\n", b"Content-Length: -1\r\n", b"Content-Length:\r\n 5\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Transfer-Encoding: xchunked\r\n", b"Transfer-Encoding: chunked, identity\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n", b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
    b"Transfer-Encoding:\x0bchunked\r\n", b"Transfer-Encoding : chunked\r\n", b" Transfer-Encoding: chunked\r\n",
    b'Transfer-Encoding: "chunked"\r\n', b"X: y\nTransfer-Encoding: chunked\r\n", b"Transfer-Encoding:\r\n chunked\r\n",
    b"Transfer-Encoding: chunked;a=b\r\n", b"Transfer-Encoding: chunked,\r\n", b"Transfer-Encoding: ,chunked\r\n",
    b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"Connection: Upgrade\r\nUpgrade: h2c\r\n",
    b"Connection: Upgrade, close\r\nUpgrade: websocket\r\n", b"Host: y\r\n", b"Expect: 200-ok\r\n", b"\r\n",
    b"Content-Length: 99999999999999999999\r\n", b"Content-Length: 4294967301\r\n", b"Content-Length: 005\r\n",
])  # fmt: skip

BYTES = st.sampled_from([
    b"\r", b"\n", b"\r\n", b":", b" ", b"\t", b"\0", b"\x0b", b"\x7f", b"\x85", b"\xe9", b"a", b"0", b"5", b";", b",",
    b"%", b"_", b"HTTP/1.0", b"HTTP/1.1", b"\r\n\r\n", b"0\r\n\r\n", b"ffffffffffffffff", b"GET / HTTP/1.1\r\n",
])  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn, data: bytes) -> bytes:
    """Put a controversial field into a request, and change it in a few places."""
    for _ in range(draw(st.integers(0, 2))):
        lines = [place + 2 for place in range(len(data)) if data[place : place + 2] == b"\r\n"]
        place = draw(st.sampled_from(lines)) if lines else 0
        data = data[:place] + draw(CONTROVERSIAL) + data[place:]
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(data)))
        end = place + draw(st.integers(0, 4))
        data = data[:place] + draw(st.one_of(BYTES, st.just(data[place:end] * 2), st.just(b""))) + data[end:]
    return data


@st.composite
def bad_requests(draw: st.DrawFn) -> bytes:
    """Write some requests, one of them or more of them changed."""
    written = [request.data for request in draw(st.lists(valid_requests(), min_size=1, max_size=3))]
    return b"".join(draw(st.one_of(mutated(data), st.just(data))) for data in written)


CUTS = st.one_of(st.lists(st.integers(0, 2000), max_size=6), st.just(range(2000)))


def pieces_of(data: bytes, places: Sequence[int]) -> list[bytes]:
    """Cut bytes at some places."""
    bounds = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in pairwise(bounds)]
