from __future__ import annotations

import pytest

from funcpack_invoker.errors import RequestError
from funcpack_invoker.http.forwarded import TrustedProxies, forwarded_scheme

PROTO, SSL = b"x-forwarded-proto", b"x-forwarded-ssl"


@pytest.mark.parametrize(
    ("allowed", "address", "is_trusted"),
    [
        ((), "127.0.0.1", False),
        (("127.0.0.1", "::1"), "::1", True),
        (("127.0.0.1", "::1"), "10.0.0.1", False),
        (("10.0.0.0/8",), "10.255.0.1", True),
        (("10.0.0.0/8",), "11.0.0.1", False),
        (("fd00::/8",), "fd12::1", True),
        (("fd00::/8",), "10.0.0.1", False),
        (("10.0.0.0/8",), "no address", False),
        (("*",), "192.0.2.1", True),
    ],
)
def test_trusts(allowed: tuple[str, ...], address: str, is_trusted: bool) -> None:
    assert TrustedProxies(allowed).trusts(address) == is_trusted


@pytest.mark.parametrize(
    ("headers", "scheme"),
    [
        pytest.param([], "http", id="none"),
        pytest.param([(b"host", b"https")], "http", id="another header"),
        pytest.param([(PROTO, b"https")], "https", id="https"),
        pytest.param([(PROTO, b"HTTPS")], "https", id="any case"),
        pytest.param([(PROTO, b"http")], "http", id="http"),
        pytest.param([(PROTO, b"https, http")], "https", id="appended by two proxies"),
        pytest.param([(PROTO, b"http,https")], "http", id="appended by two proxies, the client uses http"),
        pytest.param([(PROTO, b"https"), (PROTO, b"https")], "https", id="twice"),
        pytest.param([(SSL, b"on")], "https", id="X-Forwarded-Ssl"),
        pytest.param([(b"x-forwarded-protocol", b"ssl")], "https", id="X-Forwarded-Protocol"),
        pytest.param([(PROTO, b"ftp")], "http", id="neither"),
    ],
)
def test_scheme(headers: list[tuple[bytes, bytes]], scheme: str) -> None:
    assert forwarded_scheme(headers) == scheme


def test_headers_that_contradict_each_other_are_400() -> None:
    with pytest.raises(RequestError, match="contradict") as caught:
        forwarded_scheme([(PROTO, b"https"), (SSL, b"off")])
    assert caught.value.status == 400
