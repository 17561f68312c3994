"""The default Dockerfile for Cloud Run: its steps run for real, from the archive, on a base that is made here.

The base has what `python:X.Y-slim` has, as far as the Dockerfile uses it: Python, pip, a shell, root. pip finds the packages in
a directory of the base, because there is no network.
"""

from __future__ import annotations

import ensurepip
import io
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from funcpack.check.local import inspect
from funcpack.deploy.packing import container
from funcpack.deploy.packing.archive import files_of_function, pack
from tests.images.package_index import write_wheel
from tools import errors
from tools.places import DIST

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.images.conftest import MakeApp, Workshop

BASE = "python:3.13-slim"
# Of what a failed build leaves in the engine.
LABEL = "funcpack-test=default-dockerfile"
BASE_DOCKERFILE = f"""\
FROM funcpack/build
USER root
LABEL {LABEL}
ENV PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels PIP_BREAK_SYSTEM_PACKAGES=1
COPY wheels /wheels
RUN ln -s python3 /usr/bin/python \\
 && python -m zipfile --extract /wheels/pip-*.whl /usr/lib/python3/dist-packages \\
 && printf '#!/bin/sh\\nexec python -m pip "$@"\\n' > /usr/local/bin/pip \\
 && chmod +x /usr/local/bin/pip
"""

HANDLER = """\
import os
import greeting

def handler(req):
    return f"{greeting.VERSION} {os.getuid()}"
"""


@pytest.fixture(scope="module", autouse=True)
def base(workshop: Workshop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Give the base the name of the image in the registry, and restore that afterwards."""
    directory = tmp_path_factory.mktemp("base")
    wheels = next((DIST / "wheels").glob(f"{workshop.engine.architecture()}/invoker"))
    shutil.copytree(wheels, directory / "wheels")
    (pip,) = (Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl")
    shutil.copy(pip, directory / "wheels")
    write_wheel(directory / "wheels" / "greeting-1.0-py3-none-any.whl", "greeting", "1.0")
    write_wheel(directory / "wheels" / "flask-1.0-py3-none-any.whl", "flask", "1.0")
    (directory / "Dockerfile").write_text(BASE_DOCKERFILE)
    name = workshop.build_base(directory)
    before = workshop.engine.image_id(BASE)
    workshop.engine.run("tag", name, BASE)
    yield
    workshop.engine.run("image", "rm", BASE)
    if before:
        workshop.engine.run("tag", before, BASE)
    workshop.engine.run("image", "prune", "--force", "--filter", f"label={LABEL}")


def unpacked(app: Path, directory: Path) -> Path:
    """Unpack the archive of an app, as Cloud Build does."""
    inspection = inspect(app, None, {})
    source = container.source(app, inspection)
    upload = pack(app, extra=source.extra, excluded=source.excluded, required=files_of_function(inspection))
    zipfile.ZipFile(io.BytesIO(upload.content)).extractall(directory)
    return directory


def test_image_serves_the_function_with_its_dependencies(workshop: Workshop, make_app: MakeApp, tmp_path: Path) -> None:
    app = make_app({"handler.py": HANDLER, "requirements.txt": "greeting\n", ".dockerignore": "*\n"})
    image = workshop.build_base(unpacked(app, tmp_path))
    with workshop.run(image, "--env", "PORT=8080", "--read-only", "--cap-drop", "all") as running:
        answer = running.request("GET", "/")
    assert (answer.status, answer.body) == (200, b"1.0 1000")


def test_conflict_with_the_invoker_fails_the_build_and_names_both_sides(
    workshop: Workshop, make_app: MakeApp, tmp_path: Path
) -> None:
    app = make_app({"handler.py": HANDLER, "requirements.txt": "greeting\nflask==1.0\n"})
    with pytest.raises(errors.ToolError, match=r"funcpack-invoker .*flask"):
        # Otherwise a failed build keeps its last container.
        workshop.engine.run("build", "--force-rm", "--quiet", str(unpacked(app, tmp_path)))
