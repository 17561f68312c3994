"""The names and tags of a release, and the indexes in a registry."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.checkouts import checkout, make
from tools import publish, signing
from tools.errors import ToolError
from tools.places import ROOT
from tools.progress import Progress
from tools.publish import Release

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SIGNING_KEY", "COSIGN_PRIVATE_KEY", "UNSIGNED"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("version", "tags"),
    [
        ("0.1.0", ("0.1", "latest", "0.1.0")),
        ("12.34.56", ("12.34", "latest", "12.34.56")),
        ("0.2.0-rc.1", ("0.2.0-rc.1",)),
    ],
)
def test_tags_of_a_release(version: str, tags: tuple[str, ...]) -> None:
    assert Release.of("ghcr.io/example", version).tags == tags


@pytest.mark.parametrize(
    ("published", "version", "tags"),
    [
        ([], "1.2.3", ("1.2", "latest", "1.2.3")),
        (["0.9.0", "1.2", "1.2.2", "1.2.3", "latest"], "1.2.3", ("1.2", "latest", "1.2.3")),
        (["1.2.10", "1.2.10-amd64"], "1.2.9", ("1.2.9",)),
        (["1.10.0"], "1.9.1", ("1.9", "1.9.1")),
        (["2.0.0-rc.1", "2.0.0-rc.1-amd64", "nightly"], "1.2.3", ("1.2", "latest", "1.2.3")),
        (["2.0.0"], "2.0.0-rc.1", ("2.0.0-rc.1",)),
    ],
    ids=["first", "newest", "older-patch", "older-minor", "candidate-of-the-next", "candidate"],
)
def test_tags_move_only_to_newer_versions(published: list[str], version: str, tags: tuple[str, ...]) -> None:
    release = Release.of("ghcr.io/example", version)

    assert release.beside(published).tags == tags
    assert release.beside(published).run_tag == release.run_tag


def test_names_in_a_registry() -> None:
    release = Release.of("ghcr.io/example/", "0.1.0")

    assert release.reference("funcpack/run", "arm64") == "ghcr.io/example/funcpack/run:0.1.0-arm64"


@pytest.mark.parametrize("version", ["1", "v0.1.0", "0.1", "0.1.0+git", "latest", "0.1.0-", "\u0661.0.0"])
def test_version_that_is_not_one(version: str) -> None:
    with pytest.raises(ToolError) as raised:
        Release.of("ghcr.io", version)

    assert str(raised.value) == (
        f"error: VERSION is not a version\n\nIt is {version!r}, which is not MAJOR.MINOR.PATCH with an optional suffix.\n\n"
        "What to do: set VERSION to the version of the release, for example 0.1.0 or 0.1.0-rc.1."
    )


def test_release_without_a_registry() -> None:
    with pytest.raises(ToolError) as raised:
        Release.of("", "0.1.0")

    assert str(raised.value) == (
        "error: REGISTRY is not set\n\nThe names of the published images begin with it: REGISTRY/funcpack/builder and others.\n\n"
        "What to do: name the host of the registry, and a prefix if it needs one, for example REGISTRY=ghcr.io/example."
    )


def test_images_from_a_registry_are_not_published() -> None:
    command = [sys.executable, "-m", "tools.publish", "--registry", "ghcr.io/example"]
    environment = {**os.environ, "BASE_IMAGE": "debian:trixie-slim", "UNSIGNED": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr == (
        "\nerror: the images for a registry are made only by root on Debian or Ubuntu\n\n"
        f"They are created from Debian's packages with mmdebstrap (this is {platform.system()}).\n\n"
        "What to do: run the command as root on Debian or Ubuntu, without BASE_IMAGE, for example in continuous"
        " integration.\n"
    )


@pytest.mark.parametrize(
    ("variables", "key"),
    [
        pytest.param({"SIGNING_KEY": "cosign.key", "COSIGN_PRIVATE_KEY": "-----BEGIN"}, "cosign.key", id="path"),
        pytest.param({"COSIGN_PRIVATE_KEY": "-----BEGIN"}, "env://COSIGN_PRIVATE_KEY", id="secret"),
        pytest.param({"COSIGN_PRIVATE_KEY": ""}, None, id="workflow-without-the-secret"),
        pytest.param({"COSIGN_PRIVATE_KEY": "-----BEGIN", "UNSIGNED": "1"}, None, id="unsigned-on-purpose"),
        pytest.param({"COSIGN_PRIVATE_KEY": "-----BEGIN", "UNSIGNED": "0"}, "env://COSIGN_PRIVATE_KEY", id="signed"),
        pytest.param({}, None, id="none"),
    ],
)
@pytest.mark.usefixtures("no_key")
def test_key_that_signs(
    variables: dict[str, str], key: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert signing.wanted_key(tmp_path / "missing.pub") == key


NO_KEY = """\

error: there is no key to sign the images with

SIGNING_KEY and COSIGN_PRIVATE_KEY are not set or empty, and users verify the images with cosign.pub, which is in the repository. \
Nothing was built or pushed.

What to do: name the private key of cosign.pub, and put its password in COSIGN_PASSWORD: `make publish SIGNING_KEY=cosign.key \
REGISTRY=...`. To publish without signatures, for example to a registry for tests, add `UNSIGNED=1`.
"""
# What stops `make publish` next, before it builds anything, if BASE_IMAGE is set.
NEXT_ERROR = "error: the images for a registry are made only by root on Debian or Ubuntu"


@pytest.mark.parametrize(
    ("variables", "error"),
    [
        pytest.param({}, NO_KEY, id="missing"),
        pytest.param({"SIGNING_KEY": "", "COSIGN_PRIVATE_KEY": ""}, NO_KEY, id="empty"),
        pytest.param({"UNSIGNED": "0"}, NO_KEY, id="not-unsigned"),
        pytest.param({"UNSIGNED": "1"}, NEXT_ERROR, id="unsigned-on-purpose"),
    ],
)
@pytest.mark.usefixtures("no_key")
def test_checkout_with_a_public_key_requires_the_private_one(
    variables: dict[str, str], error: str, tmp_path: Path
) -> None:
    sources = checkout(tmp_path)
    (sources / "cosign.pub").touch()
    values = {"REGISTRY": "localhost:1", "BASE_IMAGE": "debian:trixie-slim", **variables}
    done = make(sources, "publish", *(f"{name}={value}" for name, value in values.items()))

    assert done.returncode == 2
    assert done.stderr.startswith(error) or error in done.stderr.splitlines()
    assert done.stdout == ""


@pytest.mark.usefixtures("no_key")
def test_checkout_without_a_public_key_needs_no_private_one(tmp_path: Path) -> None:
    done = make(checkout(tmp_path), "publish", "REGISTRY=localhost:1", BASE_IMAGE="debian:trixie-slim")

    assert NEXT_ERROR in done.stderr.splitlines()


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"COSIGN_PRIVATE_KEY": ""}, "SIGNING_KEY and COSIGN_PRIVATE_KEY are not set or empty"),
        ({"COSIGN_PRIVATE_KEY": "-----BEGIN", "UNSIGNED": "1"}, "UNSIGNED is set"),
    ],
)
@pytest.mark.usefixtures("no_key")
def test_release_without_signatures_reports_it_in_one_line(
    variables: dict[str, str],
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    progress = Progress(tmp_path / "log")

    with publish.wanted_signer(progress, tmp_path / "missing.pub") as signer:
        publish.sign(progress, signer, Release.of("127.0.0.1:1", "0.1.0"), [], [])

    (line,) = capsys.readouterr().out.splitlines()
    assert f"none, because {reason} (" in line


def test_key_in_the_place_of_its_path_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNING_KEY", "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\nc2VjcmV0")

    with pytest.raises(ToolError, match="SIGNING_KEY is not a path") as raised:
        signing.wanted_key()

    assert "c2VjcmV0" not in str(raised.value)


@pytest.mark.parametrize(
    "registry",
    ["https://docker.io", " docker.io", "docker.io:latest", "ghcr.io/Example", "ghcr.io//example", "-docker.io"],
)
def test_registry_that_is_not_one(registry: str) -> None:
    with pytest.raises(ToolError, match="REGISTRY is not a registry"):
        Release.of(registry, "0.1.0")


@pytest.mark.parametrize("registry", ["docker.io", "127.0.0.1:5000", "localhost:5000/team/tools_1", "ghcr.io/example/"])
def test_registry(registry: str) -> None:
    assert Release.of(registry, "0.1.0").registry == registry.rstrip("/")


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"ARCHITECTURES": "x86_64"}, "set ARCHITECTURES to amd64 or arm64"),
        ({"VERSION": '1"; echo injected; "'}, "VERSION is not a version"),
        ({"ARCHITECTURES": "amd64; echo injected"}, "The target is amd64;."),
    ],
)
def test_values_of_make_publish_are_checked_and_not_run(variables: dict[str, str], message: str) -> None:
    values = {"PYTHON": sys.executable, "REGISTRY": "127.0.0.1:1", **variables}
    command = ["make", "publish", *(f"{name}={value}" for name, value in values.items())]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert message in done.stderr
    assert "injected" not in done.stdout.splitlines()
