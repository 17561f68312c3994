"""Installation from a package index: its URL, its credentials, and the errors if it fails."""

from __future__ import annotations

import base64
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.images.package_index import PASSWORD, USER, package_index_server, private_index_server
from tests.unit.buildpack.builds import PYTHON
from tests.unit.buildpack.wheels import write_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.images.package_index import PackageIndex
    from tests.unit.buildpack.builds import Platform


@pytest.fixture
def private_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The host and port of an index with the package `orders`, which requires credentials."""
    root = tmp_path_factory.mktemp("index")
    wheel = write_wheel(root / "simple" / "orders", "orders", "1.0")
    (wheel.parent / "index.html").write_text(f'<a href="{wheel.name}">{wheel.name}</a>')
    with private_index_server(root) as host:
        yield host


@pytest.fixture
def tls_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PackageIndex]:
    """An index whose certificate is signed by a private authority."""
    with package_index_server(tmp_path_factory.mktemp("tls-index")) as index:
        yield index


@pytest.fixture
def app(rebuilt: Platform) -> Platform:
    rebuilt.write({"handler.py": "def handler(req): ...", "requirements.txt": "orders\n"})
    return rebuilt


def assert_kept_secret(app: Platform, output: str) -> None:
    """Check that neither the log nor the layers contain the password."""
    assert PASSWORD not in output
    encoded = base64.b64encode(f"{USER}:{PASSWORD}".encode())
    for path in (path for path in app.layers.rglob("*") if path.is_file()):
        content = path.read_bytes()
        assert PASSWORD.encode() not in content, path
        assert encoded not in content, path


@pytest.mark.parametrize("variable", ["PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_EXTRA_INDEX_URL"])
def test_credentials_in_a_setting(app: Platform, private_index: str, variable: str) -> None:
    url = f"http://{USER}:{PASSWORD}@{private_index}/simple"
    result = app.build_well({variable: url})
    assert " + orders==1.0" in result.output
    assert_kept_secret(app, result.output)


def test_setting_of_project_toml(app: Platform, private_index: str) -> None:
    url = f"http://{USER}:{PASSWORD}@{private_index}/simple"
    app.write({"project.toml": f'[[build.env]]\nname = "PIP_INDEX_URL"\nvalue = "{url}"\n'})
    assert " + orders==1.0" in app.build_well().output


def test_index_in_requirements(app: Platform, private_index: str) -> None:
    app.write(
        {"requirements.txt": f"--index-url http://${{INDEX_USER}}:${{INDEX_PASSWORD}}@{private_index}/simple\norders\n"}
    )
    result = app.build_well({"INDEX_USER": USER, "INDEX_PASSWORD": PASSWORD})
    assert " + orders==1.0" in result.output
    assert_kept_secret(app, result.output)


def test_binding_of_type_pypi(app: Platform, private_index: str) -> None:
    app.bind("index", "pypi", {"uri": f"http://{private_index}/simple\n", "username": USER, "password": PASSWORD})
    result = app.build_well()
    assert (
        result.section("Package index")[0] == f"Using http://{private_index}/simple from the service binding 'index'."
    )
    assert " + orders==1.0" in result.output
    assert_kept_secret(app, result.output)


@pytest.mark.parametrize(
    ("values", "lines"),
    [
        ({}, []),
        ({"username": "", "password": "\n"}, []),
        ({"username": USER}, ["Warning: not using the credentials of 'index', which has no file 'password'."]),
        ({"password": PASSWORD}, ["Warning: not using the credentials of 'index', which has no file 'username'."]),
    ],
)
def test_binding_without_credentials_leaves_those_of_the_user(
    app: Platform, private_index: str, tmp_path: Path, values: dict[str, str], lines: list[str]
) -> None:
    (tmp_path / "netrc").write_text(f"machine {private_index.partition(':')[0]} login {USER} password {PASSWORD}\n")
    app.bind("index", "pypi", {"uri": f"http://{private_index}/simple", **values})
    result = app.build_well({"NETRC": str(tmp_path / "netrc")})
    assert result.section("Package index") == [
        f"Using http://{private_index}/simple from the service binding 'index'.",
        *lines,
        "The service bindings have no credentials.",
    ]
    assert " + orders==1.0" in result.output
    assert_kept_secret(app, result.output)


def test_binding_of_type_netrc(app: Platform, private_index: str) -> None:
    host = private_index.partition(":")[0]
    app.bind("login", "netrc", {".netrc": f"machine {host} login {USER} password {PASSWORD}\n"})
    result = app.build_well({"PIP_INDEX_URL": f"http://{private_index}/simple"})
    assert " + orders==1.0" in result.output
    assert_kept_secret(app, result.output)


def test_certificate_of_a_binding(app: Platform, tls_index: PackageIndex) -> None:
    tls_index.add("orders")
    app.bind("proxy", "ca-certificates", {"ca.pem": (tls_index.binding / "private.pem").read_text()})
    result = app.build_well({"PIP_INDEX_URL": tls_index.url})
    assert result.section("Certificates") == ["Trusting 1 certificate from service bindings during this build."]
    assert " + orders==1.0" in result.output
    assert not [path for path in app.layers.rglob("*") if path.is_file() and b"BEGIN CERTIFICATE" in path.read_bytes()]


def test_binding_root_of_the_environment(app: Platform, tls_index: PackageIndex, tmp_path: Path) -> None:
    tls_index.add("orders")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "proxy").symlink_to(tls_index.binding)
    app.build_well({"PIP_INDEX_URL": tls_index.url, "SERVICE_BINDING_ROOT": str(tmp_path / "elsewhere")})


@pytest.mark.parametrize(
    ("type_", "values", "reason"),
    [
        ("ca-certificates", {}, "has no file with a certificate in PEM format"),
        ("CA-Certificates", {"ca.der": "0"}, "has no file with a certificate in PEM format"),
        ("pypi", {"username": USER}, "has no file 'uri' with the URL of the index"),
        ("pypi", {"uri": "not an address"}, "has no file 'uri' with the URL of the index"),
        ("pypi", {"uri": "https://[::1/simple"}, "has no file 'uri' with the URL of the index"),
        ("netrc", {}, "has no file 'netrc' with credentials"),
        ("netrc", {"netrc": "\n", ".netrc": ""}, "has no file 'netrc' with credentials"),
    ],
)
def test_binding_without_what_its_type_needs(app: Platform, type_: str, values: dict[str, str], reason: str) -> None:
    app.bind("mine", type_, values)
    result = app.build()
    assert result.code == 1
    assert (
        result.section("Error: Incomplete service binding")[0]
        == f"The service binding 'mine' of type '{type_}' {reason}."
    )


@pytest.mark.parametrize(
    ("type_", "name", "value", "reason"),
    [
        ("pypi", "uri", b"https://\xe4\xff/simple", "is not encoded in UTF-8"),
        ("pypi", "username", b"\xff\xfeu\0", "is not encoded in UTF-8"),
        ("pypi", "password", b"p\xe4ss\xff", "is not encoded in UTF-8"),
        ("netrc", "netrc", b"machine x login u password \xe4\n", "is not encoded in UTF-8"),
        ("pypi", "password", None, "cannot be read: Input/output error"),
        ("netrc", ".netrc", None, "cannot be read: Input/output error"),
        ("ca-certificates", "ca.pem", None, "cannot be read: Input/output error"),
        ("pypi", "type", None, "cannot be read: Input/output error"),
    ],
)
def test_file_of_a_binding_that_cannot_be_read(
    app: Platform, type_: str, name: str, value: bytes | None, reason: str
) -> None:
    values = {"uri": "https://pypi.example.com/simple", "username": USER} if type_ == "pypi" else {}
    app.bind("mine", type_, values)
    file = app.platform / "bindings" / "mine" / name
    file.unlink(missing_ok=True)
    if value is None:
        file.symlink_to("/proc/self/mem")  # not even root can read the first page
    else:
        file.write_bytes(value)
    result = app.build()
    assert result.code == 1
    assert (
        result.section("Error: Invalid file in a service binding")[0]
        == f"The file '{name}' of the service binding 'mine' {reason}."
    )


def test_byte_order_marks_are_not_part_of_a_binding(app: Platform, private_index: str) -> None:
    mark = "\ufeff"
    values = {"uri": f"{mark}http://{private_index}/simple", "username": f"{mark}{USER}", "password": mark + PASSWORD}
    app.bind("index", f"{mark}pypi", values)
    assert " + orders==1.0" in app.build_well().output


def test_other_bindings_are_left_alone(app: Platform, private_index: str) -> None:
    app.bind("database", "postgresql", {"password": PASSWORD})
    (app.platform / "bindings" / "not-a-binding").mkdir()
    app.build_well({"PIP_INDEX_URL": f"http://{USER}:{PASSWORD}@{private_index}/simple"})


@pytest.fixture
def nobody_listens() -> Iterator[str]:
    """A port that is taken, but does not accept connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


def test_index_that_is_not_there(app: Platform, nobody_listens: str) -> None:
    url = f"http://{USER}:{PASSWORD}@{nobody_listens}/simple"
    result = app.build({"PIP_INDEX_URL": url, "UV_HTTP_RETRIES": "0"})
    assert result.code == 1
    assert "[Error: The package index is not reachable]" in result.output
    assert_kept_secret(app, result.output)


def test_network_that_is_switched_off(app: Platform) -> None:
    result = app.build({"UV_OFFLINE": "1"})
    assert "[Error: The package index is not reachable]" in result.output


def test_wrong_credentials(app: Platform, private_index: str) -> None:
    result = app.build({"PIP_INDEX_URL": f"http://{USER}:wrong-word@{private_index}/simple"})
    assert result.code == 1
    assert "[Error: The package index rejected the credentials]" in result.output
    assert "wrong-word" not in result.output


def test_unknown_package(app: Platform, private_index: str) -> None:
    app.write({"requirements.txt": "ordres\n"})
    result = app.build({"PIP_INDEX_URL": f"http://{USER}:{PASSWORD}@{private_index}/simple"})
    assert result.code == 1
    assert "[Error: A package does not exist in the package index]" in result.output


def test_certificate_that_nobody_trusts(app: Platform, tls_index: PackageIndex) -> None:
    result = app.build({"PIP_INDEX_URL": tls_index.url, "UV_HTTP_RETRIES": "0"})
    assert result.code == 1
    assert "[Error: The certificate of the package index is not trusted]" in result.output


def test_option_pre_in_requirements(app: Platform, tls_index: PackageIndex) -> None:
    tls_index.add("orders")
    tls_index.add("orders", "2.0a1")
    app.bind("proxy", "ca-certificates", {"ca.pem": (tls_index.binding / "private.pem").read_text()})
    app.write({"requirements.txt": "--pre\norders\n"})
    result = app.build_well({"PIP_INDEX_URL": tls_index.url})
    assert " + orders==2.0a1" in result.output
    assert "--pre" not in result.output


def test_option_trusted_host_in_requirements(app: Platform, tls_index: PackageIndex) -> None:
    tls_index.add("orders")
    host = tls_index.url.split("/")[2]
    app.write({"requirements.txt": f"--index-url {tls_index.url}\n--trusted-host {host}\norders\n"})
    assert " + orders==1.0" in app.build_well().output


def test_package_for_another_system(app: Platform, tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path / "wheels", "orders", "1.0")
    wheel.rename(wheel.with_name("orders-1.0-py3-none-win_amd64.whl"))
    result = app.build({"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheel.parent)})
    assert "[Error: A package does not support Linux]" in result.output


def test_repository_without_git(app: Platform, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "grep", "env"):
        (programs / name).symlink_to(f"/usr/bin/{name}")
    app.write({"requirements.txt": "orders @ git+https://example.invalid/orders.git\n"})
    result = replace(app, search_path=f"{PYTHON.parent}:{programs}").build()
    assert "[Error: The build image has no git]" in result.output
