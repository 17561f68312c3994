"""The choice of the host's package mirrors for the images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from images import debian

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("mirrors", "expected"),
    [
        pytest.param(
            ["http://mirror.example/debian/", "http://mirror.example/debian-security/"],
            ("http://mirror.example/debian/", "http://mirror.example/debian-security/"),
            id="both-of-debian",
        ),
        pytest.param(
            ["http://archive.ubuntu.com/ubuntu/", "https://deb.example/node"],
            ("http://deb.debian.org/debian", "http://deb.debian.org/debian-security"),
            id="none-of-debian",
        ),
        pytest.param(
            ["http://mirror.example/debian"],
            ("http://mirror.example/debian", "http://deb.debian.org/debian-security"),
            id="without-security",
        ),
        pytest.param([], ("http://deb.debian.org/debian", "http://deb.debian.org/debian-security"), id="none"),
    ],
)
def test_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mirrors: list[str], expected: tuple[str, str]
) -> None:
    apt = tmp_path / "apt-get"
    apt.write_text("#!/bin/sh\nprintf '%s\\n' " + " ".join(f"'{mirror}'" for mirror in mirrors) + "\n")
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    main, security = expected

    assert debian.sources() == [
        f"deb [signed-by={debian.KEYRING}] {main} trixie main",
        f"deb [signed-by={debian.KEYRING}] {main} trixie-updates main",
        f"deb [signed-by={debian.KEYRING}] {security} trixie-security main",
    ]
