"""What follows a save, with a real server that the test controls."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, ClassVar

import pytest

from benchmarks.development import SERVERS, Project
from benchmarks.front import Latencies

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Answers(BaseHTTPRequestHandler):
    """Answers with the next of the prepared answers; None is no answer at all."""

    prepared: ClassVar[list[tuple[int, bytes] | None]] = []

    def do_GET(self) -> None:
        answer = self.prepared.pop(0)
        if answer is not None:
            status, body = answer
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Write nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("answers", "failed"),
    [
        pytest.param([(200, b"001")], 0, id="new-at-once"),
        pytest.param([(200, b"000"), (200, b"000"), (200, b"001")], 0, id="old-first"),
        pytest.param([(200, b"000"), None, (500, b"001"), (200, b"001")], 2, id="failures"),
    ],
)
def test_save_counts_failures_until_the_new_answer(
    tmp_path: Path, port: int, answers: list[tuple[int, bytes] | None], failed: int
) -> None:
    Answers.prepared[:] = answers
    saved = Project(SERVERS[0], tmp_path, port).save()
    assert saved.failed == failed
    assert saved.seconds > 0
    assert Answers.prepared == []
    assert 'return "001"' in (tmp_path / "main.py").read_text()


def test_saves_have_different_answers_of_the_same_length(tmp_path: Path, port: int) -> None:
    project = Project(SERVERS[0], tmp_path, port)
    Answers.prepared[:] = [(200, b"001"), (200, b"001"), (200, b"002")]
    project.save()
    project.save()
    assert Answers.prepared == []


def test_the_front_adds_the_difference_of_the_medians() -> None:
    assert Latencies(through=[3.0, 5.0, 100.0], directly=[1.0, 2.0, 3.0]).added == 3
