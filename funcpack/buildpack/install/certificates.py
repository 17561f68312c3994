"""The certificate authorities that the build trusts: the build image's and those of service bindings.

They are for the build alone, so that it reaches an index behind a proxy; nothing of them gets into the image.
"""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from funcpack.buildpack.platform import bindings
from funcpack.errors import BindingError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from funcpack.buildpack.platform.cnb import Context
    from funcpack.buildpack.platform.log import Log

_SYSTEM_BUNDLES = (
    Path("/etc/ssl/certs/ca-certificates.crt"),
    Path("/etc/pki/tls/certs/ca-bundle.crt"),
    Path("/etc/ssl/ca-bundle.pem"),
    Path("/etc/ssl/cert.pem"),
)
_BEGIN = b"-----BEGIN CERTIFICATE-----"

# uv and whatever it runs to build packages: git, curl, requests, pip.
_VARIABLES = ("SSL_CERT_FILE", "GIT_SSL_CAINFO", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "PIP_CERT")


@contextmanager
def trusted(context: Context, env: Mapping[str, str], log: Log) -> Iterator[dict[str, str]]:
    """Give the variables that make programs trust the build image's and the bindings' authorities, while it lasts.

    Raises:
        BindingError: a binding of type ca-certificates without a certificate.

    """
    bundle = next((path for path in (Path(env.get("SSL_CERT_FILE", "/")), *_SYSTEM_BUNDLES) if path.is_file()), None)
    # Without it uv knows the authorities of its own build only. It cannot be asked to when there is no bundle at all.
    variables = {"UV_SYSTEM_CERTS": "1"} if bundle and "UV_SYSTEM_CERTS" not in env else {}
    added = _of_bindings(context)
    if not added:
        yield variables
        return
    import tempfile  # noqa: PLC0415 - slow, and most builds have no binding

    count = added.count(_BEGIN)
    log.title("Certificates")
    log.line(f"Trusting {count} certificate{'s' * (count != 1)} of service bindings, in this build only.")
    with tempfile.NamedTemporaryFile(prefix="ca-certificates-", suffix=".pem") as file:
        file.write((bundle.read_bytes() + b"\n" if bundle else b"") + added)
        file.flush()
        yield variables | dict.fromkeys(_VARIABLES, file.name)


def _of_bindings(context: Context) -> bytes:
    certificates = b""
    for binding in bindings.of_type("ca-certificates", context.platform, context.environ):
        contents = [file.read_bytes() for file in binding.files()]
        found = [content for content in contents if _BEGIN in content]
        if not found:
            raise BindingError(binding.name, binding.type, "none of its files has a certificate in PEM form")
        certificates += b"".join(content.rstrip() + b"\n" for content in found)
    return certificates
