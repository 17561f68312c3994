"""Runs the targets of the Makefile: python3 -m tools.make TARGET.

Each target first runs the steps that it depends on. A step does nothing if its input did not change.
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from images import make as base_images
from tools import browser, builder, cnb, engine, package, prepare, stage, venv
from tools.errors import ToolError
from tools.pack_cli import Pack, pinned
from tools.places import LOGS, ROOT
from tools.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from tools.engine import Engine

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
        cnb.ensure_registry(progress, step)


def make_lifecycle(progress: Progress, found: Engine) -> None:
    """Build the pinned lifecycle."""
    with progress.step("lifecycle, pinned") as step:
        cnb.ensure_lifecycle(progress, step, found.architecture())


def make_base_images(progress: Progress, found: Engine) -> None:
    """Create the run image and the build image."""
    with progress.step("images funcpack/run and funcpack/build") as step:
        base_images.ensure(progress, step, found)


def make_buildpack(progress: Progress, architecture: str) -> None:
    """Stage the buildpack."""
    with progress.step(f"buildpack for {architecture} in dist/buildpack") as step:
        stage.ensure(progress, step, architecture)


def make_prepared(progress: Progress, found: Engine, environment: Target) -> None:
    """Create the base images, and at the same time stage the buildpack in `environment`. Then prepare the buildpack in them."""

    def stage_buildpack() -> None:
        environment(progress)
        make_buildpack(progress, found.architecture())

    progress.together(lambda: make_base_images(progress, found), stage_buildpack)
    with progress.step("buildpack prepared in dist/prepared") as step:
        prepare.ensure(step, found)


def make_builder(progress: Progress, pack: Pack, environment: Target, *programs: Target) -> None:
    """Create the builder and everything that it needs. Compile the lifecycle and `programs` during the other steps."""

    def compile_programs() -> None:
        for program in programs:
            program(progress)

    progress.together(
        compile_programs,
        lambda: make_lifecycle(progress, pack.engine),
        lambda: make_prepared(progress, pack.engine, environment),
    )
    with progress.step("image funcpack/builder") as step:
        builder.ensure(progress, step, pack)


def tools_target(progress: Progress) -> None:
    """Build the pinned tools."""
    found = make_engine(progress)
    make_pack(progress)
    make_registry(progress)
    make_lifecycle(progress, found)


def images_target(progress: Progress) -> None:
    """Create the base images."""
    make_base_images(progress, make_engine(progress))


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
    # The registry is compiled from packages that `pack` has, too.
    make_builder(progress, pinned(found), make_venv, make_pack, make_registry)


TARGETS = {
    "venv": make_venv,
    "browser": make_browser,
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
