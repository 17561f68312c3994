"""Lines of a process, and the text about a failed start among them."""

from __future__ import annotations

from funcpack.dev_server.lines import Lines


def test_lines_are_passed_on_when_they_end() -> None:
    told: list[str] = []
    lines = Lines(told.append, {"Title"})
    for data in (b"on", b"e\ntwo\n\nthr", b"ee"):
        lines.feed(data)
    assert told == ["one", "two", ""]
    lines.end()
    assert told == ["one", "two", "", "three"]


def test_bytes_that_are_not_text_are_kept() -> None:
    told: list[str] = []
    Lines(told.append, ()).feed(b"caf\xe9\r\n")
    assert told[0].encode(errors="surrogateescape") == b"caf\xe9\r"


def test_text_about_a_failed_start_is_held() -> None:
    told: list[str] = []
    lines = Lines(told.append, {"Title"})
    lines.feed(b"imported\nTitle\n\nfinding\n")
    assert (told, lines.held()) == (["imported"], ("Title", "", "finding"))


def test_text_that_only_looks_like_it_is_passed_on_after_the_start() -> None:
    told: list[str] = []
    lines = Lines(told.append, {"Title"})
    lines.feed(b"Title\nmore\n")
    lines.release()
    lines.feed(b"Title\n")
    assert (told, lines.held()) == (["Title", "more", "Title"], ())


def test_long_line_stays_one() -> None:
    told: list[str] = []
    lines = Lines(told.append, ())
    for _ in range(10):
        lines.feed(b"x" * (1 << 20))
    lines.feed(b"\nnext\n")
    assert [len(line) for line in told] == [10 << 20, 4]


def test_very_long_line_is_passed_on_in_pieces() -> None:
    told: list[str] = []
    lines = Lines(told.append, ())
    for _ in range(18):
        lines.feed(b"x" * (1 << 20))
    assert [len(line) for line in told] == [17 << 20]
