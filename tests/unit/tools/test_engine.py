"""The search for an engine. The client programs are scripts that come first on PATH."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from tools import engine
from tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DOCKER = """case "$*" in
"version --format {{.Server.Version}}") echo 28.1 ;;
"version --format {{.Server.Arch}}") echo arm64 ;;
"image inspect --format {{.Id}} here") echo sha256:1 ;;
*) exit 1 ;;
esac"""
PODMAN = """case "$*" in
"version --format {{.Version}}") echo 5.2 ;;
"info --format {{.Host.RemoteSocket.Path}}") echo "unix://SOCKET" ;;
"info --format {{.Host.Arch}}") echo amd64 ;;
*) exit 1 ;;
esac"""
SILENT = "exit 1"


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory on PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    return tmp_path


@pytest.fixture
def listening_socket(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "podman.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        yield path


def install(programs: Path, name: str, script: str) -> None:
    (programs / name).write_text(f"#!/bin/sh\n{script}\n")
    (programs / name).chmod(0o755)


def test_docker_is_found_where_it_answers(programs: Path) -> None:
    install(programs, "docker", DOCKER)
    found = engine.find()

    assert found == engine.Engine("docker", "28.1")
    assert found.architecture() == "arm64"
    assert (found.image_id("here"), found.image_id("not-here")) == ("sha256:1", None)
    assert found.environment() == dict(os.environ)


def test_podman_is_found_where_docker_does_not_answer(programs: Path, listening_socket: Path) -> None:
    install(programs, "docker", SILENT)
    install(programs, "podman", PODMAN.replace("SOCKET", str(listening_socket)))
    found = engine.find()

    assert found == engine.Engine("podman", "5.2", f"unix://{listening_socket}")
    assert found.architecture() == "amd64"
    assert found.environment()["DOCKER_HOST"] == f"unix://{listening_socket}"


def test_podman_without_its_socket_is_an_error_that_says_how_to_start_it(programs: Path) -> None:
    install(programs, "podman", PODMAN.replace("SOCKET", "/nowhere/podman.sock"))

    with pytest.raises(ToolError) as raised:
        engine.find()
    assert "does not listen" in raised.value.found
    assert "systemctl --user start podman.socket" in raised.value.remedy


@pytest.mark.usefixtures("programs")
def test_nothing_is_found_where_nothing_answers() -> None:
    assert engine.find() is None


def test_a_failing_request_shows_what_the_engine_said(programs: Path) -> None:
    install(programs, "docker", "echo 'no such image' >&2; exit 125")

    with pytest.raises(ToolError) as raised:
        engine.Engine("docker", "28.1").run("run", "it")
    assert raised.value.title == "`docker run` failed with exit code 125"
    assert raised.value.found == "docker run it\n    no such image"
