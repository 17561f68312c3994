"""The two base images: their packages, users, environment and labels.

The platform specification defines the names of the variables and labels, in "Build Image" and "Run Image":
https://github.com/buildpacks/spec/blob/main/platform.md
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent

SUITE = "trixie"
BASE_IMAGE = "debian:trixie-slim"
DISTRO = {"io.buildpacks.base.distro.name": "debian", "io.buildpacks.base.distro.version": "13"}
GROUP_ID = 1000
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Image:
    """A base image. `variant` and `hook_stage` are terms of mmdebstrap, `packages` are Debian packages."""

    name: str
    description: str
    variant: str
    packages: tuple[str, ...]
    hook: Path
    hook_stage: str
    user_id: int
    more_environment: tuple[str, ...] = ()
    more_labels: tuple[tuple[str, str], ...] = ()

    @property
    def short_name(self) -> str:
        """The name without the repository: run, build."""
        return self.name.rpartition("/")[2]

    @property
    def environment(self) -> list[str]:
        """The environment variables of the image, each as NAME=VALUE."""
        return [f"PATH={SEARCH_PATH}", "LANG=C.UTF-8", *self.more_environment]

    @property
    def labels(self) -> dict[str, str]:
        """The labels of the image."""
        about = {
            "io.buildpacks.base.id": self.name.replace("/", "."),
            "io.buildpacks.base.maintainer": "Funcpack",
            "io.buildpacks.base.description": self.description,
        }
        return {**about, **DISTRO, **dict(self.more_labels)}


# Python is in the run image instead of a layer, because a layer costs time in every rebuild, and a rebase applies security fixes
# to existing images. `python3` depends on dpkg, and `ca-certificates` on openssl and perl, so the hook extracts only the files
# that are needed.
RUN = Image(
    name="funcpack/run",
    description="Debian 13 with Python 3.13 and little else, for functions to run in",
    variant="extract",
    packages=("base-files", "netbase", "tzdata", "libstdc++6", "python3.13", "dash"),
    hook=HERE / "run" / "hook.sh",
    hook_stage="extract",
    user_id=1002,
    more_labels=(("io.buildpacks.rebasable", "true"),),
)

# The compiler is for packages without a wheel, git for requirements in repositories. Nothing of this image becomes part of a function's image.
BUILD = Image(
    name="funcpack/build",
    description="Debian 13 with Python 3.13 and a C compiler, for functions to be built in",
    variant="essential",
    packages=(
        "python3",
        "ca-certificates",
        "passwd",
        "gcc",
        "git",
        "libc6-dev",
        "make",
        "pkg-config",
        "python3.13-dev",
    ),
    hook=HERE / "build" / "hook.sh",
    hook_stage="customize",
    user_id=1001,
    more_environment=("CNB_USER_ID=1001", f"CNB_GROUP_ID={GROUP_ID}"),
)
