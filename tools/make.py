"""Runs the targets of the Makefile: python3 -m tools.make TARGET.

Each target first runs the steps that it depends on. A step does nothing if its input did not change.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from images import make as base_images
from images.recipe import BUILD, RUN
from tools import browser, builder, cnb, engine, package, prepare, stage, venv
from tools.errors import ToolError
from tools.pack_cli import Pack, pinned
from tools.parts import parts_for
from tools.places import BUILDPACK, CRANE, LOGS, REGISTRY, ROOT
from tools.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tools.engine import Engine
    from tools.parts import Parts

    Target = Callable[[Progress], None]


def make_venv(progress: Progress) -> None:
    """Create .venv."""
    with progress.step("development environment in .venv") as step:
        venv.ensure(progress, step)


def make_build_backend(progress: Progress) -> None:
    """Create .venv with only the packages that staging needs."""
    with progress.step("pip and setuptools in .venv") as step:
        venv.ensure_build_backend(progress, step)


def make_browser(progress: Progress) -> None:
    """Find or install Chromium."""
    with progress.step("Chromium, for the tests of the page") as step:
        browser.ensure(progress, step)


def make_engine(progress: Progress) -> Engine:
    """Find or start a container engine."""
    with progress.step("container engine") as step:
        found = engine.ensure(progress)
        step.result = f"{found.client} {found.version}"
    return found


def make_pack(progress: Progress) -> None:
    """Build the pinned `pack`."""
    with progress.step("pack, pinned") as step:
        cnb.ensure_pack(progress, step)


def make_registry(progress: Progress) -> None:
    """Build the pinned registry for the tests."""
    with progress.step("registry for the tests, pinned") as step:
        cnb.ensure_registry_program(progress, step, REGISTRY)


def make_crane(progress: Progress) -> None:
    """Build the pinned crane."""
    with progress.step("crane, pinned") as step:
        cnb.ensure_registry_program(progress, step, CRANE)


def make_cosign(progress: Progress) -> None:
    """Build the pinned cosign."""
    with progress.step("cosign, pinned") as step:
        cnb.ensure_cosign(progress, step)


def make_lifecycle(progress: Progress, parts: Parts) -> None:
    """Build the pinned lifecycle."""
    with progress.step(f"lifecycle for {parts.architecture}, pinned") as step:
        cnb.ensure_lifecycle(progress, step, parts.architecture, parts.lifecycle)


def make_base_images(progress: Progress, found: Engine, parts: Parts) -> None:
    """Create the run image and the build image."""
    with progress.step(f"images {RUN.name}:{parts.tag} and {BUILD.name}:{parts.tag}") as step:
        base_images.ensure(progress, step, found, parts)


def make_buildpack(progress: Progress, architecture: str, target: Path = BUILDPACK) -> None:
    """Stage the buildpack in `target`."""
    with progress.step(f"buildpack for {architecture} in {target.relative_to(ROOT)}") as step:
        stage.ensure(progress, step, architecture, target)


def make_prepared(progress: Progress, found: Engine, parts: Parts, environment: Target) -> None:
    """Create the base images, and at the same time stage the buildpack in `environment`. Then prepare the buildpack in them."""

    def stage_buildpack() -> None:
        environment(progress)
        make_buildpack(progress, parts.architecture, parts.buildpack)

    progress.together(lambda: make_base_images(progress, found, parts), stage_buildpack)
    with progress.step(f"buildpack prepared in {parts.prepared.relative_to(ROOT)}") as step:
        prepare.ensure(step, found, parts)


def make_parts(progress: Progress, found: Engine, parts: Parts, environment: Target, *programs: Target) -> None:
    """Create everything that the builder consists of. Compile the lifecycle and `programs` during the other steps.

    They are compiled one after the other, because Go uses all CPUs, and compiles a package that two of them have only once.
    """

    def compile_programs() -> None:
        make_lifecycle(progress, parts)
        for program in programs:
            program(progress)

    progress.together(compile_programs, lambda: make_prepared(progress, found, parts, environment))


def make_builder(progress: Progress, pack: Pack, environment: Target, *programs: Target) -> None:
    """Create the builder and everything that it needs."""
    parts = parts_for(pack.engine.architecture(), pack.engine)
    make_parts(progress, pack.engine, parts, environment, *programs)
    with progress.step("image funcpack/builder") as step:
        builder.ensure(progress, step, pack)


def tools_target(progress: Progress) -> None:
    """Build the pinned tools."""
    found = make_engine(progress)
    make_pack(progress)
    make_registry(progress)
    make_crane(progress)
    make_lifecycle(progress, parts_for(found.architecture(), found))


def images_target(progress: Progress) -> None:
    """Create the base images."""
    found = make_engine(progress)
    make_base_images(progress, found, parts_for(found.architecture(), found))


def buildpack_target(progress: Progress) -> None:
    """Stage only the buildpack, for TARGET_ARCH if it is set."""
    architecture = stage.wanted_architecture()
    make_venv(progress)
    make_buildpack(progress, architecture)


def package_target(progress: Progress) -> None:
    """Package the buildpack as a file, for TARGET_ARCH if it is set."""
    architecture = stage.wanted_architecture()
    make_venv(progress)
    make_pack(progress)
    make_buildpack(progress, architecture)
    file = package.file_for(architecture)
    with progress.step(f"package {file.relative_to(ROOT)}") as step:
        package.ensure(progress, step, architecture)


def builder_target(progress: Progress) -> None:
    """Create everything that a build needs, with the pinned `pack`."""
    found = make_engine(progress)
    # The registry and crane are compiled from packages that `pack` has, too.
    make_builder(progress, pinned(found), make_venv, make_pack, make_registry, make_crane)


TARGETS = {
    "venv": make_venv,
    "browser": make_browser,
    "cosign": make_cosign,
    "tools": tools_target,
    "images": images_target,
    "buildpack": buildpack_target,
    "package": package_target,
    "builder": builder_target,
}


def main() -> int:
    """Run the target on the command line, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python3 -m tools.make", description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    target = parser.parse_args().target
    progress = Progress(LOGS / f"{target}.log")
    return finish(lambda: TARGETS[target](progress))


def finish(work: Callable[[], None]) -> int:
    """Run `work`, print the error that stops it, and return the exit code."""
    try:
        work()
    except ToolError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
