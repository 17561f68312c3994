"""Requests are found in a client's bytes however these are cut, and nothing follows one that is rejected."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from funcpack_invoker.errors import RequestError
from funcpack_invoker.http.incoming import IncomingBody, IncomingRequest
from funcpack_invoker.http.limits import WireLimits
from funcpack_invoker.http.parser import MOST_PIECES, RequestParser
from tests.unit.invoker.mutilation import mutilated

if TYPE_CHECKING:
    from collections.abc import Sequence

_LIMITS = WireLimits(request_line=60, field=40, fields=5, header=200, framing=200)
_MAX_BODY = 100

GET = b"GET /a?b=c HTTP/1.1\r\nHost: a.b\r\nX-One:  1 \t\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a.b\r\nContent-Length: 8\r\n\r\na\r\n\r\nGET"
CHUNKED = b"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nab\n\r\n4\r\n\r\n\r\n\r\n0\r\nAb: c\r\n\r\n"
UPGRADE = b"GET /u HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
UPGRADE_WITH_BODY = UPGRADE.replace(b"GET", b"PUT").replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\nabc")
UPGRADE_CHUNKED = CHUNKED.replace(b"Host: a\r\n", b"Host: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n")
BREW = b"BREW /pot HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nhot"
PLAY = BREW.replace(b"BREW", b"PLAY")
LAST = b"GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

Seen = tuple[str, bytes, list[tuple[bytes, bytes]], bytes, bool]


def parse(pieces: Sequence[bytes]) -> tuple[list[Seen], int]:
    """Feed pieces as a connection does; return the requests whose bodies are complete, and the status of a rejection."""
    requests: list[IncomingRequest] = []
    bodies: list[bytes] = []

    class Body(IncomingBody):
        """A body that the test reads."""

        def add(self, data: bytes) -> None:
            bodies[-1] += data

    def new_body(is_awaited: bool) -> IncomingBody:
        bodies.append(b"")
        return Body(lambda: None, is_awaited=is_awaited)

    parser = RequestParser(_LIMITS, _MAX_BODY, new_body, requests.append)
    status = 0
    try:
        for piece in pieces:
            rest, before = piece, len(requests)
            while rest:
                rest = parser.feed(rest)
                assert len(requests) <= before + 1, "two requests at a time"
                before = len(requests)
    except RequestError as error:
        status = error.status
    seen: list[Seen] = [
        (
            request.scope["method"],
            request.scope["raw_path"] + b"?" + request.scope["query_string"],
            list(request.scope["headers"]),
            body,
            request.keeps_alive,
        )
        for request, body in zip(requests, bodies, strict=True)
        if request.body.is_complete
    ]
    return seen, status


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(bounds) if start < end]


@pytest.mark.parametrize(
    ("sent", "targets", "body"),
    [
        pytest.param(GET, [b"/a?b=c"], b"", id="no-body"),
        pytest.param(POST, [b"/?"], b"a\r\n\r\nGET", id="length"),
        pytest.param(CHUNKED, [b"/c?"], b"ab\n\r\n\r\n", id="chunked"),
        pytest.param(UPGRADE + GET, [b"/u?", b"/a?b=c"], b"", id="upgrade-is-ignored"),
        pytest.param(UPGRADE_WITH_BODY, [b"/u?"], b"abc", id="upgrade-with-a-body"),
        pytest.param(UPGRADE_CHUNKED, [b"/c?"], b"ab\n\r\n\r\n", id="upgrade-with-a-chunked-body"),
        pytest.param(BREW, [b"/pot?"], b"hot", id="a-method-that-llhttp-does-not-know"),
        pytest.param(PLAY + GET, [b"/pot?", b"/a?b=c"], b"", id="a-method-that-llhttp-takes-for-another-protocol-s"),
        pytest.param(LAST + GET, [b"/last?"], b"", id="nothing-after-the-last"),
        pytest.param(b"\r\n\r\n" + GET + b"\r\n", [b"/a?b=c"], b"", id="empty-lines-before-and-after"),
        pytest.param(CHUNKED + GET + POST, [b"/c?", b"/a?b=c", b"/?"], b"a\r\n\r\nGET", id="pipelined"),
    ],
)
def test_requests_are_found(sent: bytes, targets: list[bytes], body: bytes) -> None:
    seen, status = parse([sent])
    assert status == 0
    assert [target for _, target, *_ in seen] == targets
    assert seen[-1][3] == body


OF_HTTP = ["GET", "PATCH", "QUERY", "SOURCE", "UPDATEREDIRECTREF", "VERSION-CONTROL"]
OF_RTSP = ["DESCRIBE", "FLUSH", "PAUSE", "PLAY", "RECORD", "SETUP", "TEARDOWN"]
OF_RTSP_TOO = ["ANNOUNCE", "GET_PARAMETER", "REDIRECT", "SET_PARAMETER"]


@pytest.mark.parametrize("method", OF_HTTP + OF_RTSP + OF_RTSP_TOO)
def test_every_method_is_found(method: str) -> None:
    """Those that are registered for HTTP, and those of RTSP, which are methods like invented ones."""
    request = b"%s /a HTTP/1.%d\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"
    data = request % (method.encode(), 1) + request % (method.encode(), 0)
    assert [found for found, *_ in parse([data])[0]] == [method, method]
    assert parse([bytes([byte]) for byte in data]) == parse([data])


def test_small_chunks_are_parsed_some_at_a_time() -> None:
    """Otherwise one client's bytes would keep the event loop for thousands of times as long as another's."""
    bodies: list[IncomingBody] = []

    def new_body(is_awaited: bool) -> IncomingBody:
        bodies.append(IncomingBody(lambda: None, is_awaited=is_awaited))
        return bodies[-1]

    parser = RequestParser(WireLimits(), 1 << 20, new_body, lambda _: None)
    count = 10 * MOST_PIECES
    rest = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\na\r\n" * count + b"0\r\n\r\n"
    sizes = [0]
    while rest:
        rest = parser.feed(rest)
        sizes.append(bodies[0].buffered)
    assert max(after - before for before, after in pairwise(sizes)) <= MOST_PIECES
    assert (bodies[0].is_complete, bodies[0].buffered) == (True, count)


@pytest.mark.parametrize("before", [b"\r", b"\n", b"\r\n\r", b"\r\n\n", b"\r\r\n"])
def test_half_an_empty_line_before_a_request_is_rejected(before: bytes) -> None:
    assert parse([before + GET]) == ([], 400)
    assert parse(cut(before + GET, range(len(before + GET)))) == ([], 400)


def test_fields_are_in_lower_case_without_space_around_values() -> None:
    assert parse([GET])[0][0][2] == [(b"host", b"a.b"), (b"x-one", b"1")]


@pytest.mark.parametrize("upgrade", [UPGRADE_WITH_BODY, UPGRADE_CHUNKED], ids=["length", "chunked"])
def test_fields_of_a_request_that_asks_for_an_upgrade_are_those_that_were_sent(upgrade: bytes) -> None:
    header, blank, body = upgrade.partition(b"\r\n\r\n")
    most = header + b"\r\nx: y" * (_LIMITS.fields - header.count(b"\r\n")) + blank + body
    for sent in (upgrade, most):
        [seen], status = parse([sent])
        assert status == 0
        assert len(seen[2]) == sent.partition(b"\r\n\r\n")[0].count(b"\r\n")


@given(
    st.lists(
        st.sampled_from([GET, POST, CHUNKED, UPGRADE, UPGRADE_WITH_BODY, UPGRADE_CHUNKED, BREW, PLAY, LAST, b"\r\n"]),
        max_size=5,
    ),
    st.lists(st.integers(min_value=0, max_value=1000), max_size=8),
)
@example([GET, POST], [len(GET) - 1])
@example([b"\r\n", b"\n", GET], [1, 2])
@example([b"\r\n", BREW], [1])
@example([b"\r\n", GET.replace(b"1.1", b"1.0")], [1])
def test_cuts_change_nothing(requests: list[bytes], places: list[int]) -> None:
    data = b"".join(requests)
    assert parse(cut(data, places)) == parse([data])


@given(
    st.sampled_from([GET, POST, CHUNKED, UPGRADE_WITH_BODY, UPGRADE_CHUNKED, BREW, PLAY]).flatmap(mutilated),
    st.lists(st.integers(0, 300), max_size=4),
)
def test_cuts_change_nothing_of_a_mutilated_request_but_the_reason(request: bytes, places: list[int]) -> None:
    whole, whole_status = parse([request + GET])
    cut_up, cut_status = parse(cut(request + GET, places))
    assert cut_up == whole
    assert bool(cut_status) == bool(whole_status)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        pytest.param(b"GET /" + b"a" * 60, 414, id="target"),
        pytest.param(b"GET / HTTP/1.1\r\nA: " + b"b" * 40 + b"\r\n\r\n", 431, id="field"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 6 + b"\r\n", 431, id="fields"),
        pytest.param(b"GET / HTTP/1.1\r\nA: " + b"b" * 300, 431, id="header-without-end"),
        pytest.param(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n", 413, id="chunk"),
        *(
            pytest.param(
                b"POST / HTTP/1.1\r\nContent-Encoding: %s\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n" % coding,
                status,
                id=name,
            )
            for coding, status, name in [
                (b"gzip", 0, "chunk that may be decoded"),
                (b"identity", 413, "chunk without a coding"),
                (b"Identity\r\nContent-Encoding: identity , ", 413, "chunk without codings"),
            ]
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n" + b"a" * 100 + b"\r\n1\r\n",
            413,
            id="chunks",
        ),
        pytest.param(
            b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"a" * 300, 413, id="extension"
        ),
    ],
)
def test_limit(sent: bytes, status: int) -> None:
    assert parse([sent])[1] == status
    assert parse([bytes([byte]) for byte in sent])[1] == status
