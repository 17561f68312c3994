"""`funcpack doctor`: what it finds, and the commands that it names. The programs are scripts that come first on PATH."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from funcpack.cli.main import main
from funcpack.diagnosis import checks, credentials

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ["Container engine", "pack", "Builder", "uv", "Python", "kubectl", "Credentials"]
METADATA = json.dumps({"buildpacks": [{"id": "funcpack/python", "version": "1.2.3"}]})
IMAGE = json.dumps([{"Config": {"Labels": {"io.buildpacks.builder.metadata": METADATA}}}])
DOCKER = f"""case "$1 $2" in
"version --format") echo 28.1 ;;
"context inspect") echo unix:///run/other.sock ;;
"image inspect") echo '{IMAGE}' ;;
*) exit 1 ;;
esac"""
KUBECTL = """case "$1" in
version) echo '{"clientVersion": {"gitVersion": "v1.34.1"}}' ;;
config) echo kind ;;
esac"""
SECRET = "c2VjcmV0"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory on PATH, on a machine without credentials."""
    directory = tmp_path / "bin"
    directory.mkdir()
    for name in ("DOCKER_HOST", "DOCKER_CONFIG", "CLOUDSDK_CONFIG", "CLOUDSDK_AUTH_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "XDG_RUNTIME_DIR", "REGISTRY_AUTH_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(directory))
    return directory


def install(programs: Path, name: str, script: str) -> None:
    (programs / name).write_text(f"#!/bin/sh\n{script}\n")
    (programs / name).chmod(0o755)


def rows(capsys: pytest.CaptureFixture[str], code: int) -> dict[str, dict[str, object]]:
    assert main(["doctor", "--output", "json"]) == code
    found = json.loads(capsys.readouterr().out)
    assert [row["name"] for row in found] == NAMES
    return {row.pop("name"): row for row in found}


def test_a_complete_machine(programs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    install(programs, "docker", DOCKER)
    install(programs, "pack", "echo 0.40.6")
    install(programs, "kubectl", KUBECTL)
    home = programs.parent
    (home / ".docker").mkdir()
    (home / ".docker" / "config.json").write_text(json.dumps({"auths": {"ghcr.io": {"auth": SECRET}}}))
    (home / ".config" / "gcloud").mkdir(parents=True)
    google = home / ".config" / "gcloud" / "application_default_credentials.json"
    google.write_text(json.dumps({"type": "authorized_user", "refresh_token": SECRET}))

    found = rows(capsys, 0)

    assert [name for name, row in found.items() if not row["ok"] or row["fix"]] == []
    assert found["Container engine"]["found"] == "docker 28.1 at unix:///run/other.sock"
    assert found["pack"]["found"] == f"0.40.6 at {programs / 'pack'}"
    assert found["Builder"]["found"] == "funcpack/builder with the buildpack 1.2.3"
    assert found["kubectl"]["found"] == "v1.34.1, context kind"
    assert found["Credentials"]["found"] == f"Google: authorized_user in {google}; registries: ghcr.io"
    assert SECRET not in json.dumps(found)


@pytest.mark.usefixtures("programs")
def test_an_empty_machine(capsys: pytest.CaptureFixture[str]) -> None:
    found = rows(capsys, 1)

    assert [name for name, row in found.items() if not row["ok"]] == [
        name for name in NAMES if name not in {"uv", "Python"}
    ]
    assert all(bool(row["fix"]) != row["ok"] and row["found"] for row in found.values())


@pytest.mark.usefixtures("programs")
def test_the_table_has_80_columns_except_for_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 1

    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if len(line) > 80 and "Fix: " not in line and "/" not in line] == []
    assert [line.split()[0] for line in lines if line[0] != " "] == ["missing"] * 3 + ["ok"] * 2 + ["missing"] * 2


ENGINE_FIXES = [
    ("apt-get", "exit 1", {}, "sudo apt install podman"),
    ("docker", "echo 'permission denied' >&2; exit 1", {}, 'sudo usermod -aG docker "$USER"'),
    ("docker", "exit 1", {}, "sudo systemctl start docker"),
    ("docker", "exit 1", {"DOCKER_HOST": "unix:///nowhere"}, "unset DOCKER_HOST"),
    ("podman", "exit 1", {}, "podman system migrate"),
]


@pytest.mark.skipif("sys.platform == 'darwin'", reason="other commands")
@pytest.mark.parametrize(("program", "script", "variables", "fix"), ENGINE_FIXES)
def test_an_engine_that_does_not_run_has_one_command_that_helps(
    programs: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    program: str,
    script: str,
    variables: dict[str, str],
    fix: str,
) -> None:
    install(programs, program, script)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert rows(capsys, 1)["Container engine"]["fix"] == fix


def test_another_program_with_the_name_of_pack_is_not_it(programs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    install(programs, "pack", "echo usage: pack file")

    row = rows(capsys, 1)["pack"]
    assert not row["ok"]
    assert str(programs / "pack") in str(row["found"])


def test_a_check_that_hangs_is_late_and_the_others_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang() -> checks.Finding:
        time.sleep(600)
        return checks.Finding("late")

    monkeypatch.setattr(checks, "_SECONDS", 0.2)
    monkeypatch.setattr(checks, "CHECKS", {"slow": hang, "quick": lambda: checks.Finding("here")})

    found = checks.run_all()

    assert found["quick"] == checks.Finding("here")
    assert found["slow"].found == "no answer within 0 seconds"
    assert not found["slow"].is_ok


REGISTRIES = [
    ({"auths": {"https://index.docker.io/v1/": {"auth": SECRET}}}, ["index.docker.io"]),
    ({"auths": {"ghcr.io": {}}}, []),
    ({"auths": {"ghcr.io": {}}, "credsStore": "desktop"}, ["ghcr.io"]),
    ({"credHelpers": {"europe-docker.pkg.dev": "gcloud"}}, ["europe-docker.pkg.dev"]),
    ({"auths": {"https://ada:secret@localhost:5000/v2/": {"auth": SECRET}}}, ["localhost:5000"]),
    ({"auths": ["nothing"]}, []),
]


@pytest.mark.parametrize(("configuration", "hosts"), REGISTRIES)
def test_registries_with_credentials(tmp_path: Path, configuration: object, hosts: list[str]) -> None:
    (tmp_path / "config.json").write_text(json.dumps(configuration))

    assert credentials.registries({"DOCKER_CONFIG": str(tmp_path), "HOME": str(tmp_path)}) == hosts


def test_registries_of_podman(tmp_path: Path) -> None:
    (tmp_path / "auth.json").write_text(json.dumps({"auths": {"quay.io": {"auth": SECRET}}}))

    assert credentials.registries({"REGISTRY_AUTH_FILE": str(tmp_path / "auth.json"), "HOME": "/nowhere"}) == [
        "quay.io"
    ]


GOOGLE = [
    ({}, None),
    ({"CLOUDSDK_AUTH_ACCESS_TOKEN": SECRET}, "access token in CLOUDSDK_AUTH_ACCESS_TOKEN"),
    ({"GOOGLE_APPLICATION_CREDENTIALS": "{directory}/key.json"}, "service_account in {directory}/key.json"),
    ({"GOOGLE_APPLICATION_CREDENTIALS": "{directory}/broken.json"}, None),
    ({"GOOGLE_APPLICATION_CREDENTIALS": "/nowhere.json"}, None),
]


@pytest.mark.parametrize(("variables", "found"), GOOGLE)
def test_credentials_of_google(tmp_path: Path, variables: dict[str, str], found: str | None) -> None:
    (tmp_path / "key.json").write_text(json.dumps({"type": "service_account", "private_key": SECRET}))
    (tmp_path / "broken.json").write_text("{")
    environ = {name: value.format(directory=tmp_path) for name, value in variables.items()}

    expected = found.format(directory=tmp_path) if found else None
    assert credentials.google({"HOME": str(tmp_path), **environ}) == expected
