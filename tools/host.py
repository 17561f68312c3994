"""Passes the network settings of this machine to builds in containers: its certificate authorities and its package index."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# Variables for the buildpack. With `--env NAME`, pack reads the value itself, so no credential appears in a command or a log.
INDEX_VARIABLES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX")


@contextmanager
def network_options() -> Iterator[list[str]]:
    """Yield options of `pack build` for this machine's network. They are valid inside the block.

    SSL_CERT_FILE becomes a service binding of type ca-certificates (https://github.com/servicebinding/spec). Variables that
    name a package index are passed on.
    """
    options = [part for name in INDEX_VARIABLES if name in os.environ for part in ("--env", name)]
    with TemporaryDirectory() as directory:
        bundle = os.environ.get("SSL_CERT_FILE")
        if bundle and Path(bundle).is_file():
            binding = ca_certificates_binding(Path(directory), Path(bundle))
            options += ["--volume", f"{binding}:/platform/bindings/ca-certificates:ro"]
        yield options


def ca_certificates_binding(directory: Path, bundle: Path) -> Path:
    """Write a binding with the certificates of `bundle` into `directory`, make it readable for all users, and return it."""
    directory.chmod(0o755)
    (directory / "type").write_text("ca-certificates")
    shutil.copyfile(bundle, directory / "host.pem")
    return directory
