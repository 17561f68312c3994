"""Signs published images, and attests their bills of materials in the in-toto format, with cosign and a key pair of the user.

Nothing is sent to a public transparency log. https://docs.sigstore.dev/cosign/signing/signing_with_containers/
"""

from __future__ import annotations

import tarfile
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from images.archive import BILL_PATH
from tools.errors import ToolError
from tools.places import COSIGN

if TYPE_CHECKING:
    from pathlib import Path

    from tools.progress import Progress

BILL_TYPE = "cyclonedx"


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs with the private key `key`. The public key is next to it, with the suffix .pub, as cosign writes it.

    The password of the key is in the variable COSIGN_PASSWORD. What has a valid signature is not signed again.
    """

    progress: Progress
    key: Path

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
        options = ["--yes", "--tlog-upload=false", "--key", str(self.key)]
        self.progress.run([str(COSIGN), command, *options, *arguments])

    def _verifies(self, command: str, *arguments: str) -> bool:
        options = ["--insecure-ignore-tlog=true", "--key", str(self.key.with_suffix(".pub"))]
        try:
            self.progress.run([str(COSIGN), command, *options, *arguments])
        except ToolError:
            return False
        return True


def bill_in(archive: Path) -> bytes:
    """Return the bill of materials in the archive of a base image. Raises KeyError if it has none."""
    with tarfile.open(archive) as image, tarfile.open(fileobj=image.extractfile("bill.tar")) as layer:
        file = layer.extractfile(BILL_PATH)
        return file.read() if file else b""
