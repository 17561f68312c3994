"""Creates the file system of an image from Debian's packages with mmdebstrap, as root on Debian or Ubuntu. Pulls no image."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from images.recipe import GROUP_ID, SUITE, Image
from tools import engine
from tools.places import reproducible_environment

if TYPE_CHECKING:
    from pathlib import Path

    from tools.progress import Progress

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
DEFAULT_MIRROR = "http://deb.debian.org/debian"
DEFAULT_SECURITY_MIRROR = "http://deb.debian.org/debian-security"
UNWANTED = ("man", "info", "locale", "lintian", "doc")

# The hooks read and remove the package archives, and the engine creates device nodes.
SKIPPED = "output/dev,cleanup/apt,cleanup/mmdebstrap"


def ensure_mmdebstrap(progress: Progress) -> None:
    """Install mmdebstrap and Debian's keys if they are missing."""
    if not shutil.which("mmdebstrap"):
        engine.install(progress, "mmdebstrap", "debian-archive-keyring")


def make_root(progress: Progress, image: Image, archive: Path, architecture: str) -> None:
    """Write the root file system of `image` for `architecture`, by Debian's name, as a tar file to `archive`.

    The same state of Debian's repositories leads to the same bytes. Raises ToolError if mmdebstrap fails.
    """
    excluded = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in UNWANTED]
    command = [
        "mmdebstrap",
        "--mode=root",
        "--quiet",
        "--format=tar",
        f"--architectures={architecture}",
        f"--variant={image.variant}",
        f"--skip={SKIPPED}",
        f"--include={','.join(image.packages)}",
        *excluded,
        "--dpkgopt=path-include=/usr/share/doc/*/copyright",
        '--aptopt=APT::Install-Recommends "false"',
        f'--{image.hook_stage}-hook={image.hook} "$1" {image.user_id} {GROUP_ID}',
        SUITE,
        str(archive),
        *sources(),
    ]
    progress.run(command, env=reproducible_environment())


def sources() -> list[str]:
    """Return the lines of sources.list for the images, with the mirrors of this machine or else Debian's own."""
    mirrors = {urlsplit(mirror).path.strip("/"): mirror for mirror in _host_mirrors()}
    main = mirrors.get("debian", DEFAULT_MIRROR)
    security = mirrors.get("debian-security", DEFAULT_SECURITY_MIRROR)
    places = ((main, SUITE), (main, f"{SUITE}-updates"), (security, f"{SUITE}-security"))
    return [f"deb [signed-by={KEYRING}] {mirror} {suite} main" for mirror, suite in places]


def _host_mirrors() -> list[str]:
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
