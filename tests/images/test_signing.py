"""Signatures and attestations of published images: small images in a real registry, and the real cosign."""

from __future__ import annotations

import base64
import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.images import registries
from tests.images.test_publish_index import ARCHITECTURES, published
from tools import crane, signing
from tools.errors import ToolError
from tools.places import COSIGN
from tools.progress import Progress
from tools.publish import Release

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tools.signing import Signer


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "registry"


@pytest.fixture
def release(log: Path) -> Iterator[Release]:
    with registries.running(log) as registry:
        yield Release.of(registry, "0.1.0")


@pytest.fixture(autouse=True)
def key_pair(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Create a key pair: the private key in a variable, as from a secret, and the public one for users in a file."""
    monkeypatch.setenv("COSIGN_PASSWORD", "secret")
    subprocess.run([COSIGN, "generate-key-pair"], cwd=tmp_path, check=True, capture_output=True)
    monkeypatch.setenv(signing.KEY_VARIABLE, (tmp_path / "cosign.key").read_text())
    (tmp_path / "cosign.pub").rename(tmp_path / "users.pub")


@pytest.fixture
def signer(tmp_path: Path) -> Iterator[Signer]:
    with signing.signer(
        Progress(tmp_path / "signing.log"), f"env://{signing.KEY_VARIABLE}", tmp_path / "users.pub"
    ) as signer:
        yield signer


def cosign(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Verify as a user does, with the public key alone."""
    options = ("--key", str(directory / "users.pub"), "--insecure-ignore-tlog=true")
    command = [str(COSIGN), arguments[0], *options, *arguments[1:]]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_index_and_each_image_have_a_valid_signature(release: Release, signer: Signer, tmp_path: Path) -> None:
    name = published(release, tmp_path)
    assert cosign(tmp_path, "verify", name).returncode != 0

    signer.sign(name)

    references = [release.reference("funcpack/run", architecture) for architecture in ARCHITECTURES]
    for reference in (name, *references):
        verified = cosign(tmp_path, "verify", reference)
        assert verified.returncode == 0, verified.stderr


def test_key_can_be_in_a_file(release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(signing.KEY_VARIABLE)
    name = published(release, tmp_path)
    key = str(tmp_path / "cosign.key")

    with signing.signer(Progress(tmp_path / "signing.log"), key, tmp_path / "users.pub") as signer:
        signer.sign(name)

    assert cosign(tmp_path, "verify", name).returncode == 0


def test_wrong_password_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COSIGN_PASSWORD", "another")
    with (
        pytest.raises(
            ToolError, match="cannot read the private key env://COSIGN_PRIVATE_KEY with the password in COSIGN_P"
        ),
        signing.signer(Progress(tmp_path / "signing.log"), f"env://{signing.KEY_VARIABLE}"),
    ):
        pass


def test_password_that_nobody_can_type_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COSIGN_PASSWORD")
    with (
        pytest.raises(ToolError, match="COSIGN_PASSWORD is not set"),
        signing.signer(Progress(tmp_path / "signing.log"), f"env://{signing.KEY_VARIABLE}"),
    ):
        pass


def test_key_must_be_that_of_the_public_key_in_the_repository(tmp_path: Path) -> None:
    progress, key = Progress(tmp_path / "signing.log"), f"env://{signing.KEY_VARIABLE}"
    with signing.signer(progress, key, tmp_path / "users.pub") as signer:
        assert signer.key == key

    other = tmp_path / "other"
    other.mkdir()
    subprocess.run([COSIGN, "generate-key-pair"], cwd=other, check=True, capture_output=True)
    with (
        pytest.raises(ToolError, match="another one than users have"),
        signing.signer(progress, key, other / "cosign.pub"),
    ):
        pass


def test_attestation_contains_the_bill_of_materials(release: Release, signer: Signer, tmp_path: Path) -> None:
    published(release, tmp_path)
    reference = release.reference("funcpack/run", "arm64")

    signer.attest_bill(crane.full_name(signer.progress, reference), tmp_path / "arm64.tar")

    verified = cosign(tmp_path, "verify-attestation", "--type", "cyclonedx", reference)
    assert verified.returncode == 0, verified.stderr
    statement = json.loads(base64.b64decode(json.loads(verified.stdout)["payload"]))
    assert statement["predicateType"] == "https://cyclonedx.org/bom"
    assert statement["predicate"] == json.loads(signing.bill_in(tmp_path / "arm64.tar"))
    assert statement["subject"][0]["digest"] == {"sha256": registries.digest_of(reference).removeprefix("sha256:")}


def test_what_is_signed_is_not_signed_again(release: Release, signer: Signer, tmp_path: Path, log: Path) -> None:
    name = published(release, tmp_path)
    signer.sign(name)
    writes = registries.writes(log)

    signer.sign(name)

    assert registries.writes(log) == writes != []
