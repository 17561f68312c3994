"""The wheel of the invoker, made of the files that are installed with the tool: without a network and without build tools."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from funcpack.deploy.packing.zips import zipped
from funcpack.environments import invoker

if TYPE_CHECKING:
    from collections.abc import Mapping

_TAG = "py3-none-any"
_WHEEL = f"Wheel-Version: 1.0\nGenerator: funcpack\nRoot-Is-Purelib: true\nTag: {_TAG}\n"

FILE_NAME = f"{invoker.METADATA_DIRECTORY.removesuffix('.dist-info')}-{_TAG}.whl"


def invoker_wheel() -> bytes:
    """Return the wheel, whose name is FILE_NAME.

    https://packaging.python.org/en/latest/specifications/binary-distribution-format/
    """
    info = invoker.METADATA_DIRECTORY
    files = {
        **invoker.package_files(),
        f"{info}/METADATA": invoker.metadata().encode(),
        f"{info}/WHEEL": _WHEEL.encode(),
    }
    return zipped({**files, f"{info}/RECORD": _record(files, f"{info}/RECORD").encode()})


def _record(files: Mapping[str, bytes], own: str) -> str:
    lines = [f"{name},sha256={_digest(files[name])},{len(files[name])}" for name in sorted(files)]
    return "\n".join([*lines, f"{own},,", ""])


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
