from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from funcpack.buildpack.install import interpreter
from funcpack.buildpack.platform.context import Context

if TYPE_CHECKING:
    from pathlib import Path

OURS = '[run-image]\nreference = "a/b"\n[run-image.target]\nid = "funcpack.run"\nos = "linux"\n'


@pytest.mark.parametrize(
    ("analyzed", "is_foreign"),
    [
        pytest.param(OURS, False, id="ours"),
        pytest.param(OURS.replace("funcpack.run", "heroku.run"), True, id="with-another-id"),
        pytest.param('[run-image.target]\nos = "linux"\n', True, id="without-an-id"),
        pytest.param('[run-image]\nreference = "a/b"\n', False, id="platform-before-0.12"),
        pytest.param("", False, id="nothing-said"),
        pytest.param("[run-image", False, id="not-toml"),
        pytest.param(None, False, id="no-analyzer"),
    ],
)
def test_run_image_is_known_to_be_foreign(tmp_path: Path, analyzed: str | None, *, is_foreign: bool) -> None:
    if analyzed is not None:
        (tmp_path / "analyzed.toml").write_text(analyzed)
    context = Context.for_build(
        {
            "CNB_LAYERS_DIR": str(tmp_path / "funcpack_python"),
            "CNB_PLATFORM_DIR": "/platform",
            "CNB_BUILDPACK_DIR": "/cnb",
        },
        [],
    )
    assert interpreter.is_foreign(context) == is_foreign
