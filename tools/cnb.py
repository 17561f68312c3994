"""Builds the programs of the Buildpacks project at the versions in the Go modules next to this file: `pack` and the lifecycle.

The registry for the tests and crane, which pushes images, are of the library that `pack` uses for registries, and so of the same
module.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tools import go_bill, golang, stamp
from tools.places import COSIGN, LIFECYCLE, PACK, ROOT

if TYPE_CHECKING:
    from tools.progress import Progress, Step

PACK_MODULE = ROOT / "tools" / "pack"
COSIGN_MODULE = ROOT / "tools" / "cosign"
LIFECYCLE_MODULE = ROOT / "tools" / "lifecycle"

# Earlier releases ask a registry for local images: https://github.com/buildpacks/pack/pull/2498
OLDEST_PACK = (0, 39, 1)

PROGRAMS = ("lifecycle", "launcher")

# One program runs all phases. The name by which it is called selects the phase.
PHASES = ("analyzer", "builder", "creator", "detector", "exporter", "extender", "rebaser", "restorer")

# The APIs are listed in api/apis.go in the lifecycle's source. Its own packager writes the same file.
DESCRIPTOR = """\
[lifecycle]
version = "{version}"

[apis.buildpack]
deprecated = []
supported = ["0.7", "0.8", "0.9", "0.10", "0.11", "0.12"]

[apis.platform]
deprecated = []
supported = ["0.7", "0.8", "0.9", "0.10", "0.11", "0.12", "0.13", "0.14", "0.15"]
"""


def find_pack() -> str | None:
    """Return the `pack` on PATH, or None if there is none or it is older than OLDEST_PACK."""
    found = shutil.which("pack")
    if not found:
        return None
    done = subprocess.run([found, "version"], capture_output=True, text=True, check=False)
    version = re.match(r"v?(\d+)\.(\d+)\.(\d+)", done.stdout)
    return found if version and tuple(map(int, version.groups())) >= OLDEST_PACK else None


def ensure_pack(progress: Progress, step: Step) -> None:
    """Build the pinned `pack`.

    Raises ToolError if Go is missing or fails.
    """
    inputs = stamp.digest(PACK_MODULE)
    if stamp.is_current("pack", inputs) and PACK.exists():
        step.result = "up to date"
        return
    version = pinned_version(PACK_MODULE, "github.com/buildpacks/pack")
    flags = f"-s -w -X github.com/buildpacks/pack/pkg/client.Version={version}"
    golang.build(progress, PACK_MODULE, ["github.com/buildpacks/pack"], flags, PACK)
    stamp.write("pack", inputs)


def ensure_registry_program(progress: Progress, step: Step, program: Path) -> None:
    """Build CRANE, or the pinned REGISTRY, which keeps its images in memory.

    Raises ToolError if Go is missing or fails.
    """
    inputs = stamp.digest(PACK_MODULE)
    if stamp.is_current(program.name, inputs) and program.exists():
        step.result = "up to date"
        return
    command = f"github.com/google/go-containerregistry/cmd/{program.name}"
    golang.build(progress, PACK_MODULE, [command], "-s -w", program)
    stamp.write(program.name, inputs)


def ensure_cosign(progress: Progress, step: Step) -> None:
    """Build the pinned cosign, which signs images.

    Raises ToolError if Go is missing or fails.
    """
    inputs = stamp.digest(COSIGN_MODULE)
    if stamp.is_current("cosign", inputs) and COSIGN.exists():
        step.result = "up to date"
        return
    golang.build(progress, COSIGN_MODULE, ["github.com/sigstore/cosign/v2/cmd/cosign"], "-s -w", COSIGN)
    stamp.write("cosign", inputs)


def ensure_lifecycle(progress: Progress, step: Step, architecture: str, target: Path = LIFECYCLE) -> None:
    """Build the pinned lifecycle for Linux on `architecture` in `target`. Without Go, leave it to `pack` to download the release.

    Raises ToolError if Go fails.
    """
    inputs = stamp.digest(LIFECYCLE_MODULE, Path(go_bill.__file__), text=architecture + DESCRIPTOR)
    if stamp.is_current(stamp.name_of(target), inputs) and (target / "lifecycle.toml").exists():
        step.result = "up to date"
        return
    shutil.rmtree(target, ignore_errors=True)
    if not shutil.which("go"):
        step.result = "left to pack, because there is no Go"
        return
    version = pinned_version(LIFECYCLE_MODULE, "github.com/buildpacks/lifecycle")
    _build_lifecycle(progress, version, architecture, target)
    stamp.write(stamp.name_of(target), inputs)


def pinned_version(module: Path, dependency: str) -> str:
    """Return the version of `dependency` in the go.mod of `module`, without the leading `v`."""
    for line in (module / "go.mod").read_text().splitlines():
        name, _, version = line.strip().removeprefix("require ").partition(" v")
        if name == dependency:
            return version.split()[0]
    msg = f"{module / 'go.mod'} does not require {dependency}"
    raise LookupError(msg)


def _build_lifecycle(progress: Progress, version: str, architecture: str, directory: Path) -> None:
    target = directory / "lifecycle"
    commands = [f"github.com/buildpacks/lifecycle/cmd/{name}" for name in PROGRAMS]
    flags = f"-s -w -X github.com/buildpacks/lifecycle/cmd.Version={version}"
    target.mkdir(parents=True)
    golang.build(progress, LIFECYCLE_MODULE, commands, flags, target, {"GOOS": "linux", "GOARCH": architecture})
    for name in PROGRAMS:
        go_bill.write(progress, target / name)
    for phase in PHASES:
        (target / phase).symlink_to("lifecycle")
    (directory / "lifecycle.toml").write_text(DESCRIPTOR.format(version=version))
