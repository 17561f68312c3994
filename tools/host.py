"""Passes the network settings of this machine to builds in containers: its certificate authorities and its package index."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from funcpack.image_builds.bindings import Binding, temporary_directory, volume_options

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
    bundle = Path(os.environ.get("SSL_CERT_FILE") or "/nowhere")
    bindings = [Binding("ca-certificates", {"host.pem": bundle.read_bytes()})] if bundle.is_file() else []
    with temporary_directory(bindings) as directory:
        yield [*options, *(volume_options(directory) if bindings else [])]
