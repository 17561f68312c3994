from __future__ import annotations

from funcpack.buildpack.install.interpreter import RUN_IMAGE_ID
from funcpack.project.supported_pythons import DEFAULT
from images.recipe import BUILD, RUN


def test_buildpack_recognizes_the_run_image() -> None:
    assert RUN.labels["io.buildpacks.base.id"] == RUN_IMAGE_ID


def test_images_have_the_default_python() -> None:
    version = ".".join(map(str, DEFAULT))
    assert f"python{version}" in RUN.packages
    assert f"python{version}-dev" in BUILD.packages
    for image in (RUN, BUILD):
        assert f"Python {version}" in image.description


def test_hashes_of_text_stay_random() -> None:
    for image in (RUN, BUILD):
        assert not [variable for variable in image.environment if variable.startswith("PYTHONHASHSEED")]
