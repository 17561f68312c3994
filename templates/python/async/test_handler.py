"""Calls the function the way the server does: in an event loop. The tests start the service that the function calls."""

import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from handler import handler


class Service(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"at your service")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def service_url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Service) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def test_answers_with_what_the_service_says(service_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICE_URL", service_url)

    assert asyncio.run(handler()) == ({"status": 200, "text": "at your service"}, 200)


def test_a_service_that_is_away_is_a_bad_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SERVICE_URL", "http://127.0.0.1:9/")

    assert asyncio.run(handler()) == ({"error": "the service did not respond: ConnectError"}, 502)
