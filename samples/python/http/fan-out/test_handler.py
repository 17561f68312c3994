import asyncio
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from handler import handler

# The service responds only if both requests arrive at the same time.
both = threading.Barrier(2)


class Service(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        try:
            both.wait(timeout=5)
        except threading.BrokenBarrierError:
            self.send_error(504)
            return
        self.send_response(500 if self.path == "/broken" else 200)
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[str]:
    both.reset()
    with ThreadingHTTPServer(("127.0.0.1", 0), Service) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_both_services_are_asked_at_once(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRST_URL", f"{service}/one")
    monkeypatch.setenv("SECOND_URL", f"{service}/two")

    assert asyncio.run(handler()) == ({"first": "/one", "second": "/two"}, 200)


def test_service_that_fails_is_a_bad_gateway(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRST_URL", f"{service}/one")
    monkeypatch.setenv("SECOND_URL", f"{service}/broken")

    assert asyncio.run(handler())[1] == 502


def test_missing_addresses_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIRST_URL", "http://127.0.0.1:9")
    monkeypatch.delenv("SECOND_URL", raising=False)

    assert asyncio.run(handler()) == ({"error": "not set: SECOND_URL"}, 500)
