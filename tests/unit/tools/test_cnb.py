from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tools import cnb

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("module", "dependency"),
    [(cnb.PACK_MODULE, "github.com/buildpacks/pack"), (cnb.LIFECYCLE_MODULE, "github.com/buildpacks/lifecycle")],
    ids=["pack", "lifecycle"],
)
def test_the_go_modules_pin_the_tools(module: Path, dependency: str) -> None:
    major, minor, patch = cnb.pinned_version(module, dependency).split(".")

    assert major.isdigit()
    assert minor.isdigit()
    assert patch.isdigit()


def test_an_unpinned_dependency_is_a_fault() -> None:
    with pytest.raises(LookupError, match=r"go\.mod does not require example\.com/other"):
        cnb.pinned_version(cnb.PACK_MODULE, "example.com/other")
