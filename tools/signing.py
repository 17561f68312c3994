"""Signs published images, and attests their bills of materials in the in-toto format, with cosign and a private key of the user.

Nothing is sent to a public transparency log. https://docs.sigstore.dev/cosign/signing/signing_with_containers/
"""

from __future__ import annotations

import os
import tarfile
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from images.archive import BILL_PATH
from tools import errors
from tools.errors import ToolError
from tools.places import COSIGN, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tools.progress import Progress

BILL_TYPE = "cyclonedx"

# The variable with the private key, for example from a secret of a workflow.
KEY_VARIABLE = "COSIGN_PRIVATE_KEY"
PASSWORD_VARIABLE = "COSIGN_PASSWORD"  # noqa: S105 - a name

# The variable for publishing without signatures on purpose.
UNSIGNED_VARIABLE = "UNSIGNED"

# The public key for users, once the maintainers have made a pair.
PUBLISHED_KEY = ROOT / "cosign.pub"


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs with the private key `key`. What has a valid signature for `public_key` is not signed again."""

    progress: Progress
    key: str
    public_key: Path

    def sign(self, name: str) -> None:
        """Sign the index `name`, a name with a digest, and its images. Raises ToolError if cosign fails."""
        if not self._verifies("verify", name):
            self._write("sign", "--recursive", name)

    def attest_bill(self, name: str, archive: Path) -> None:
        """Attest that the bill of materials in `archive` is that of the image `name`. Raises ToolError if cosign fails."""
        if self._verifies("verify-attestation", "--type", BILL_TYPE, name):
            return
        with tempfile.NamedTemporaryFile(suffix=".cdx.json") as file:
            file.write(bill_in(archive))
            file.flush()
            self._write("attest", "--type", BILL_TYPE, "--predicate", file.name, name)

    def _write(self, command: str, *arguments: str) -> None:
        options = ["--yes", "--tlog-upload=false", "--key", self.key]
        self.progress.run([str(COSIGN), command, *options, *arguments])

    def _verifies(self, command: str, *arguments: str) -> bool:
        options = ["--insecure-ignore-tlog=true", "--key", str(self.public_key)]
        try:
            self.progress.run([str(COSIGN), command, *options, *arguments])
        except ToolError:
            return False
        return True


def is_unsigned() -> bool:
    """Check whether the user wants to publish without signatures, with or without a key."""
    return os.environ.get(UNSIGNED_VARIABLE, "0") not in {"", "0"}


def wanted_key(published_key: Path = PUBLISHED_KEY) -> str | None:
    """Return the private key that the environment selects, as cosign refers to it, or None if images are not to be signed.

    SIGNING_KEY is a path or another reference. Without it, COSIGN_PRIVATE_KEY is the key itself. Workflows without access to a
    secret set it to an empty text. Raises ToolError if SIGNING_KEY is the key itself, which the log would contain, or if there
    is no key although users have `published_key`.
    """
    if is_unsigned():
        return None
    key = os.environ.get("SIGNING_KEY")
    if key and key.startswith("-----BEGIN"):
        raise errors.key_instead_of_path(KEY_VARIABLE)
    if key or os.environ.get(KEY_VARIABLE):
        return key or f"env://{KEY_VARIABLE}"
    if published_key.exists():
        raise errors.no_key(published_key.name, KEY_VARIABLE, PASSWORD_VARIABLE)
    return None


def why_unsigned() -> str:
    """Return the reason why `wanted_key` is None."""
    if is_unsigned():
        return f"{UNSIGNED_VARIABLE} is set"
    return f"SIGNING_KEY and {KEY_VARIABLE} are not set or empty"


@contextmanager
def signer(progress: Progress, key: str, published_key: Path = PUBLISHED_KEY) -> Iterator[Signer]:
    """Yield the Signer with the private key `key`, whose password is in the variable COSIGN_PASSWORD.

    Raises ToolError if the key or the password is not valid, or if the key is not that of `published_key`, if that exists.
    """
    if PASSWORD_VARIABLE not in os.environ:  # cosign would wait for somebody to type it
        raise errors.no_password(PASSWORD_VARIABLE)
    with tempfile.TemporaryDirectory() as directory:
        public_key = Path(directory) / "cosign.pub"
        try:
            progress.run([str(COSIGN), "public-key", "--key", key, "--outfile", str(public_key)])
        except ToolError as exc:
            raise errors.unusable_key(key, PASSWORD_VARIABLE, progress.log) from exc
        if published_key.exists() and published_key.read_text().split() != public_key.read_text().split():
            raise errors.other_key(key, published_key.name)
        yield Signer(progress, key, public_key)


def bill_in(archive: Path) -> bytes:
    """Return the bill of materials in the archive of a base image. Raises KeyError if it has none."""
    with tarfile.open(archive) as image, tarfile.open(fileobj=image.extractfile("bill.tar")) as layer:
        file = layer.extractfile(BILL_PATH)
        return file.read() if file else b""
