"""Content codings that need a library of the function's environment: Brotli and Zstandard."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.environments import installed
from tests.integration.test_releases import SERVER

if TYPE_CHECKING:
    from tests.integration.conftest import Server, StartServer

ECHO = """
    def handler(req):
        return req.get_data() or "".join(f"{name}: {value}," for name, value in req.headers.items())
"""

HELLO = b"hello" * 100

# What the libraries make of it, and of 64 MiB of zeros.
BROTLI = bytes.fromhex("1bf301f8a5cbd0d8de046b5140aad4")
ZSTD = bytes.fromhex("28b52ffd60f4006500002868656c6c6f0100ec508b16")
BROTLI_BOMB = bytes.fromhex(
    "cbffff3ff82700e2b14020f7fe8fffff7ff04f00c4611180eefd1fffffffe09f0088c30200ddfb3ffeffffc13f0110870500baf77ffcffff837f"
    "02200e0b0074effff8ffff07ff04401c1600e8defff1ffff0ffe0980382c00d0bdffe3ffff1ffc1300715800a07bff37"
)

# Frames of Zstandard (RFC 8878 section 3.1.1), each with one block that repeats a byte 128 KiB times.
ZSTD_BOMB = bytes.fromhex("28b52ffd003803001000") * 512

# The header of a frame with a window of 16 MiB, and a block.
ZSTD_WIDE = bytes.fromhex("28b52ffd007045000010616101003f012c")


@pytest.fixture(scope="module")
def server(start_shared_server: StartServer) -> Server:
    requirements = ["flask", "cloudevents", *SERVER, "brotli==1.2.1", "backports.zstd==1.8.0"]
    python = installed("content-codings", sys.executable, requirements)
    return start_shared_server(ECHO, python=python, environment={"FUNCTION_MAX_BODY": "1MiB"})


@pytest.mark.parametrize(
    ("coding", "body", "status", "answer"),
    [
        pytest.param("br", BROTLI, 200, HELLO, id="br"),
        pytest.param("zstd", ZSTD, 200, HELLO, id="zstd"),
        pytest.param("zstd", ZSTD * 2, 200, HELLO * 2, id="zstd in two frames"),
        pytest.param("br", BROTLI[:-1], 400, b"the body is incomplete: its br coding does not end\n", id="br, cut"),
        pytest.param("zstd", ZSTD[:-1], 400, b"the body is incomplete: its zstd coding does not end\n", id="zstd, cut"),
        pytest.param("br", BROTLI + b"more", 400, b"the body is not valid br\n", id="br, bytes behind it"),
        pytest.param("zstd", ZSTD + b"more", 400, b"the body is not valid zstd\n", id="zstd, bytes behind it"),
        pytest.param("br", b"\xff" * 9, 400, b"the body is not valid br\n", id="br, malformed"),
        pytest.param("zstd", b"\xff" * 9, 400, b"the body is not valid zstd\n", id="zstd, malformed"),
        pytest.param("zstd", ZSTD_WIDE, 400, b"the body is not valid zstd\n", id="RFC 9659: window of more than 8 MiB"),
        pytest.param("br", BROTLI_BOMB, 413, b"the body is larger than 1048576 bytes\n", id="br, too large"),
        pytest.param("zstd", ZSTD_BOMB, 413, b"the body is larger than 1048576 bytes\n", id="zstd, too large"),
        pytest.param(
            "compress",
            b"x",
            415,
            b"unsupported content coding 'compress'; use one of: gzip, deflate, br, zstd\n",
            id="unknown",
        ),
    ],
)
def test_coding(server: Server, coding: str, body: bytes, status: int, answer: bytes) -> None:
    found = server.get("/", "POST", body, content_encoding=coding)
    assert (found.status, found.body) == (status, answer)
    assert found.headers.get("Accept-Encoding") == ("gzip, deflate, br, zstd" if status == 415 else None)


@pytest.mark.parametrize(("coding", "bomb"), [("br", BROTLI_BOMB), ("zstd", ZSTD_BOMB)])
def test_bomb_takes_no_memory(server: Server, coding: str, bomb: bytes) -> None:
    assert server.get("/", "POST", bomb[:-1], content_encoding=coding).status == 413
    (worker,) = server.children()
    peak = Path(f"/proc/{worker}/status").read_text().partition("VmHWM:")[2].split()[0]
    assert int(peak) < 120 << 10


def test_file_of_the_app_is_not_taken_for_a_library(start_server: StartServer) -> None:
    server = start_server(ECHO)
    (server.app / "brotli.py").write_text("raise SystemExit\n")
    (server.app / "zlib.py").write_text("raise SystemExit\n")
    assert server.get("/", "POST", b"x", content_encoding="br").status == 415
