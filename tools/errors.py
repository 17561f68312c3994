"""All error texts of the repository's tools (`make demo`, `make images`, ...)."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tools.advisories import Finding

SHOWN_LINES = 20


@dataclass(eq=False)  # not frozen: contextlib sets an exception's traceback
class ToolError(Exception):
    """An error that stops a tool: its title, the finding and the remedy."""

    title: str
    found: str
    remedy: str

    def __str__(self) -> str:
        return f"error: {self.title}\n\n{self.found}\n\nWhat to do: {self.remedy}"


def no_engine() -> ToolError:
    """Return the error for a machine without an engine on which none can be installed."""
    return ToolError(
        "no container engine is running",
        "`docker version` and `podman info` do not reach an engine. Funcpack can install one only for root on Debian or Ubuntu"
        f" (this is {platform.system()}).",
        "install and start Docker (https://docs.docker.com/engine/install/) or Podman (https://podman.io/docs/installation),"
        " check that `docker version` or `podman info` works, and run the command again.",
    )


def no_browser() -> ToolError:
    """Return the error for a machine without Chromium on which it cannot be installed."""
    return ToolError(
        "Chromium is not installed",
        "the page of `funcpack run` is tested in it, and there is no program `chromium`. It is only installed for root on Debian"
        f" (this is {platform.system()}).",
        "install the package `chromium` of your distribution, and run the command again.",
    )


def not_shown(text: str, shown: str) -> ToolError:
    """Return the error for a terminal that does not show what a picture needs."""
    return ToolError(
        f"the terminal does not show '{text}'",
        f"It shows:\n\n{shown.rstrip()}",
        "correct what it reports, and run the command again. The pictures need the ports 8080 and 8081.",
    )


def podman_without_socket() -> ToolError:
    """Return the error for a Podman without the socket that `pack` requires."""
    return ToolError(
        "the socket of podman is not available",
        "`pack` connects to the engine through a socket, and podman does not listen at one.",
        "run `systemctl --user start podman.socket` (or `podman machine start` if podman runs in a virtual machine).",
    )


def engine_not_started(log: Path, lines: Sequence[str]) -> ToolError:
    """Return the error for an engine that was started and did not become ready."""
    return ToolError(
        "the container engine does not start",
        "The end of its log:\n" + _indented(lines),
        f"read {log}. If an engine cannot run on this machine, set DOCKER_HOST to the address of another one.",
    )


def command_failed(command: Sequence[str], code: int, output: str, log: Path) -> ToolError:
    """Return the error for a program that failed."""
    return ToolError(
        f"`{command[0]}` failed with exit code {code}",
        f"{' '.join(command)}\n" + _indented(output.splitlines()),
        f"read the whole output in {log}.",
    )


def program_failed(command: Sequence[str], code: int, output: str | None = None) -> ToolError:
    """Return the error for a program that failed. It does not contain the arguments, which can be credentials.

    Without `output`, the program has printed it.
    """
    return ToolError(
        f"`{Path(command[0]).name} {command[1]}` failed with exit code {code}",
        "Its output is above." if output is None else f"Its output is:\n{_indented(output.splitlines())}",
        "correct what it reports, and run the command again.",
    )


def engine_refused(command: Sequence[str], code: int, output: str) -> ToolError:
    """Return the error for a command of the container engine that failed."""
    return ToolError(
        f"`{command[0]} {command[1]}` failed with exit code {code}",
        f"{' '.join(command)}\n" + _indented(output.splitlines()),
        f"check that `{command[0]} version` works, and run the command again.",
    )


def command_missing(command: str) -> ToolError:
    """Return the error for a program that is not installed."""
    return ToolError(
        f"`{command}` is not installed",
        f"`{command}` is not on PATH.",
        f"install `{command}` and run the command again.",
    )


def no_venv_module() -> ToolError:
    """Return the error for a Python of Debian without the module that creates virtual environments."""
    return ToolError(
        "this Python cannot create virtual environments",
        f"{sys.executable} has no `ensurepip` module, which is a separate package on Debian and Ubuntu.",
        "run `apt install python3-venv`, or use another Python: `make PYTHON=/path/to/python3.12 demo`.",
    )


def no_answer(url: str, seconds: float, logs: str) -> ToolError:
    """Return the error for a container that does not become ready."""
    return ToolError(
        "the function does not respond",
        f"{url} did not respond within {seconds:.0f} seconds. The end of the container's log:\n"
        + _indented(logs.splitlines()),
        "run the image with `docker run` and read its log.",
    )


def unexpected_answer(request: str, expected: str, got: str) -> ToolError:
    """Return the error for a function that does not return the documented response of its template."""
    return ToolError(
        "the response of the function is unexpected",
        f"{request}\nexpected: {expected}\ngot:      {got}",
        "check whether the template was changed. The demo calls the function as the template's README does.",
    )


def images_need_debian() -> ToolError:
    """Return the error for publishing from a machine that cannot create the base images from Debian's packages."""
    return ToolError(
        "the images for a registry are made only by root on Debian or Ubuntu",
        f"They are created from Debian's packages with mmdebstrap (this is {platform.system()}).",
        "run the command as root on Debian or Ubuntu, without BASE_IMAGE, for example in continuous integration.",
    )


def no_emulation(architecture: str) -> ToolError:
    """Return the error for a machine that cannot run programs for `architecture`."""
    return ToolError(
        f"this machine does not run programs for {architecture}",
        "`arch-test` does not find an emulator in /proc/sys/fs/binfmt_misc, and the kernel does not let this process register one.",
        "run the command on a machine whose kernel has binfmt_misc, or name only this machine's architecture, for example:"
        " make publish ARCHITECTURES=amd64 REGISTRY=...",
    )


def bad_version(version: str) -> ToolError:
    """Return the error for a VERSION that cannot be a tag."""
    return ToolError(
        "VERSION is not a version",
        f"It is {version!r}, which is not MAJOR.MINOR.PATCH with an optional suffix.",
        "set VERSION to the version of the release, for example 0.1.0 or 0.1.0-rc.1.",
    )


def no_registry() -> ToolError:
    """Return the error for a target that needs a registry, and has none."""
    return ToolError(
        "REGISTRY is not set",
        "The names of the published images begin with it: REGISTRY/funcpack/builder and others.",
        "name the host of the registry, and a prefix if it needs one, for example REGISTRY=ghcr.io/example.",
    )


def bad_registry(registry: str) -> ToolError:
    """Return the error for a REGISTRY that cannot begin the name of an image."""
    return ToolError(
        "REGISTRY is not a registry",
        f"It is {registry!r}, which is not a host with an optional port and prefix, in lower case.",
        "name it as in the names of images, for example REGISTRY=ghcr.io/example.",
    )


def unknown_architecture(found: str, known: Sequence[str], variable: str) -> ToolError:
    """Return the error for an architecture in `variable`, or of the engine, that the buildpack does not support."""
    return ToolError(
        "this architecture is not supported", f"The target is {found}.", f"set {variable} to {' or '.join(known)}."
    )


def no_key(file: str, variable: str, password: str) -> ToolError:
    """Return the error for publishing without a private key from a repository with the public key `file`.

    `variable` can contain the private key, and `password` its password.
    """
    return ToolError(
        "there is no key to sign the images with",
        f"SIGNING_KEY and {variable} are not set or empty, and users verify the images with {file}, which is in the repository."
        " Nothing was built or pushed.",
        f"name the private key of {file}, and put its password in {password}: `make publish SIGNING_KEY=cosign.key"
        " REGISTRY=...`. To publish without signatures, for example to a registry for tests, add `UNSIGNED=1`.",
    )


def lost_architectures(reference: str, lost: Sequence[str]) -> ToolError:
    """Return the error for a tag in the registry that would no longer have images for the architectures `lost`."""
    return ToolError(
        f"{reference} would lose {' and '.join(lost)}",
        "The tag has images for more architectures than ARCHITECTURES names, and publishing replaces all of them. Nothing was built"
        " or pushed.",
        "publish for all architectures: leave ARCHITECTURES out. To publish for some of them, for example as a test, use another"
        " registry, or a version with a suffix, which moves no other tags: VERSION=0.1.0-test.",
    )


def key_instead_of_path(variable: str) -> ToolError:
    """Return the error for a SIGNING_KEY that is a key and not a path. It does not contain the key."""
    return ToolError(
        "SIGNING_KEY is not a path",
        "It is a private key. The log would contain it.",
        f"set SIGNING_KEY to the path of the key, or set {variable} to the key.",
    )


def no_password(variable: str) -> ToolError:
    """Return the error for a private key without the variable for its password."""
    return ToolError(
        f"{variable} is not set",
        "The images are signed with a private key, which has a password. Nothing was pushed.",
        f"set {variable} to the password of the key, or to an empty text if it has none.",
    )


def unusable_key(key: str, password: str, log: Path) -> ToolError:
    """Return the error for a private key that cosign cannot use. `password` is the variable with its password."""
    return ToolError(
        "the key for signatures cannot be used",
        f"cosign cannot read the private key {key} with the password in {password}. Nothing was pushed.",
        f"correct the key or the password. {log} contains what cosign reports.",
    )


def other_key(key: str, file: str) -> ToolError:
    """Return the error for a private key that does not belong to the public key in the repository."""
    return ToolError(
        "the key for signatures is another one than users have",
        f"{file} in the repository is not the public key of {key}, so users could not verify the signatures. Nothing was pushed.",
        f"use the private key of {file}, or commit the public key of the new pair as {file}.",
    )


def no_packages(image: str, directory: str, found: str) -> ToolError:
    """Return the error for a run image whose packages cannot be read. `found` is what the engine reports."""
    return ToolError(
        f"the packages of {image} cannot be read",
        found,
        "check the name of the image, and that this machine can pull it if it is in a registry. Only run images that root on Debian"
        f" or Ubuntu creates list their packages in {directory}.",
    )


def invalid_version(version: str) -> ToolError:
    """Return the error for a version that is not one of Funcpack's."""
    return ToolError(
        "invalid version",
        f"The version is '{version}'.",
        "set VERSION to three numbers, or to those of a release candidate, for example: `make version VERSION=1.2.0`, or"
        " `make version VERSION=1.2.0-rc.1`.",
    )


def invalid_tag(tag: str) -> ToolError:
    """Return the error for a tag that is not one of a release."""
    return ToolError(
        "TAG is not the tag of a release",
        f"It is '{tag}', which is not `v` followed by a version.",
        "set TAG to the tag of a release, for example TAG=v1.2.0, or of a release candidate, for example TAG=v1.2.0-rc.1.",
    )


def section_exists(version: str) -> ToolError:
    """Return the error for a version that the changelog lists as released."""
    return ToolError(
        "the changelog has this version already",
        f"CHANGELOG.md has the section [{version}].",
        "set VERSION to a newer version. If this one is not released yet, move its changes below [Unreleased], and remove"
        " the heading of its section.",
    )


def no_changes(version: str) -> ToolError:
    """Return the error for a changelog that does not list the changes of a version."""
    return ToolError(
        "the changelog has no changes of this version",
        f"CHANGELOG.md has no section [{version}], or an empty one.",
        "write the changes below [Unreleased], and run `make version VERSION=...`, which renames the section.",
    )


def other_version(tag: str, version: str) -> ToolError:
    """Return the error for a tag that does not belong to the version in the sources."""
    return ToolError(
        "the tag is not that of the version",
        f"The tag is {tag}, and the version in the sources is {version}.",
        f"use the tag v{version}, or set the version: `make version VERSION={tag.removeprefix('v')}`.",
    )


def not_committed(changes: Sequence[str]) -> ToolError:
    """Return the error for a release from a working tree with changes."""
    return ToolError(
        "there are changes that are not committed",
        "git status --porcelain\n" + _indented(changes),
        "commit them before you set the tag, or remove them. A release contains only what its tag contains.",
    )


def missing_file(file: str, command: str) -> ToolError:
    """Return the error for a file that another command writes."""
    target = " ".join(command.split()[:2])
    return ToolError(f"{file} is missing", f"`{target}` writes it, unless it fails.", f"run `{command}` first.")


def no_distributions(directory: str) -> ToolError:
    """Return the error for an upload without distributions."""
    return ToolError(
        "there are no distributions to upload",
        f"{directory} has no files, or does not exist.",
        "run `make distributions` first.",
    )


def no_release(found: str) -> ToolError:
    """Return the error for a repository without a tag of a release. `found` is what git reports."""
    return ToolError(
        "there is no release to check out",
        f"git finds no tag such as v1.2.0 in the history of this commit. {found}",
        "run `git fetch --tags`, and `git fetch --unshallow` if the clone is shallow. If there is no release yet, make one:"
        " see docs/releases.md.",
    )


def vulnerable(found: Sequence[Finding]) -> ToolError:
    """Return the error for locked dependencies with known vulnerabilities."""
    return ToolError(
        "locked dependencies have known vulnerabilities",
        "\n".join(map(str, found)),
        'allow a release with the fix in the .in file or pyproject.toml, and run `make lock UPGRADE="--upgrade-package NAME"`.'
        " For a Go module, run `go get MODULE@VERSION` and `go mod tidy` in its directory.",
    )


def no_advisories(database: str, output: str) -> ToolError:
    """Return the error for an auditor that cannot get the advisories."""
    return ToolError(
        "the database of advisories does not answer",
        f"{database}\n" + _indented(output.strip().splitlines()[-1:]),
        "check that this machine reaches the address, and run the command again. Nothing has been audited without it.",
    )


def _indented(lines: Sequence[str]) -> str:
    return "\n".join(f"    {line}" for line in lines[-SHOWN_LINES:])
