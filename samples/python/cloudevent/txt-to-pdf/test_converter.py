import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import storage
from botocore.exceptions import ClientError
from converter import on_created, ready

STORY = Path(__file__).with_name("story.txt")


@pytest.fixture(autouse=True)
def source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_BUCKET", "library")


@pytest.fixture
def bucket(s3: Any) -> str:
    s3.create_bucket(Bucket="library")
    return "library"


def created(key: str, bucket: str = "library") -> dict[str, Any]:
    return {"s3": {"bucket": {"name": bucket}, "object": {"key": key}}}


def content(s3: Any, key: str) -> bytes:
    return s3.get_object(Bucket="library", Key=key)["Body"].read()


def keys(s3: Any, bucket: str) -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]


def pages(document: bytes) -> list[str]:
    with pypdfium2.PdfDocument(io.BytesIO(document)) as opened:
        return [page.get_textpage().get_text_range().replace("\r\n", "\n") for page in opened]


def made(s3: Any, text: str) -> list[str]:
    s3.put_object(Bucket="library", Key="a.txt", Body=text.encode())
    attributes, _ = on_created(created("a.txt"))
    assert attributes["type"] == "com.example.pdf.made"
    return pages(content(s3, "a.pdf"))


def test_story_is_made_into_a_pdf_beside_it(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="stories/the lighthouse.txt", Body=STORY.read_bytes())

    attributes, data = on_created(created("stories/the+lighthouse.txt"))

    assert attributes["type"] == "com.example.pdf.made"
    assert data == {"bucket": bucket, "key": "stories/the lighthouse.txt", "pdf": "stories/the lighthouse.pdf"}
    assert s3.head_object(Bucket=bucket, Key=data["pdf"])["ContentType"] == "application/pdf"
    (text,) = pages(content(s3, data["pdf"]))
    for words in ["Möwen", "Маяк всё ещё светит", "Καλημέρα", "a heart ❤", "[ship]", "שלום", "مرحبا"]:
        assert words in text
    assert text.endswith("\n1")


def test_lines_are_wrapped_inside_the_margins(s3: Any, bucket: str) -> None:
    made(s3, "many words " * 100 + "\n" + "x" * 500)

    with pypdfium2.PdfDocument(io.BytesIO(content(s3, "a.pdf"))) as document:
        page = document[0]
        text = page.get_textpage()
        boxes = [text.get_charbox(index) for index in range(text.count_chars())]
        width = page.get_width()
    assert len({round(bottom) for _, bottom, _, _ in boxes}) > 10
    assert all(left > 25 and right < width - 25 for left, _, right, _ in boxes if right > left)


@pytest.mark.parametrize("line", ["שלום עולם", "مرحبا يا صديقي"], ids=["Hebrew", "Arabic"])
def test_line_from_right_to_left_begins_at_the_right_edge(s3: Any, bucket: str, line: str) -> None:
    made(s3, line)

    with pypdfium2.PdfDocument(io.BytesIO(content(s3, "a.pdf"))) as document:
        page = document[0]
        text = page.get_textpage()
        boxes = [text.get_charbox(index) for index in range(len(line))]
        assert boxes[0][2] > page.get_width() - 40  # the first letter is farthest to the right
        assert min(left for left, _, _, _ in boxes) > page.get_width() / 2


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        pytest.param("it costs 5 € → ✓ ∑", "it costs 5 € → ✓ ∑", id="symbols of the fonts"),
        pytest.param("\N{GRINNING FACE}", "[grinning face]", id="emoji by name"),
        pytest.param("\N{WAVING HAND SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}", "[waving hand sign]", id="modifier"),
        pytest.param("中", "□", id="character of no font"),
        pytest.param("{nb} **bold**", "{nb} **bold**", id="no markup"),
        pytest.param("a\tb\0c", "a bc", id="tab and control character"),
        pytest.param("", "", id="empty file"),
    ],
)
def test_text_is_printed_as_far_as_the_fonts_go(s3: Any, bucket: str, text: str, printed: str) -> None:
    assert made(s3, text) == [f"{printed}\n1" if printed else "1"]


def test_form_feed_and_full_page_begin_a_numbered_page(s3: Any, bucket: str) -> None:
    text = made(s3, "one\ftwo\n" + "line\n" * 50)

    assert [page.split("\n")[0] for page in text] == ["one", "two", "line"]
    assert [page.split("\n")[-1] for page in text] == ["1", "2", "3"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_is_read_by_its_mark(s3: Any, bucket: str, encoding: str) -> None:
    s3.put_object(Bucket=bucket, Key="a.txt", Body="Grüße".encode(encoding))

    on_created(created("a.txt"))

    assert pages(content(s3, "a.pdf")) == ["Grüße\n1"]


def test_upper_case_suffix_is_a_text_too(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="A.TXT", Body=b"hello")

    assert on_created(created("A.TXT"))[1]["pdf"] == "A.pdf"


@pytest.mark.parametrize("key", ["cat.jpg", "story.pdf", "txt", "notes.txt.gz"])
def test_other_files_get_a_polite_reply(bucket: str, key: str) -> None:
    attributes, data = on_created(created(key))

    assert attributes["type"] == "com.example.pdf.skipped"
    assert data == {"bucket": bucket, "key": key, "reason": "only .txt files are converted to PDF"}


def test_event_delivered_twice_is_answered_alike_and_writes_once(s3: Any, bucket: str) -> None:
    made(s3, "hello")
    before = s3.head_object(Bucket=bucket, Key="a.pdf")["LastModified"]
    storage.client("s3").meta.events.register("before-call.s3.PutObject", lambda **_: pytest.fail("written again"))

    attributes, _ = on_created(created("a.txt"))

    assert attributes["type"] == "com.example.pdf.made"
    assert s3.head_object(Bucket=bucket, Key="a.pdf")["LastModified"] == before


def test_changed_text_gets_a_new_pdf(s3: Any, bucket: str) -> None:
    assert made(s3, "hello") == ["hello\n1"]
    assert made(s3, "goodbye") == ["goodbye\n1"]


def test_pdf_of_somebody_else_is_left_alone(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a.txt", Body=b"hello")
    s3.put_object(Bucket=bucket, Key="a.pdf", Body=b"drawn by hand")

    text, status = on_created(created("a.txt"))

    assert status == 422
    assert "left as it is" in text
    assert content(s3, "a.pdf") == b"drawn by hand"


def test_pdf_put_by_somebody_else_meanwhile_is_not_overwritten(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="a.txt", Body=b"hello")

    def put(**_: Any) -> None:
        s3.put_object(Bucket=bucket, Key="a.pdf", Body=b"drawn by hand")

    storage.client("s3").meta.events.register_first("before-call.s3.PutObject", put)

    assert on_created(created("a.txt"))[1] == 503
    assert content(s3, "a.pdf") == b"drawn by hand"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        pytest.param({"Body": "{}"}, "no S3 notification", id="another shape"),
        pytest.param(created("lost.txt"), "lost.txt is not in library", id="missing object"),
        pytest.param(created("a.txt", bucket="payroll"), "bucket 'payroll' are not accepted", id="another bucket"),
        pytest.param(created("cat.jpg", bucket="payroll"), "bucket 'payroll' are not accepted", id="not even a text"),
        pytest.param(created("../payroll/ann.txt"), "part of a path", id="path"),
        pytest.param(created("latin.txt"), "byte 2 is not valid", id="another encoding"),
        pytest.param(created("long.txt"), "more than 1048576", id="too much"),
        pytest.param(created("emoji.txt"), "too long to print", id="too much when emoji are printed as names"),
        pytest.param(created("pages.txt"), "1001 form feeds", id="too many pages"),
    ],
)
def test_what_no_attempt_can_do_is_refused_for_good(s3: Any, bucket: str, data: Any, words: str) -> None:
    s3.put_object(Bucket=bucket, Key="latin.txt", Body="Grüße".encode("latin-1"))
    s3.put_object(Bucket=bucket, Key="long.txt", Body=b"x" * (2**20 + 1))
    s3.put_object(Bucket=bucket, Key="emoji.txt", Body=("\N{GRINNING FACE}" * (2**20 // 14)).encode())
    s3.put_object(Bucket=bucket, Key="pages.txt", Body=b"\f" * 1001)
    s3.create_bucket(Bucket="payroll")
    s3.put_object(Bucket="payroll", Key="a.txt", Body=b"12345")
    s3.put_object(Bucket="payroll", Key="ann.txt", Body=b"12345")

    text, status = on_created(data)

    assert status == 422
    assert words in text
    assert not [key for key in keys(s3, bucket) + keys(s3, "payroll") if key.endswith(".pdf")]


def test_missing_bucket_is_refused_for_good() -> None:
    assert on_created(created("a.txt")) == ("GetObject failed: NoSuchBucket", 422)


def test_without_a_bucket_it_is_not_ready_and_events_are_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ready() == (True, "")
    monkeypatch.delenv("SOURCE_BUCKET")

    text, status = on_created(created("a.txt"))

    assert status == 503
    assert "SOURCE_BUCKET is not set" in text
    assert ready() == (False, text)


def test_policy_of_the_manual_suffices_and_lets_it_write_only_pdfs(
    s3: Any, bucket: str, least_privileges: Callable[[], None]
) -> None:
    s3.put_object(Bucket=bucket, Key="notes/a.txt", Body=b"hello")
    least_privileges()

    assert on_created(created("notes/a.txt"))[1]["pdf"] == "notes/a.pdf"
    with pytest.raises(ClientError, match="AccessDenied"):
        storage.client("s3").put_object(Bucket=bucket, Key="notes/a.txt", Body=b"replaced")


def test_sample_event_is_one_the_function_takes(s3: Any, bucket: str) -> None:
    event = json.loads(Path(__file__).with_name("event.json").read_text(encoding="utf-8"))
    s3.put_object(Bucket=bucket, Key="story.txt", Body=STORY.read_bytes())

    assert on_created(event["data"])[1]["pdf"] == "story.pdf"
