"""Measure building: Funcpack next to `docker build` of a hand-written Dockerfile and to a buildpack that does nothing.

Run it with `make bench`, or `python -m benchmarks.build --help` for shorter runs.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import report
from benchmarks.builders import EMPTY_BUILDER, Builder, Dockerfile, PackBuild, prepare
from tools import container, make
from tools.places import BUILDER_IMAGE, LOGS
from tools.progress import Progress

if TYPE_CHECKING:
    from tools.engine import Engine

ADDED_REQUIREMENT = "requests==2.34.2\n"
STARTS_A_ROUND = 3


def main() -> None:
    """Make what the builds need, measure them in interleaved rounds, write the report."""
    arguments = parse_arguments()
    progress = Progress(LOGS / "benchmark-build.log")
    engine = make.make_engine(progress)
    make.builder_target(progress)
    prepare(progress, engine)
    builders: tuple[Builder, ...] = (
        PackBuild(engine, BUILDER_IMAGE, "Funcpack"),
        Dockerfile(engine),
        PackBuild(engine, EMPTY_BUILDER, "empty buildpack"),
    )
    results = report.Results("Building a function with boto3 and cryptography", "Dockerfile")
    for number in range(arguments.rounds):
        with progress.step(f"round {number + 1} of {arguments.rounds}"):
            for builder in builders[number % 3 :] + builders[: number % 3]:
                measure_builds(results, engine, builder)
    results.sort([builder.name for builder in builders])
    text = report.table(results)
    report.write(results, text, arguments.output, "build")
    print(text)


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="number of rounds")
    parser.add_argument("--output", type=Path, default=report.OUTPUT, help="directory of the report")
    return parser.parse_args()


def measure_builds(results: report.Results, engine: Engine, builder: Builder) -> None:
    """Build an app as its author goes on with it, then run it; nothing of it is left."""
    image = f"funcpack-benchmark/{builder.name.lower().replace(' ', '-')}"
    with tempfile.TemporaryDirectory() as directory:
        app = Path(directory, "app")
        shutil.copytree(builder.app, app)
        builder.forget(image)
        made = []
        for figure, change in (
            ("first build, empty caches", None),
            ("rebuild, code changed", change_code),
            ("rebuild, one requirement added", add_requirement),
        ):
            if change:
                change(app)
            seconds = timed_build(builder, image, app, fresh=change is None)
            results.add(report.Series(figure, "s", builder.name, better="less"), seconds)
            made.append(engine.run("image", "inspect", "--format", "{{.Id}}", image))
    if builder.name != "empty buildpack":
        measure_image(results, engine, builder, image)
    builder.forget(image)
    for (
        superseded
    ) in made:  # a layer that an image still has would not be unpacked again in the next round's first build
        engine.ask("image", "rm", superseded)


def change_code(app: Path) -> None:
    """Change the function, as in an ordinary working hour."""
    source = next(app.glob("*.py"))
    source.write_text(source.read_text().replace("Hello World!", "Bye world!"))


def add_requirement(app: Path) -> None:
    """Add one requirement to those that are there."""
    with (app / "requirements.txt").open("a") as requirements:
        requirements.write(ADDED_REQUIREMENT)


def timed_build(builder: Builder, image: str, app: Path, *, fresh: bool) -> float:
    """Return the seconds that a build takes."""
    start = time.perf_counter()
    builder.build(image, app, fresh=fresh)
    return time.perf_counter() - start


def measure_image(results: report.Results, engine: Engine, builder: Builder, image: str) -> None:
    """Measure the image's size, and the time from `docker run` to its first answer: as it is, and without what starts it."""
    size = int(engine.run("image", "inspect", "--format", "{{.Size}}", image))
    results.add(report.Series("image size", "MB", builder.name, better="less"), size / 1e6)
    for _ in range(STARTS_A_ROUND):
        for figure, options, command in (
            ("docker run to first answer", (), ()),
            ("the same, its process started directly", *builder.process(image)),
        ):
            start = time.perf_counter()
            with container.running(engine, image, *options, command=command, ready_path="/"):
                seconds = time.perf_counter() - start
            results.add(report.Series(figure, "s", builder.name, better="less"), seconds)


if __name__ == "__main__":
    main()
