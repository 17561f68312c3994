"""Runs `make publish`: pushes the base images, the buildpack and the builder to a registry, each for several architectures.

Each image has its own tag for each architecture (`0.1.0-arm64`), and an index of these images has the tags `0.1.0`, `0.1` and
`latest`. The last two stay where they are if the registry has a newer version. The builder names the run image `0.1`, so that `pack build` and `pack rebase` use the newest one of the same minor version.
The same input leads to the same digests, and what the registry has is not pushed again.
"""

from __future__ import annotations

import argparse
import re
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

from images import make as base_images
from images.recipe import BUILD, RUN
from tools import builder, crane, emulation, errors, make, signing, stage, version
from tools.pack_cli import pinned
from tools.parts import parts_for
from tools.places import BUILDER_IMAGE, LOGS
from tools.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from images.recipe import Image
    from tools.parts import Parts
    from tools.signing import Signer

    # Pushes the image with the given parts under the given name.
    Push = Callable[[Parts, str], None]

BUILDPACK_IMAGE = "funcpack/python"
IMAGES = (RUN.name, BUILD.name, BUILDPACK_IMAGE, BUILDER_IMAGE)
VERSION = re.compile(r"(?P<minor>\d+\.\d+)\.\d+(?P<suffix>-[0-9A-Za-z.-]+)?", re.ASCII)

# A host, and optionally a port and a prefix:
# https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
REGISTRY = re.compile(r"[a-z0-9][a-z0-9.-]*(:[0-9]+)?(/[a-z0-9][a-z0-9._-]*)*")


@dataclass(frozen=True, slots=True)
class Release:
    """The images of one version in a registry.

    `run_tag` is the tag of the run image that the builder names, and `tags` are those of each index. A version with a suffix, such as
    `0.2.0-rc.1`, has no tag that moves to other versions.
    """

    registry: str
    version: str
    run_tag: str
    tags: tuple[str, ...]

    @classmethod
    def of(cls, registry: str, version: str) -> Release:
        """Return the release `version` in `registry`. Raises ToolError if one of them is not valid."""
        registry = checked_registry(registry)
        match = VERSION.fullmatch(version)
        if not match:
            raise errors.bad_version(version)
        if match["suffix"]:
            return cls(registry, version, version, (version,))
        return cls(registry, version, match["minor"], (match["minor"], "latest", version))

    def beside(self, published: Iterable[str]) -> Release:
        """Return the release without the tags that belong to a newer version. `published` are the tags that the registry has."""
        versions = [match for match in map(VERSION.fullmatch, published) if match and not match["suffix"]]
        newer = [match for match in versions if _numbers(match[0]) > _numbers(self.version)]
        taken = {match["minor"] for match in newer} | ({"latest"} if newer else set())
        return replace(self, tags=tuple(tag for tag in self.tags if tag not in taken))

    def reference(self, image: str, architecture: str) -> str:
        """Return the name of `image` for `architecture` in the registry."""
        return f"{self.registry}/{image}:{self.version}-{architecture}"


def checked_registry(registry: str) -> str:
    """Return `registry` without a slash at its end. Raises ToolError if it is empty or not valid."""
    registry = registry.rstrip("/")
    if not registry:
        raise errors.no_registry()
    if not REGISTRY.fullmatch(registry):
        raise errors.bad_registry(registry)
    return registry


def _numbers(version: str) -> tuple[int, ...]:
    """Return the numbers of a version, by which it is compared, without a suffix."""
    return tuple(int(number) for number in version.partition("-")[0].split("."))


def publish(progress: Progress, release: Release, architectures: Sequence[str]) -> list[str]:
    """Push all images of `release` for `architectures`, and return the names of their indexes with digests.

    Raises ToolError if a tag would lose an architecture, an image cannot be created, or the registry rejects it.
    """
    if base_images.base_image():
        raise errors.images_need_debian()
    make.make_crane(progress)
    release = release.beside(crane.tags_of(progress, f"{release.registry}/{RUN.name}"))
    check_architectures(progress, release, architectures)
    found = make.make_engine(progress)
    pack = pinned(found)
    all_parts = [parts_for(architecture, found) for architecture in architectures]
    for parts in all_parts:
        make_emulation(progress, parts.architecture)
        make.make_parts(progress, found, parts, make.make_build_backend, make.make_pack)

    def push_buildpack(parts: Parts, reference: str) -> None:
        pack.publish_buildpack(progress, reference, parts.buildpack, parts.architecture)

    def push_builder(parts: Parts, reference: str) -> None:
        config = builder.config_for_registry(parts, release.registry, release.version, release.run_tag)
        pack.publish_builder(progress, reference, config, parts.architecture)

    def push_base(image: Image) -> Push:
        return lambda parts, reference: crane.push(
            progress, base_images.archive_of(image, parts.architecture), reference
        )

    # The builder is made from the others, as they are in the registry.
    pushes = {
        RUN.name: push_base(RUN),
        BUILD.name: push_base(BUILD),
        BUILDPACK_IMAGE: push_buildpack,
        BUILDER_IMAGE: push_builder,
    }
    return [publish_image(progress, release, image, all_parts, push) for image, push in pushes.items()]


def check_architectures(progress: Progress, release: Release, architectures: Sequence[str]) -> None:
    """Check that the tags of `release` in the registry have no other architectures. Raises ToolError if one has."""
    left_out = stage.PLATFORMS.keys() - set(architectures)
    if not left_out:
        return
    with progress.step("architectures in the registry") as step:
        for image, tag in product(IMAGES, release.tags):
            reference = f"{release.registry}/{image}:{tag}"
            if lost := left_out & crane.architectures_of(progress, reference):
                raise errors.lost_architectures(reference, sorted(lost))
        step.result = "no tag loses one"


@contextmanager
def wanted_signer(progress: Progress, published_key: Path = signing.PUBLISHED_KEY) -> Iterator[Signer | None]:
    """Yield what signs, or None if the images are not to be signed. The key is checked before anything is built.

    Raises ToolError if the key is missing, or if the key or its password cannot be used.
    """
    key = signing.wanted_key(published_key)
    if key is None:
        yield None
        return
    make.make_cosign(progress)
    with signing.signer(progress, key, published_key) as signer:
        yield signer


def sign(
    progress: Progress, signer: Signer | None, release: Release, names: Sequence[str], architectures: Sequence[str]
) -> None:
    """Sign the indexes `names` and their images, and attest the bills of materials of the base images, if there is a signer.

    Raises ToolError if cosign fails.
    """
    with progress.step("signatures and attestations") as step:
        if signer is None:
            step.result = f"none, because {signing.why_unsigned()}"
            return
        for name in names:
            signer.sign(name)
        for image, architecture in product((RUN, BUILD), architectures):
            name = crane.full_name(progress, release.reference(image.name, architecture))
            signer.attest_bill(name, base_images.archive_of(image, architecture))


def make_emulation(progress: Progress, architecture: str) -> None:
    """Let this machine run programs for `architecture`."""
    if architecture != stage.own_architecture():
        with progress.step(f"emulation of {architecture}") as step:
            emulation.ensure(progress, architecture)
            step.result = "available"


def publish_image(progress: Progress, release: Release, image: str, all_parts: Sequence[Parts], push: Push) -> str:
    """Push `image` for each architecture, then their index with all tags, and return its name with the digest."""
    references = [release.reference(image, parts.architecture) for parts in all_parts]
    with progress.step(f"{release.registry}/{image}") as step:
        for parts, reference in zip(all_parts, references, strict=True):
            push(parts, reference)
        for tag in release.tags:
            crane.push_index(progress, references, f"{release.registry}/{image}:{tag}")
        step.result = ", ".join(release.tags)
        return crane.full_name(progress, f"{release.registry}/{image}:{release.version}")


def main() -> int:
    """Publish what the command line says, print the names with digests, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m tools.publish", description=__doc__)
    parser.add_argument("--registry", default="")
    parser.add_argument("--version", default="")
    parser.add_argument("--architectures", nargs="+", default=list(stage.PLATFORMS))
    arguments = parser.parse_args()
    progress = Progress(LOGS / "publish.log")

    def work() -> None:
        for architecture in arguments.architectures:
            stage.check_architecture(architecture, "ARCHITECTURES")
        release = Release.of(arguments.registry, arguments.version or version.current())
        with wanted_signer(progress) as signer:
            names = publish(progress, release, arguments.architectures)
            sign(progress, signer, release, names, arguments.architectures)
        print("\n" + "\n".join(names))

    return make.finish(work)


if __name__ == "__main__":
    sys.exit(main())
