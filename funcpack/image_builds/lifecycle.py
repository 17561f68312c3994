"""Builds an image without a container engine, with the lifecycle of the builder in whose container this tool runs.

https://github.com/buildpacks/spec/blob/main/platform.md#creator
"""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from funcpack.command_errors import BuildFailedError, BuildPlaceError, NoPlaceForImageError
from funcpack.image_builds import image_names, oci_layout, programs, run_images
from funcpack.image_builds.build import Built, bindings_for, read_report
from funcpack.image_builds.settings import option_values
from funcpack.project.app_files import as_table, as_tables, parse_toml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from funcpack.image_builds.build import Order
    from funcpack.image_builds.settings import BuildSettings

_CNB = Path("/cnb")
_CREATOR = _CNB / "lifecycle" / "creator"
# The paths of the app and of the layers in the image.
_WORKSPACE = Path("/workspace")
_LAYERS = Path("/layers")
_PLATFORM_API = "0.12"


def is_here() -> bool:
    """Check whether this tool runs in a container of a builder."""
    return os.access(_CREATOR, os.X_OK)


def build(order: Order, settings: BuildSettings, bundles: list[Path], layout: Path | None) -> Built:
    """Build the image and publish it, or write it to a directory as an OCI image layout.

    Raises:
        NoPlaceForImageError: The image is to be neither published nor written to a directory.
        BuildPlaceError: The directories of the build are not empty, or this user cannot write to them.
        RunImageError: The registry of the run image does not have it.
        BuildFailedError: The lifecycle failed, after its own message.

    """
    if layout is None and not order.publishes:
        raise NoPlaceForImageError
    with _workspace(order.directory), TemporaryDirectory(prefix="funcpack-platform-") as directory:
        _write_platform(Path(directory, "platform"), settings, bundles)
        arguments: list[str | Path] = ["-app", _WORKSPACE, "-layers", _LAYERS, "-platform", f"{directory}/platform"]
        if os.environ.get("NO_COLOR") or not sys.stderr.isatty():
            arguments.append("-no-color")
        if order.cache_image:
            arguments += ["-cache-image", order.cache_image]
        if layout is None:
            _create([*arguments, order.image], has_certificates=bool(bundles))
            return read_report(_LAYERS, order.image)
        images = Path(directory, "images")
        run_images.copy(_run_image(), _place(images, _run_image()))
        options: list[str | Path] = ["-layout", "-layout-dir", images, "-run-image", _run_image(), order.image]
        _create([*arguments, *options], has_certificates=bool(bundles))
        oci_layout.move(_place(images, order.image), layout)
        return Built(order.image, None, oci_layout.digest(layout))


def _create(arguments: list[str | Path], *, has_certificates: bool) -> None:
    # Image layouts are an experimental feature of the platform specification.
    environment = {"CNB_PLATFORM_API": _PLATFORM_API, **os.environ, "CNB_EXPERIMENTAL_MODE": "quiet"}
    if programs.run([str(_CREATOR), *map(str, arguments)], environment) != 0:
        raise BuildFailedError(has_certificates)


@contextmanager
def _workspace(app: Path) -> Iterator[None]:
    """Copy the app to the directory that it has in the image, and remove everything that the build wrote afterwards."""
    for directory in (_WORKSPACE, _LAYERS):
        if not os.access(directory, os.W_OK):
            raise BuildPlaceError(str(directory), "is not writable")
        if any(directory.iterdir()) and directory.resolve() != app.resolve():
            raise BuildPlaceError(str(directory), "is not empty")
    is_copied = app.resolve() != _WORKSPACE
    if is_copied:
        shutil.copytree(app, _WORKSPACE, symlinks=True, dirs_exist_ok=True)
    try:
        yield
    finally:
        for directory in (_LAYERS, *([_WORKSPACE] if is_copied else [])):
            _clear(directory)


def _clear(directory: Path) -> None:
    for path in directory.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _write_platform(directory: Path, settings: BuildSettings, bundles: list[Path]) -> None:
    """Write what the platform provides: a file for each variable, and the service bindings."""
    (directory / "env").mkdir(parents=True)
    (directory / "bindings").mkdir()
    for name, value in {**settings.variables, **option_values(os.environ, settings.options)}.items():
        (directory / "env" / name).write_text(value, encoding="utf-8")
    for binding in bindings_for(bundles, settings.credentials):
        binding.write(directory / "bindings")


def _run_image() -> str:
    """Return the name of the builder's run image: https://github.com/buildpacks/spec/blob/main/platform.md#runtoml-toml."""
    images = as_tables(as_table(parse_toml((_CNB / "run.toml").read_text(encoding="utf-8"))).get("images"))
    return str(images[0]["image"])


def _place(images: Path, name: str) -> Path:
    """Return the directory of an image: https://github.com/buildpacks/spec/blob/main/platform.md#map-an-image-reference-to-a-path-in-the-layout-directory."""
    host, repository, reference = image_names.parts(name)
    return images / (host or "index.docker.io") / repository / reference
