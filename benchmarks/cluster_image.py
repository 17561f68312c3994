"""The image of the benchmark on a cluster: the same functions for Funcpack and functions-framework, with the same Python."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.servers import FUNCTIONS, LOCKS, ROOT
from tests.cluster.images import ClusterImages
from tools import host, make, pack_cli
from tools.places import LOGS
from tools.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

IMAGE = "funcpack-benchmark/cluster"
# The launcher's arguments for functions-framework, without a shell. It reads the port from PORT, which Knative sets.
FRAMEWORK = (
    "--",
    "functions-framework",
    "--target=hello",
    "--source=with_functions_framework.py",
    "--signature-type=http",
    "--host=0.0.0.0",
)
SINK = ROOT / "tests" / "cluster" / "functions" / "sink.py"


@contextmanager
def in_cluster(environ: Mapping[str, str]) -> Iterator[str]:
    """Build the image, bring it into the cluster, and yield its name there."""
    registry, loader = environ.get("FUNCPACK_TEST_REGISTRY"), environ.get("FUNCPACK_TEST_IMAGE_LOADER")
    if not (registry or loader):
        raise SystemExit(
            "error: FUNCPACK_TEST_IMAGE_LOADER and FUNCPACK_TEST_REGISTRY are not set\n"
            "Set one of them, so that the image gets into the cluster: see docs/testing.md"
        )
    progress = Progress(LOGS / "benchmark-cluster.log")
    engine = make.make_engine(progress)
    with progress.step(f"image {IMAGE}"), tempfile.TemporaryDirectory() as directory, host.network_options() as network:
        write_app(Path(directory))
        options = [*network, "--env", "PYTHON_HANDLER=with_funcpack.hello"]
        pack_cli.pinned(engine).build(progress, IMAGE, Path(directory), options)
    images = ClusterImages(engine, registry, loader)
    try:
        yield images.bring(IMAGE)
    finally:
        images.remove_all()


def write_app(directory: Path) -> None:
    """Write the functions and the requirements of functions-framework."""
    for source in (FUNCTIONS / "with_funcpack.py", FUNCTIONS / "with_functions_framework.py", SINK):
        shutil.copy(source, directory)
    shutil.copy(LOCKS / "functions-framework.txt", directory / "requirements.txt")
