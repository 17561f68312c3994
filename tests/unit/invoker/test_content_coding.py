"""Functions get bodies as if they had been sent without a Content-Encoding."""

from __future__ import annotations

import gzip
import io
import json
import tracemalloc
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcpack_invoker.http.codings import sent_limit
from funcpack_invoker.http.content_coding import decoders_for, reader_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.invoker.conftest import Client

    Serve = Callable[..., Client]

HELLO = b"hello " * 100
GZIP = gzip.compress(HELLO)
ZLIB = zlib.compress(HELLO)


def raw(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


RAW = raw(HELLO)

SEEN = """
    {definition} handler({parameter}):
        import flask
        request = flask.request
        body = {body}
        headers = request.headers
        return [body.decode(), headers.get("Content-Encoding"), headers.get("Content-Length"), headers.get("X-Other")]
"""

KINDS = [
    pytest.param("def", "req", "req.get_data()", id="def"),
    pytest.param("def", "req", "req.stream.read()", id="stream"),
    pytest.param("def", "body, headers", "body", id="body"),
    pytest.param("async def", "req", "req.get_data()", id="async"),
]

CODED = [
    pytest.param("gzip", GZIP, id="gzip"),
    pytest.param("x-gzip", GZIP, id="x-gzip"),
    pytest.param("GZip", GZIP, id="any case"),
    pytest.param("gzip", gzip.compress(HELLO[:100]) + gzip.compress(HELLO[100:]), id="gzip in two members"),
    pytest.param("gzip", gzip.compress(b"") + GZIP, id="gzip with an empty member"),
    pytest.param("deflate", ZLIB, id="deflate"),
    pytest.param("deflate", RAW, id="deflate without the header of zlib"),
    pytest.param("deflate", zlib.compress(HELLO, 0), id="deflate, stored"),
    pytest.param("identity", HELLO, id="identity"),
    pytest.param("", HELLO, id="empty"),
    pytest.param("identity, gzip", GZIP, id="identity among others"),
    pytest.param("gzip, deflate", zlib.compress(GZIP), id="two codings"),
    pytest.param("deflate ,\tgzip", gzip.compress(ZLIB), id="two codings, the other way round"),
    pytest.param("gzip,gzip,gzip", gzip.compress(gzip.compress(GZIP)), id="three codings"),
]


@pytest.mark.parametrize(("definition", "parameter", "body"), KINDS)
@pytest.mark.parametrize(("coding", "sent"), CODED)
def test_body_is_decoded(serve: Serve, coding: str, sent: bytes, definition: str, parameter: str, body: str) -> None:
    client = serve(SEEN.format(definition=definition, parameter=parameter, body=body))
    answer = client.post(sent, {"content-encoding": coding, "x-other": "stays"})
    assert answer.json() == [HELLO.decode(), None, str(len(HELLO)), "stays"]


@pytest.mark.parametrize(("coding", "sent"), CODED)
def test_body_that_arrives_in_pieces_is_decoded(serve: Serve, coding: str, sent: bytes) -> None:
    client = serve(SEEN.format(definition="def", parameter="req", body="req.get_data()"))
    pieces = [sent[index : index + 1] for index in range(len(sent))]
    assert client.post(pieces, {"content-encoding": coding}).json() == [HELLO.decode(), None, None, None]


def test_request_without_a_body_has_nothing_to_decode(serve: Serve) -> None:
    client = serve("def handler(body, headers): return [len(body), 'content-encoding' in headers]")
    assert client.request("GET", headers={"content-encoding": "gzip"}).json() == [0, False]


def test_event_is_decoded(serve: Serve) -> None:
    client = serve("def handler(data, attributes): return {**attributes, 'type': 'reply'}, data")
    document = {"specversion": "1.0", "id": "1", "source": "/here", "type": "t", "data": {"a": 1}}
    headers = {"content-encoding": "gzip", "content-type": "application/cloudevents+json"}
    assert client.post(gzip.compress(json.dumps(document).encode()), headers).json() == {"a": 1}


@pytest.mark.parametrize(
    ("coding", "named"),
    [
        pytest.param("compress", "'compress'", id="registered"),
        pytest.param("gzip, snappy", "'snappy'", id="one of two"),
        pytest.param("utf-8", "'utf-8'", id="a charset"),
        pytest.param("\xff\x01", r"'ÿ\x01'", id="no token"),
        pytest.param("x" * 1000, "'" + "x" * 40 + "'", id="long"),
    ],
)
def test_unknown_coding_is_415_with_the_accepted_ones(serve: Serve, coding: str, named: str) -> None:
    client = serve("def handler(body): raise AssertionError('called')")
    answer = client.post(b"x", {"content-encoding": coding})
    assert answer.status == 415
    accepted = answer.header("accept-encoding")
    assert accepted is not None
    assert accepted.startswith("gzip, deflate")
    assert answer.text == f"unsupported content coding {named}; use one of: {accepted}\n"


def test_number_of_codings_is_limited(serve: Serve) -> None:
    client = serve("def handler(body): raise AssertionError('called')")
    assert client.post(b"x", {"content-encoding": ", ".join(["gzip"] * 4)}).status == 415


MALFORMED = [
    pytest.param("gzip", b"hello", "the body is not valid gzip", id="not encoded"),
    pytest.param("gzip", ZLIB, "the body is not valid gzip", id="another coding"),
    pytest.param("gzip", GZIP[:-8] + b"12345678", "the body is not valid gzip", id="wrong checksum"),
    pytest.param("gzip", GZIP + b"more", "the body is not valid gzip", id="bytes behind it"),
    pytest.param("gzip", GZIP[:-1], "the body is incomplete: its gzip coding does not end", id="cut"),
    pytest.param("gzip", GZIP[:5], "the body is incomplete: its gzip coding does not end", id="cut in its header"),
    pytest.param("deflate", b"\xffhello", "the body is not valid deflate", id="not deflate"),
    pytest.param("deflate", ZLIB + b"more", "the body is not valid deflate", id="bytes behind deflate"),
    pytest.param("deflate", RAW + RAW, "the body is not valid deflate", id="deflate twice"),
    pytest.param("deflate, gzip", gzip.compress(b"hello"), "the body is not valid deflate", id="the inner coding"),
    pytest.param("deflate, gzip", ZLIB, "the body is not valid gzip", id="the outer coding"),
]


@pytest.mark.parametrize(("definition", "parameter", "body"), KINDS)
@pytest.mark.parametrize(("coding", "sent", "reason"), MALFORMED)
def test_malformed_body_is_400(
    serve: Serve, coding: str, sent: bytes, reason: str, definition: str, parameter: str, body: str
) -> None:
    client = serve(SEEN.format(definition=definition, parameter=parameter, body=body))
    answer = client.post(sent, {"content-encoding": coding})
    assert (answer.status, answer.text) == (400, f"{reason}\n")


@pytest.mark.parametrize("size", [0, 1, 9, 10, 11, 1000])
@pytest.mark.parametrize("coding", ["gzip", "deflate, gzip"])
@pytest.mark.parametrize(("definition", "parameter", "body"), KINDS)
def test_limit_is_for_the_decoded_body(
    serve: Serve, size: int, coding: str, definition: str, parameter: str, body: str
) -> None:
    code = SEEN.format(definition=definition, parameter=parameter, body=body)
    client = serve(code, FUNCTION_MAX_BODY="10" if coding == "gzip" else "30")
    content = b"x" * (size if coding == "gzip" else 3 * size)
    sent = gzip.compress(content if coding == "gzip" else zlib.compress(content))
    answer = client.post(sent, {"content-encoding": coding})
    assert answer.status == (200 if size <= 10 else 413)


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize(("definition", "parameter", "body"), KINDS)
def test_data_that_does_not_compress_may_be_as_large_as_the_limit(
    serve: Serve, parts: int, definition: str, parameter: str, body: str
) -> None:
    code = SEEN.format(definition=definition, parameter=parameter, body=body).replace("body.decode()", "len(body)")
    client = serve(code, FUNCTION_MAX_BODY="100000")
    sent = zlib.compress(bytes(range(256)) * 390 + bytes(160), 0)
    assert len(sent) > 100000
    pieces = [sent] if parts == 1 else [sent[:50000], sent[50000:], b""]
    answer = client.post(pieces, {"content-encoding": "deflate", "content-length": str(len(sent))})
    assert answer.json()[0] == 100000


@pytest.mark.parametrize("memory", [None, 64 << 20])
@pytest.mark.parametrize("size", [10, 11])
@pytest.mark.parametrize("coding", ["identity", "Identity, identity", ""])
def test_body_without_a_coding_has_the_ordinary_limit(serve: Serve, coding: str, size: int, memory: int | None) -> None:
    client = serve("def handler(body): return str(len(body))", memory=memory, FUNCTION_MAX_BODY="10")
    headers = {"content-encoding": coding}
    assert client.post(b"x" * size, headers).status == (200 if size <= 10 else 413)
    assert client.post([b"x" * 5, b"x" * (size - 5)], headers).status == (200 if size <= 10 else 413)


def test_encoded_body_is_limited_too(serve: Serve) -> None:
    client = serve("def handler(body): raise AssertionError('called')", FUNCTION_MAX_BODY="10")
    empty_members = gzip.compress(b"") * 200
    assert len(empty_members) > sent_limit([(b"content-encoding", b"gzip")], 10)
    assert client.post(empty_members, {"content-encoding": "gzip"}).status == 413
    assert client.post([empty_members[:500], empty_members[500:]], {"content-encoding": "gzip"}).status == 413


@pytest.mark.parametrize("coding", ["gzip", "deflate", "gzip, gzip"])
@pytest.mark.parametrize(("definition", "parameter", "body"), KINDS)
def test_bomb_is_413_before_it_takes_memory(
    serve: Serve, coding: str, definition: str, parameter: str, body: str
) -> None:
    client = serve(SEEN.format(definition=definition, parameter=parameter, body=body), FUNCTION_MAX_BODY="1MiB")
    content = bytes(64 << 20)
    sent = zlib.compress(content) if coding == "deflate" else gzip.compress(content)
    if coding == "gzip, gzip":
        sent = gzip.compress(sent)
    tracemalloc.start()
    answer = client.post(sent, {"content-encoding": coding})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.status == 413
    assert peak < 4 << 20


@pytest.mark.parametrize("chunked", [False, True])
def test_large_body_is_decoded_while_the_function_reads(serve: Serve, chunked: bool) -> None:
    client = serve("""
        def handler(req):
            size, most = 0, 0
            while chunk := req.stream.read(1 << 16):
                size += len(chunk)
                most = max(most, len(chunk))
            return [size, most, req.headers.get("Content-Length"), req.headers.get("Content-Encoding")]
    """)
    sent = gzip.compress(bytes(40 << 20), 1) + zlib.compress(b"", wbits=31) * 60_000
    assert len(sent) > 1 << 20
    body: Any = [sent[index : index + (1 << 19)] for index in range(0, len(sent), 1 << 19)] if chunked else sent
    answer = client.post(body, {"content-encoding": "gzip"})
    assert answer.json() == [40 << 20, 1 << 16, None, None]


@given(
    st.binary(max_size=300_000), st.lists(st.sampled_from(["gzip", "deflate", "raw"]), max_size=3), st.integers(1, 9)
)
def test_codings_are_undone_in_order(content: bytes, codings: list[str], level: int) -> None:
    encode: dict[str, Callable[[bytes], bytes]] = {
        "gzip": lambda data: gzip.compress(data, level),
        "deflate": lambda data: zlib.compress(data, level),
        "raw": raw,
    }
    sent = content
    for coding in codings:
        sent = encode[coding](sent)
    names = [coding.replace("raw", "deflate") for coding in codings]
    reader = reader_of(io.BytesIO(sent), decoders_for(names, ()), 1 << 20)
    assert reader.read() == content
