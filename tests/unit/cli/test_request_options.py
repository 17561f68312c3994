"""The requests that the options of `invoke` describe."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from funcpack.calls.request_options import RequestOptions, build
from funcpack.command_errors import CommandError, ConflictingOptionsError, EventError, EventFileError, OptionValueError

if TYPE_CHECKING:
    from funcpack.calls.request import Request

EVENT = {"specversion": "1.0", "id": "1", "source": "/orders", "type": "order.created", "data": {"order": 42}}


def encoded(request: Request) -> tuple[dict[str, str], bytes | None]:
    headers, body = request.encoded()
    return dict(headers), None if body is None else body.read()


def request(*, takes_events: bool = False, **options: Any) -> tuple[str, dict[str, str], bytes | None]:
    made = build(RequestOptions(**options), takes_events=takes_events)
    return (made.method, *encoded(made))


@pytest.mark.parametrize(
    ("options", "method", "headers", "body"),
    [
        ({}, "GET", {}, None),
        ({"data": "hello"}, "POST", {"Content-Type": "text/plain"}, b"hello"),
        ({"data": ""}, "POST", {"Content-Type": "text/plain"}, b""),
        ({"data": '{"a":1}'}, "POST", {"Content-Type": "application/json"}, b'{"a":1}'),
        ({"data": "\udcff"}, "POST", {"Content-Type": "application/octet-stream"}, b"\xff"),
        ({"json": " [1.10]"}, "POST", {"Content-Type": "application/json"}, b" [1.10]"),
        ({"data": "1", "method": "put"}, "PUT", {"Content-Type": "application/json"}, b"1"),
        ({"method": "DELETE"}, "DELETE", {}, None),
        ({"data": "x", "header": ("content-type: text/csv",)}, "POST", {"content-type": "text/csv"}, b"x"),
        ({"header": ("X-A:  b : c ", "X-Empty:")}, "GET", {"X-A": "b : c", "X-Empty": ""}, None),
        (
            {"form": ("a=1=2", "a=é &", "b=")},
            "POST",
            {"Content-Type": "application/x-www-form-urlencoded"},
            b"a=1%3D2&a=%C3%A9+%26&b=",
        ),
    ],
)
def test_http_request(options: dict[str, Any], method: str, headers: dict[str, str], body: bytes | None) -> None:
    assert request(**options) == (method, headers, body)


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("order", b'{"a": 1}', "application/json"),
        ("notes.md", b"hello", "text/plain"),
        ("photo.png", b"\x89PNG\xff", "image/png"),
        ("bytes", b"\xff", "application/octet-stream"),
        ("large.json", b'{"a": "%s"}' % (b"x" * (1 << 20)), "application/json"),
        ("large", b"x" * ((1 << 20) + 1), "application/octet-stream"),
    ],
)
def test_media_type_of_a_file(tmp_path: Path, name: str, content: bytes, media_type: str) -> None:
    (tmp_path / name).write_bytes(content)
    assert request(data=f"@{tmp_path / name}") == ("POST", {"Content-Type": media_type}, content)


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("order.txt", b'{"a": 1}', "application/json"),
        ("photo.png", b"\x89PNG\xff", "image/png"),
        ("large", b'{"a": "%s"}' % (b"x" * (1 << 20)), "application/json"),
    ],
)
def test_media_type_of_the_data_of_an_event(tmp_path: Path, name: str, content: bytes, media_type: str) -> None:
    (tmp_path / name).write_bytes(content)
    _, headers, body = request(type="t", data=f"@{tmp_path / name}")
    assert (headers["Content-Type"], body) == (media_type, content)


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="the system has no /proc")
def test_file_without_a_size() -> None:
    assert request(data="@/proc/version")[2] == Path("/proc/version").read_bytes()


def test_form_with_a_file_is_multipart_in_the_order_of_the_options(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(b"\x89PNG")
    _, headers, body = request(form=("before=1", f"photo=@{tmp_path / 'photo.png'}", "after=é"))
    media_type, _, boundary = headers["Content-Type"].partition("; boundary=")
    assert media_type == "multipart/form-data"
    parts = (body or b"").split(f"--{boundary}".encode())
    assert [part.strip() for part in parts] == [
        b"",
        b'Content-Disposition: form-data; name="before"\r\n\r\n1',
        b'Content-Disposition: form-data; name="photo"; filename="photo.png"\r\nContent-Type: image/png\r\n\r\n\x89PNG',
        b'Content-Disposition: form-data; name="after"\r\n\r\n\xc3\xa9',
        b"--",
    ]


@pytest.mark.parametrize(
    ("data", "content_type", "body"),
    [
        ('{"a":1.10}', "application/json", b'{"a":1.10}'),
        ("hello", "text/plain", b"hello"),
        ("\udcff", "application/octet-stream", b"\xff"),
    ],
)
def test_binary_event_has_the_data_as_it_was_written(data: str, content_type: str, body: bytes) -> None:
    method, headers, sent = request(type="order.created", subject='é "x"%', data=data)
    assert method == "POST"
    assert headers["ce-type"] == "order.created"
    assert headers["ce-subject"] == "%C3%A9%20%22x%22%25"
    assert headers["ce-specversion"] == "1.0"
    assert headers["ce-id"]
    assert headers["ce-time"].endswith("Z")
    assert headers["Content-Type"] == content_type
    assert sent == body


@pytest.mark.parametrize(
    ("data", "members"),
    [
        ('{"a": 1}', {"datacontenttype": "application/json", "data": {"a": 1}}),
        ("hello", {"datacontenttype": "text/plain", "data": "hello"}),
        ("\udcff", {"datacontenttype": "application/octet-stream", "data_base64": "/w=="}),
    ],
)
def test_structured_event(data: str, members: dict[str, Any]) -> None:
    _, headers, sent = request(type="t", source="/s", id="7", attribute=("tenant=a=b",), structured=True, data=data)
    event = json.loads(sent or b"")
    del event["time"]
    assert headers == {"Content-Type": "application/cloudevents+json"}
    assert event == {"specversion": "1.0", "type": "t", "source": "/s", "id": "7", "tenant": "a=b"} | members


def test_event_without_data_has_no_content_type() -> None:
    _, headers, sent = request(type="t")
    assert "Content-Type" not in headers
    assert sent == b""


def test_json_of_an_event_can_have_another_content_type() -> None:
    _, headers, sent = request(json="{}", attribute=("datacontenttype=application/vnd.orders+json",), type="t")
    assert (headers["Content-Type"], sent) == ("application/vnd.orders+json", b"{}")


def test_sample_has_its_data_and_other_attributes_on_request() -> None:
    _, headers, sent = request(sample="s3", subject="other.pdf")
    assert headers["ce-type"] == "com.amazon.s3.objectcreated"
    assert headers["ce-subject"] == "other.pdf"
    assert json.loads(sent or b"")["eventSource"] == "aws:s3"


def test_sample_has_other_data_on_request() -> None:
    _, headers, sent = request(sample="s3", data="hello")
    assert headers["ce-type"] == "com.amazon.s3.objectcreated"
    assert (headers["Content-Type"], sent) == ("text/plain", b"hello")


@pytest.mark.parametrize(
    ("takes_events", "options", "type_"),
    [
        (True, {}, "com.example.order.created"),
        (True, {"data": "hello"}, "com.example.order.created"),
        (True, {"type": "t"}, "t"),
        (True, {"form": ("a=b",)}, None),
        (False, {"structured": False, "data": "hello"}, None),
        (False, {"id": "1"}, "funcpack.invoke"),
    ],
)
def test_event_function_gets_the_sample_unless_the_options_describe_an_event(
    takes_events: bool, options: dict[str, Any], type_: str | None
) -> None:
    assert request(takes_events=takes_events, **options)[1].get("ce-type") == type_


@pytest.mark.parametrize("options", [{"structured": True}, {"batch": True}])
def test_mode_alone_sends_the_sample(options: dict[str, Any]) -> None:
    assert b'"com.example.order.created"' in (request(**options)[2] or b"")


class TestEventFile:
    """`--event FILE`."""

    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        return tmp_path / "event.json"

    def test_structured_event_is_sent_byte_by_byte(self, file: Path) -> None:
        text = json.dumps(EVENT, indent=3).replace("42", "4.20e1")
        file.write_text(text)
        assert request(event=str(file), structured=True)[2] == text.encode()

    def test_binary_event_has_the_same_attributes_and_no_more(self, file: Path) -> None:
        file.write_text(json.dumps(EVENT | {"retries": 3, "urgent": True}))
        _, headers, body = request(event=str(file))
        assert headers == {
            "ce-specversion": "1.0",
            "ce-id": "1",
            "ce-source": "/orders",
            "ce-type": "order.created",
            "ce-retries": "3",
            "ce-urgent": "true",
            "Content-Type": "application/json",
        }
        assert json.loads(body or b"") == {"order": 42}

    @pytest.mark.parametrize(
        ("content", "sent"),
        [
            (f"\n{json.dumps(EVENT)}\n", f"[{json.dumps(EVENT)}]"),
            (f" [{json.dumps(EVENT)},  {json.dumps(EVENT)}]", f"[{json.dumps(EVENT)},  {json.dumps(EVENT)}]"),
            ("[]", "[]"),
        ],
    )
    def test_batch(self, file: Path, content: str, sent: str) -> None:
        file.write_text(content)
        _, headers, body = request(event=str(file), batch=True)
        assert headers == {"Content-Type": "application/cloudevents-batch+json"}
        assert body == sent.encode()

    @pytest.mark.parametrize(
        ("content", "batch", "reason"),
        [
            ("[]", False, "it is an array of events, which only --batch sends"),
            ('{"specversion": "1.0"}', False, "id is missing"),
            ('{"Records": []}', False, "'Records' is not an attribute name: only a-z and 0-9 are allowed"),
            (
                "{",
                False,
                "the body is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
            ),
            ('[{"specversion": "1.0"}]', True, "event 1 of the batch: id is missing"),
        ],
    )
    def test_file_that_is_not_an_event(self, file: Path, content: str, batch: bool, reason: str) -> None:
        file.write_text(content)
        with pytest.raises(EventFileError) as caught:
            request(event=str(file), batch=batch)
        assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"type": ""}, "type is empty"),
        ({"type": "a\nb"}, r"type contains a character that is not allowed: 'a\nb'"),
        ({"attribute": ("time=yesterday",)}, "time is not an RFC 3339 timestamp: 'yesterday'"),
        ({"attribute": ("Tenant=a",)}, "'Tenant' is not an attribute name: only a-z and 0-9 are allowed"),
        ({"attribute": ("data=a",)}, "data is not allowed as an attribute name"),
    ],
)
def test_invalid_attribute(options: dict[str, Any], reason: str) -> None:
    with pytest.raises(EventError) as caught:
        request(**options)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ({"json": "{a"}, "--json '{a' is not JSON: Expecting property name"),
        ({"json": "NaN"}, "--json 'NaN' is not JSON: "),
        ({"json": ""}, "--json '' is not JSON: "),
        ({"form": ("a",)}, "--form 'a' is not NAME=VALUE."),
        ({"form": ("=a",)}, "--form '=a' is not NAME=VALUE."),
        ({"attribute": ("a",)}, "--attribute 'a' is not NAME=VALUE."),
        ({"header": ("a",)}, "--header 'a' is not a header field."),
        ({"header": ("a b: c",)}, "--header 'a b: c' is not a header field."),
        ({"header": ("a: b\r\nc: d",)}, r"--header 'a: b\r\nc: d' is not a header field."),
        ({"method": "GET /"}, "--method 'GET /' is not a method."),
        ({"path": "orders"}, "--path 'orders' does not begin with a slash."),
        ({"data": "@/does/not/exist"}, "/does/not/exist: No such file or directory."),
        ({"event": "/does/not/exist"}, "/does/not/exist: No such file or directory."),
        ({"form": ("a=@/does/not/exist",)}, "/does/not/exist: No such file or directory."),
    ],
)
def test_invalid_value_is_wrong_usage(options: dict[str, Any], found: str) -> None:
    with pytest.raises(CommandError) as caught:
        request(**options)
    assert caught.value.exit_code == 2
    assert caught.value.found.startswith(found)


def test_remedy_for_a_path_is_the_path_with_a_slash() -> None:
    with pytest.raises(OptionValueError) as caught:
        request(path="orders?page=2")
    assert caught.value.example == "--path '/orders?page=2'"


@pytest.mark.parametrize(
    ("options", "pair"),
    [
        ({"data": "a", "json": "1"}, "--data and --json"),
        ({"form": ("a=b",), "data": "a"}, "--form and --data"),
        ({"form": ("a=b",), "sample": "s3"}, "--form and --sample"),
        ({"form": ("a=b",), "structured": True}, "--form and --structured"),
        ({"event": "f", "type": "t"}, "--event and --type"),
        ({"event": "f", "attribute": ("a=b",)}, "--event and --attribute"),
        ({"event": "f", "sample": "s3"}, "--event and --sample"),
        ({"event": "f", "data": "a"}, "--event and --data"),
        ({"structured": True, "batch": True}, "--structured and --batch"),
        ({"replay": "a", "method": "GET"}, "--replay and --method"),
        ({"replay": "a", "save": "b"}, "--replay and --save"),
        ({"replay": "a", "batch": True}, "--replay and --batch"),
    ],
)
def test_contradicting_options(options: dict[str, Any], pair: str) -> None:
    with pytest.raises(ConflictingOptionsError) as caught:
        RequestOptions(**options).check_conflicts()
    assert caught.value.found == f"{pair} cannot be used together."


@pytest.mark.parametrize(
    "options",
    [
        {"sample": "s3", "data": "a", "structured": True, "header": ("a: b",), "method": "PUT", "path": "/a"},
        {"event": "f", "batch": True, "path": "/a", "save": "a"},
        {"form": ("a=b",), "path": "/a"},
        {"replay": "a"},
    ],
)
def test_options_without_contradiction(options: dict[str, Any]) -> None:
    RequestOptions(**options).check_conflicts()
