"""The certificate authorities that the build trusts: those of the build image and of service bindings.

With them the build can reach an index behind a proxy. They do not become part of the image.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from funcpack.buildpack.platform import bindings
from funcpack.errors import BindingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from funcpack.buildpack.platform.context import Context
    from funcpack.buildpack.platform.log import Log

SYSTEM_BUNDLES = (
    Path("/etc/ssl/certs/ca-certificates.crt"),
    Path("/etc/pki/tls/certs/ca-bundle.crt"),
    Path("/etc/ssl/ca-bundle.pem"),
    Path("/etc/ssl/cert.pem"),
)
_BEGIN = b"-----BEGIN CERTIFICATE-----"

# The variables of uv and of the programs that it runs to build packages: git, curl, requests, pip.
_VARIABLES = ("SSL_CERT_FILE", "GIT_SSL_CAINFO", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "PIP_CERT")


@contextmanager
def temporary_bundle(context: Context, env: Mapping[str, str], log: Log) -> Iterator[dict[str, str]]:
    """Write a bundle of all certificate authorities for the block, and yield the variables that make programs trust it.

    Raises:
        BindingError: A binding of type ca-certificates has no certificate.
        BindingFileError: A file of such a binding cannot be read.

    """
    bundle = next((path for path in (Path(env.get("SSL_CERT_FILE", "/")), *SYSTEM_BUNDLES) if path.is_file()), None)
    # By default uv trusts only the authorities that it was built with. Without a bundle it must not use the system's.
    variables = {"UV_SYSTEM_CERTS": "1"} if bundle and "UV_SYSTEM_CERTS" not in env else {}
    added = _bound_certificates(context, env)
    if not added:
        yield variables
        return
    import tempfile  # noqa: PLC0415 - slow, and most builds have no binding

    count = added.count(_BEGIN)
    log.title("Certificates")
    log.line(f"Trusting {count} certificate{'s' * (count != 1)} from service bindings during this build.")
    with tempfile.NamedTemporaryFile(prefix="ca-certificates-", suffix=".pem") as file:
        file.write((bundle.read_bytes() + b"\n" if bundle else b"") + added)
        file.flush()
        yield variables | dict.fromkeys(_VARIABLES, file.name)


def _bound_certificates(context: Context, env: Mapping[str, str]) -> bytes:
    certificates = b""
    for binding in bindings.find_bindings("ca-certificates", context.platform, env):
        contents = [binding.content(file) for file in binding.files()]
        found = [content for content in contents if _BEGIN in content]
        if not found:
            raise BindingError(binding.name, binding.type, "has no file with a certificate in PEM format")
        certificates += b"".join(content.rstrip() + b"\n" for content in found)
    return certificates
