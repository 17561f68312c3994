"""The certificate authorities that this machine's settings name, for example that of a company's proxy or package index.

The authorities of the system are not passed on: the build image has those of its own distribution.
"""

from __future__ import annotations

import re
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from funcpack.buildpack.install.certificates import SYSTEM_BUNDLES
from funcpack.environments.settings import pip_variables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT")
# Such a file may also contain a private key.
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def private_bundles(environ: Mapping[str, str]) -> list[Path]:
    """Return the files with certificates, other than the system's, that variables and pip's configuration name."""
    of_system = {path.resolve() for path in (*SYSTEM_BUNDLES, Path(ssl.get_default_verify_paths().openssl_cafile))}
    named = {**pip_variables(environ), **environ}
    files = (Path(named[name]) for name in _VARIABLES if named.get(name))
    found = dict.fromkeys(file.resolve() for file in files if file.is_file())
    return [file for file in found if file not in of_system and any(_certificates(file))]


def certificates(bundles: list[Path]) -> bytes:
    """Return the certificates in files, in PEM format, each once."""
    return b"\n".join(dict.fromkeys(found for file in bundles for found in _certificates(file))) + b"\n"


def _certificates(file: Path) -> Iterator[bytes]:
    return (match[0] for match in _CERTIFICATE.finditer(file.read_bytes()))
