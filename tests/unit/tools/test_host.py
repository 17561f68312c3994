from __future__ import annotations

from pathlib import Path

import pytest

from tools import host


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", *host.INDEX_VARIABLES):
        monkeypatch.delenv(name, raising=False)


def test_an_ordinary_machine_needs_no_options() -> None:
    with host.network_options() as options:
        assert options == []


def test_a_bundle_of_the_host_becomes_a_binding_for_as_long_as_the_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("certificates")
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))

    with host.network_options() as options:
        name, volume = options
        directory = Path(volume.removesuffix(":/platform/bindings:ro")) / "ca-certificates"
        assert name == "--volume"
        assert {path.name: path.read_text() for path in directory.iterdir()} == {
            "type": "ca-certificates",
            "host.pem": "certificates",
        }
        assert directory.stat().st_mode & 0o777 == 0o755
    assert not directory.exists()


def test_a_bundle_that_is_not_there_is_no_binding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere.pem")

    with host.network_options() as options:
        assert options == []


def test_an_index_is_passed_by_name_so_that_no_credential_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "https://user:secret@index.example/simple")

    with host.network_options() as options:
        assert options == ["--env", "PIP_INDEX_URL"]
