from __future__ import annotations

import socket
from contextlib import closing

import pytest

from funcpack_invoker.errors import ListenError
from funcpack_invoker.server.sockets import bind, listen, url


@pytest.fixture
def port() -> int:
    with socket.socket(socket.AF_INET6) as probe:
        probe.bind(("::", 0))
        return int(probe.getsockname()[1])


def test_no_host_is_one_socket_for_both_families(port: int) -> None:
    (listener,) = bind(None, port)
    with closing(listener):
        assert url(listener) == f"http://[::]:{port}"
        listen([listener], None, port)
        for address in ("127.0.0.1", "::1"):
            socket.create_connection((address, port), timeout=5).close()


def test_connections_are_refused_until_the_sockets_listen(port: int) -> None:
    (listener,) = bind("127.0.0.1", port)
    with closing(listener):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)
        listen([listener], "127.0.0.1", port)
        socket.create_connection(("127.0.0.1", port), timeout=5).close()


@pytest.mark.parametrize(
    ("host", "where"),
    [
        pytest.param("127.0.0.1", "http://127.0.0.1:{port}", id="IPv4"),
        pytest.param("0.0.0.0", "http://0.0.0.0:{port}", id="all IPv4"),
        pytest.param("::1", "http://[::1]:{port}", id="IPv6"),
        pytest.param("::", "http://[::]:{port}", id="all"),
    ],
)
def test_host_says_where(host: str, where: str, port: int) -> None:
    (listener,) = bind(host, port)
    with closing(listener):
        assert url(listener) == where.format(port=port)


def test_name_is_every_address_that_it_has(port: int) -> None:
    listeners = bind("localhost", port)
    assert {url(listener) for listener in listeners} <= {f"http://127.0.0.1:{port}", f"http://[::1]:{port}"}
    for listener in listeners:
        listener.close()


def test_port_in_use_is_refused_and_leaves_nothing_open(port: int) -> None:
    (listener,) = bind("127.0.0.1", port)
    listen([listener], "127.0.0.1", port)
    # pytest makes an error of a socket that is left open.
    with closing(listener), pytest.raises(ListenError) as error:
        bind("localhost", port)
    assert str(error.value) == (
        f"cannot listen on port {port} of localhost: another process uses the port; set PORT or HOST to change it"
    )


@pytest.mark.parametrize(
    ("host", "reason"),
    [
        pytest.param("192.0.2.1", "this machine does not have that address", id="an address of others"),
        pytest.param("2001:db8::1", "this machine does not have that address", id="an IPv6 address of others"),
        pytest.param("a..b", "invalid host name", id="no name"),
    ],
)
def test_host_that_is_not_here_is_refused(host: str, reason: str, port: int) -> None:
    with pytest.raises(ListenError) as error:
        bind(host, port)
    assert (error.value.host, error.value.port, error.value.reason) == (host, port, reason)
