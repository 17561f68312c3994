from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

import pytest

from funcpack.buildpack.app_permissions import set_permissions
from funcpack.buildpack.platform.log import Log

NOBODY = 65534


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change to another user")
def test_files_of_another_user_are_named() -> None:
    stream = io.StringIO()
    with tempfile.TemporaryDirectory() as directory:  # pytest's directories are for their owner only
        app = Path(directory)
        app.chmod(0o755)
        (app / "key").touch(mode=0o600)
        os.seteuid(NOBODY)
        try:
            set_permissions(app, Log(stream))
        finally:
            os.seteuid(0)
    assert stream.getvalue().splitlines() == [
        "[Permissions]",
        "Warning: only their owner can read 'key', and the build cannot change this.",
        "Run 'chmod -R a+rX,go-w .' in the app directory and build again.",
    ]
