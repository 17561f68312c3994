"""The builds of Python that uv can download."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from funcpack.buildpack.install.uv import UvError
from funcpack.errors import PythonListError
from funcpack.project import python_request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from funcpack.buildpack.install.uv import Uv
    from funcpack.project.python_request import Version

_FINAL = re.compile(r"\d+\.\d+\.\d+")


def downloads(uv: Uv, *, free_threaded: bool) -> Iterator[Version]:
    """Return the final releases of CPython that uv can download for this machine, all of one kind of build.

    Raises:
        PythonListError: uv cannot read the list.

    """
    variant = "freethreaded" if free_threaded else "default"
    try:
        listed = uv.capture(
            ["python", "list", "--no-config", "--only-downloads", "--all-versions", "--output-format=json"]
        )
    except UvError as exc:
        raise PythonListError(exc.output) from exc
    for download in json.loads(listed):
        is_wanted = download["implementation"] == "cpython" and download["variant"] == variant
        if is_wanted and _FINAL.fullmatch(download["version"]):
            yield python_request.parse_version(download["version"])
