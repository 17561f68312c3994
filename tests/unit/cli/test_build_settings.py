"""What a build takes over from this machine: settings, credentials and certificates, and what stays here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from funcpack.buildpack.install.certificates import SYSTEM_BUNDLES
from funcpack.image_builds import build, certificates
from funcpack.image_builds.credentials import Login
from funcpack.image_builds.settings import BuildSettings, option_values, read_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SECRET = "s3cret-word"
PRIVATE = f"https://ada:{SECRET}@pypi.example.com/simple"
PLAIN = "https://pypi.example.com/simple"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----"
OTHER = "-----BEGIN CERTIFICATE-----\nZGVm\n-----END CERTIFICATE-----"
KEY = "-----BEGIN PRIVATE KEY-----\na2V5\n-----END PRIVATE KEY-----"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def settings_of(
    home: Path, environ: Mapping[str, str] | None = None, options: Sequence[str] = (), *, has_bindings: bool = True
) -> BuildSettings:
    variables = {"HOME": str(home), "PIP_CONFIG_FILE": "/dev/null", **(environ or {})}
    return read_settings(variables, options, home.parent / "app", has_bindings=has_bindings)


def bindings_of(settings: BuildSettings) -> dict[str, dict[str, str]]:
    found = build.bindings_for([], settings.credentials)
    return {binding.type: {name: value.decode() for name, value in binding.values.items()} for binding in found}


TAKEN_OVER = [
    pytest.param({}, (), {}, id="nothing"),
    pytest.param({"PYTHON_HANDLER": "app.main", "BP_PYTHON_VERSION": "3.12"}, (), None, id="the function"),
    pytest.param({"PIP_DEFAULT_TIMEOUT": "60", "UV_EXCLUDE_NEWER": "2026-01-01"}, (), None, id="pip and uv"),
    pytest.param(
        {"UV_CACHE_DIR": "/cache", "UV_KEYRING_PROVIDER": "subprocess", "CFLAGS": "-O0"}, (), {}, id="machine"
    ),
    pytest.param({"PIP_INDEX_URL": PLAIN, "PIP_NO_INDEX": " "}, (), {"PIP_INDEX_URL": PLAIN}, id="empty"),
    pytest.param(
        {"UV_INDEX_URL": "https://a", "PIP_INDEX_URL": "https://b"}, (), {"UV_INDEX_URL": "https://a"}, id="uv wins"
    ),
    pytest.param(
        {"UV_DEFAULT_INDEX": "https://a"}, ("PIP_INDEX_URL=https://b",), {"PIP_INDEX_URL": "https://b"}, id="option"
    ),
    pytest.param({"PIP_FIND_LINKS": "/opt/wheels"}, (), {}, id="a directory of this machine"),
    pytest.param({"PIP_FIND_LINKS": "https://a/w wheels"}, (), None, id="a directory of the app"),
    pytest.param({}, ("PIP_FIND_LINKS=/opt/wheels",), {"PIP_FIND_LINKS": "/opt/wheels"}, id="a directory of the image"),
]


@pytest.mark.parametrize(("environ", "options", "expected"), TAKEN_OVER)
def test_settings_are_taken_over(
    home: Path, environ: dict[str, str], options: Sequence[str], expected: dict[str, str] | None
) -> None:
    (home.parent / "app" / "wheels").mkdir()

    assert settings_of(home, environ, options).variables == (environ if expected is None else expected)


def test_paths_that_are_left_out_are_known(home: Path) -> None:
    environ = {"PIP_FIND_LINKS": "/opt/wheels", "UV_CONSTRAINT": "limits.txt"}

    assert settings_of(home, environ).left_out == ["PIP_FIND_LINKS", "UV_CONSTRAINT"]


def test_other_options_are_passed_on_as_they_are(home: Path) -> None:
    settings = settings_of(home, {"TOKEN": SECRET}, ["GREETING=a=b", "TOKEN", "PIP_PRE=1"])

    assert settings.options == ["GREETING=a=b", "TOKEN"]
    assert settings.variables == {"PIP_PRE": "1"}
    assert option_values({"TOKEN": SECRET}, ["A=1=2", "TOKEN", "ABSENT"]) == {"A": "1=2", "TOKEN": SECRET, "ABSENT": ""}


PYPI = {"pypi": {"uri": PLAIN, "username": "ada", "password": SECRET}}
NETRC = {"netrc": {"netrc": f"machine pypi.example.com login ada password {SECRET}\n"}}
BOUND = [
    pytest.param({"PIP_INDEX_URL": PRIVATE}, {}, PYPI, id="pip's index"),
    pytest.param({"UV_DEFAULT_INDEX": PRIVATE}, {}, PYPI, id="uv's default index"),
    pytest.param({"UV_INDEX_URL": PRIVATE}, {}, PYPI, id="uv's index by its old name"),
    pytest.param({"PIP_EXTRA_INDEX_URL": PRIVATE}, {"PIP_EXTRA_INDEX_URL": PLAIN}, NETRC, id="another index"),
    pytest.param({"UV_INDEX": f"own={PRIVATE}"}, {"UV_INDEX": f"own={PLAIN}"}, NETRC, id="a named index"),
    pytest.param({"UV_FIND_LINKS": PRIVATE}, {"UV_FIND_LINKS": PLAIN}, NETRC, id="a page with links"),
    pytest.param(
        {"UV_INDEX": f"own-one={PLAIN}", "UV_INDEX_OWN_ONE_USERNAME": "ada", "UV_INDEX_OWN_ONE_PASSWORD": SECRET},
        {"UV_INDEX": f"own-one={PLAIN}"},
        NETRC,
        id="variables of a named index",
    ),
]


@pytest.mark.parametrize(("environ", "variables", "bindings"), BOUND)
def test_credentials_become_bindings(
    home: Path, environ: dict[str, str], variables: dict[str, str], bindings: dict[str, dict[str, str]]
) -> None:
    settings = settings_of(home, environ)

    assert settings.variables == variables
    assert bindings_of(settings) == bindings
    assert settings.credentials.hosts() == ["pypi.example.com"]


def test_variables_of_an_index_of_the_project_become_a_binding(home: Path) -> None:
    project = f'[[tool.uv.index]]\nname = "own"\nurl = "{PLAIN}"\n'
    (home.parent / "app" / "pyproject.toml").write_text(project)
    environ = {"UV_INDEX_OWN_USERNAME": "ada", "UV_INDEX_OWN_PASSWORD": SECRET}

    assert bindings_of(settings_of(home, environ)) == NETRC


UNBOUND = [
    pytest.param({"PIP_INDEX_URL": "https://token@pypi.example.com/simple"}, id="no password"),
    pytest.param({"PIP_INDEX_URL": "https://ada:two%20words@pypi.example.com/simple"}, id="not for a netrc file"),
    pytest.param({"UV_INDEX_UNKNOWN_USERNAME": "ada", "UV_INDEX_UNKNOWN_PASSWORD": SECRET}, id="an unknown index"),
]


@pytest.mark.parametrize("environ", UNBOUND)
def test_credentials_that_no_binding_can_contain_stay_in_their_variable(home: Path, environ: dict[str, str]) -> None:
    settings = settings_of(home, environ)

    assert settings.variables == environ
    assert bindings_of(settings) == {}


def test_a_second_login_for_a_host_stays_in_its_variable(home: Path) -> None:
    second = "https://bob:other-word@pypi.example.com/b"
    settings = settings_of(home, {"UV_DEFAULT_INDEX": PRIVATE, "UV_INDEX": f"{PRIVATE} {second}"})

    assert settings.variables == {"UV_INDEX": f"{PLAIN} {second}"}


def test_an_engine_on_another_machine_gets_no_bindings(home: Path) -> None:
    (home / ".netrc").write_text(f"machine other login ada password {SECRET}\n")
    settings = settings_of(home, {"PIP_INDEX_URL": PRIVATE}, has_bindings=False)

    assert settings.variables == {"PIP_INDEX_URL": PRIVATE}
    assert bindings_of(settings) == {}


@pytest.mark.parametrize("variable", ["", "NETRC"])
def test_the_netrc_file_becomes_a_binding(home: Path, variable: str) -> None:
    file = home / ("own" if variable else ".netrc")
    file.write_text(f"machine other login ada password {SECRET}\n")
    settings = settings_of(home, {"UV_INDEX": PRIVATE, **({variable: str(file)} if variable else {})})

    assert bindings_of(settings) == {"netrc": {"netrc": NETRC["netrc"]["netrc"] + file.read_text()}}


def test_a_login_that_differs_from_the_netrc_file_stays_in_its_variable(home: Path) -> None:
    (home / ".netrc").write_text("machine pypi.example.com login bob password other-word\n")
    settings = settings_of(home, {"PIP_INDEX_URL": PRIVATE})

    assert settings.variables == {"PIP_INDEX_URL": PRIVATE}
    assert settings.credentials.of_user == {"pypi.example.com": Login("bob", "other-word")}


PIP_FILE = f"[global]\nindex-url = {PRIVATE}\nextra-index-url =\n    https://a/simple\n    https://b/simple\n"
UV_FILE = f"""
index-strategy = "unsafe-best-match"
[[index]]
url = "{PRIVATE}"
default = true
[[index]]
name = "more"
url = "https://a/simple"
[[index]]
name = "explicit"
url = "https://b/simple"
explicit = true
"""


def test_the_configuration_of_pip_is_taken_over(home: Path) -> None:
    (home / "pip.conf").write_text(PIP_FILE)
    settings = settings_of(home, {"PIP_CONFIG_FILE": str(home / "pip.conf")})

    assert settings.variables["PIP_EXTRA_INDEX_URL"].split() == ["https://a/simple", "https://b/simple"]
    assert bindings_of(settings) == PYPI


def test_the_configuration_of_uv_is_taken_over(home: Path) -> None:
    (home / ".config" / "uv").mkdir(parents=True)
    (home / ".config" / "uv" / "uv.toml").write_text(UV_FILE)
    settings = settings_of(home)

    assert settings.variables == {"UV_INDEX": "more=https://a/simple", "UV_INDEX_STRATEGY": "unsafe-best-match"}
    assert bindings_of(settings) == PYPI
    assert settings_of(home, {"UV_NO_CONFIG": "1"}).variables == {"UV_NO_CONFIG": "1"}


@pytest.mark.parametrize("content", ["[[index]", "[[index]]\nname = 1\n", "index = 3\n"])
def test_a_configuration_that_uv_rejects_is_ignored(home: Path, content: str) -> None:
    (home / ".config" / "uv").mkdir(parents=True)
    (home / ".config" / "uv" / "uv.toml").write_text(content)

    assert settings_of(home).variables == {}


BUNDLES = [
    ({"SSL_CERT_FILE": "own.pem"}, ["own.pem"]),
    ({"REQUESTS_CA_BUNDLE": "own.pem", "PIP_CERT": "own.pem"}, ["own.pem"]),
    ({"SSL_CERT_FILE": "own.pem", "PIP_CERT": "other.pem"}, ["own.pem", "other.pem"]),
    ({"SSL_CERT_FILE": "absent.pem", "PIP_CERT": "key.pem"}, []),
    ({"SSL_CERT_FILE": ""}, []),
    ({"SSL_CERT_FILE": "{system}"}, []),
    ({"PIP_CONFIG_FILE": "{directory}/pip.conf"}, ["other.pem"]),
]


@pytest.mark.parametrize(("variables", "names"), BUNDLES)
def test_private_certificates(tmp_path: Path, variables: dict[str, str], names: Sequence[str]) -> None:
    (tmp_path / "own.pem").write_text(f"{KEY}\n{CERTIFICATE}\n")
    (tmp_path / "other.pem").write_text(f"{OTHER}\n{CERTIFICATE}\n")
    (tmp_path / "key.pem").write_text(KEY)
    (tmp_path / "pip.conf").write_text(f"[global]\ncert = {tmp_path / 'other.pem'}\n")
    system = next(path for path in SYSTEM_BUNDLES if path.exists())
    (tmp_path / "system.pem").symlink_to(system)
    environ = {"HOME": str(tmp_path), "PIP_CONFIG_FILE": "/dev/null"}
    for name, value in variables.items():
        path = value.format(system=tmp_path / "system.pem", directory=tmp_path)
        environ[name] = path if not value or "/" in path else str(tmp_path / path)

    assert certificates.private_bundles(environ) == [tmp_path / name for name in names]


def test_only_certificates_are_copied_and_each_once(tmp_path: Path) -> None:
    (tmp_path / "own.pem").write_text(f"{KEY}\n{CERTIFICATE}\n")
    (tmp_path / "other.pem").write_text(f"{OTHER}\n{CERTIFICATE}\n")

    copied = certificates.certificates([tmp_path / "own.pem", tmp_path / "other.pem"])

    assert copied.decode() == f"{CERTIFICATE}\n{OTHER}\n"
