"""The page can show any request and any answer."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from funcpack.dev_server.history import Exchange, Message
from funcpack.playground import views
from funcpack.playground.comparison import compare
from tests.unit.cli.exchanges import exchange

TEXTS = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=20)
NAMES = st.sampled_from(
    ["content-type", "content-encoding", "ce-specversion", "ce-type", "ce-source", "ce-id", "ce-datacontenttype", "x-a"]
)
VALUES = TEXTS | st.sampled_from(
    [
        "1.0",
        "application/json",
        "application/json; charset=utf-16",
        "application/cloudevents+json",
        "application/cloudevents-batch+json",
        "text/plain; charset=nothing",
        "%",
        "%ed%a0%80",
    ]
)
DOCUMENTS = st.fixed_dictionaries(
    {"specversion": st.just("1.0"), "id": st.just("1"), "source": st.just("x"), "type": st.text(max_size=5)},
    optional={"data": st.text() | st.floats() | st.lists(st.integers()), "data_base64": st.text(max_size=4)},
).map(lambda document: json.dumps(document).encode())
BODIES = st.binary(max_size=50) | DOCUMENTS | st.sampled_from([b"", b'"\\ud800"', b"[" * 3000, b"1e999", b"NaN"])


@st.composite
def messages(draw: st.DrawFn) -> Message:
    body = draw(BODIES)
    headers = tuple(draw(st.lists(st.tuples(NAMES, VALUES), max_size=6)))
    return Message(headers, body, len(body) + draw(st.sampled_from([0, 0, 5])))


EXCHANGES = st.builds(
    exchange,
    st.sampled_from([0, 200, 204, 302, 404, 500, 599, 999]),
    messages(),
    messages(),
    method=st.sampled_from(["GET", "HEAD", "POST", "X"]),
    path=TEXTS.map(lambda text: f"/{text}"),
    type=st.none() | st.text(max_size=5),
)


@given(EXCHANGES, EXCHANGES)
def test_any_exchange_can_be_shown_and_compared(old: Exchange, new: Exchange) -> None:
    json.loads(json.dumps(views.details(new, "http://127.0.0.1:8080")))
    json.loads(json.dumps([line.text for line in compare(old, new)]))
    assert compare(old, old) == []
