"""The command `funcpack build`: the static check, and then a build with `pack` and Docker or Podman."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from funcpack.cli import output
from funcpack.cli.directory import existing_directory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from funcpack.image_builds.build import Built, Order
    from funcpack.image_builds.settings import BuildSettings

_EXAMPLES = """\b
Examples:
  funcpack build --tag hello
  funcpack build --env BP_PYTHON_VERSION=3.12
  funcpack build --tag registry.example.com/hello:1.0 --publish
  funcpack build --output-dir hello-image
"""


@click.command(epilog=_EXAMPLES)
@click.argument("directory", metavar="[DIR]", default=".")
@click.option("-t", "--tag", metavar="IMAGE", help="The name of the image. Default: the name of the directory.")
@click.option("--builder", metavar="B", default="funcpack/builder", show_default=True, help="The builder image.")
@click.option("--env", "options", metavar="K=V", multiple=True, help="A variable for the build. Can be repeated.")
@click.option("--publish", is_flag=True, help="Send the image to the registry in its name.")
@click.option("--cache-image", metavar="IMAGE", help="Keep the cache of the build in a registry. With --publish.")
@click.option("--platform", metavar="P", help="The platform of the image, for example linux/arm64.")
@click.option(
    "--output-dir",
    metavar="OCI",
    type=click.Path(path_type=Path),
    help="Write the image to this directory, too, as an OCI image layout.",
)
@click.option(
    "--output", "format_", type=click.Choice(["text", "json"]), default="text", help="The form of the report."
)
def command(  # noqa: PLR0913, PLR0917 - the options
    directory: str,
    tag: str | None,
    builder: str,
    options: tuple[str, ...],
    publish: bool,
    cache_image: str | None,
    platform: str | None,
    output_dir: Path | None,
    format_: str,
) -> None:
    """Build an image of the function in DIR with the buildpack.

    A build requires pack, and Docker or Podman: 'funcpack doctor' checks both. The certificates of SSL_CERT_FILE and the
    credentials for package indexes are available to the build, but are not part of the image.
    """
    from funcpack.check.local import inspect  # noqa: PLC0415 - `funcpack --help` does not need it
    from funcpack.image_builds import oci_layout, programs, settings  # noqa: PLC0415 - as above
    from funcpack.image_builds.build import Order  # noqa: PLC0415 - as above

    app = existing_directory(directory)
    image = _image_name(tag, app, is_published=publish)
    _check_options(options, cache_image, output_dir, is_published=publish)
    if output_dir:
        oci_layout.check(output_dir)
    inspect(app, None, {**os.environ, **settings.option_values(os.environ, options)})
    order = Order(image, app, builder, publish, platform, cache_image)
    with programs.terminable():
        built = _build(order, options, output_dir)
    _report(built, output_dir, format_)


def _build(order: Order, options: Sequence[str], output_dir: Path | None) -> Built:
    """Build with `pack` and an engine, or without an engine in a container of the builder."""
    from funcpack.image_builds import build, certificates, engine, lifecycle, oci_layout, pack, settings  # noqa: PLC0415 - as above

    bundles = certificates.private_bundles(os.environ)
    if lifecycle.is_here() and engine.running() is None:
        taken_over = settings.read_settings(os.environ, options, order.directory)
        _note_settings(taken_over, bundles)
        return lifecycle.build(order, taken_over, bundles, output_dir)
    program = pack.find()
    with engine.reachable(engine.find()) as running:
        has_bindings = not running.is_remote
        taken_over = settings.read_settings(os.environ, options, order.directory, has_bindings=has_bindings)
        _note_settings(taken_over, bundles if has_bindings else [])
        if bundles and not has_bindings:
            _note_certificates(bundles)
        built = build.build(order, taken_over, bundles, program, running)
        return replace(built, digest=oci_layout.write(running, order.image, output_dir)) if output_dir else built


def _image_name(tag: str | None, directory: Path, *, is_published: bool) -> str:
    from funcpack.command_errors import ImageNameError, NoRegistryError  # noqa: PLC0415 - as above
    from funcpack.image_builds import image_names  # noqa: PLC0415 - as above

    default = image_names.name_for(directory)
    if tag is None and is_published:
        raise NoRegistryError(default)
    if tag is not None and not image_names.is_valid(tag):
        raise ImageNameError(tag, default)
    return tag or default


def _check_options(
    options: Sequence[str], cache_image: str | None, output_dir: Path | None, *, is_published: bool
) -> None:
    from funcpack.command_errors import ConflictingOptionsError, EnvOptionError, MissingOptionError  # noqa: PLC0415 - as above

    if cache_image and not is_published:
        raise MissingOptionError("--cache-image", "--publish")
    if output_dir and is_published:
        raise ConflictingOptionsError("--publish", "--output-dir")
    for option in options:
        if not option.partition("=")[0]:
            raise EnvOptionError(option)


def _note_settings(settings: BuildSettings, bundles: Sequence[Path]) -> None:
    """Print what the build takes over from this machine: names and hosts, but no values."""
    credentials = settings.credentials
    hosts = [f"the credentials for {host}" for host in credentials.hosts()]
    files = [f"the credentials in {credentials.netrc_file}"] if credentials.netrc_file else []
    passed = [*sorted(settings.variables), *hosts, *files, *(f"the certificates in {path}" for path in bundles)]
    if passed:
        output.note(f"Passing on to the build: {', '.join(passed)}")
    if settings.left_out:
        names = ", ".join(settings.left_out)
        output.note(f"Not passing on {names}: the build cannot read the files of this machine that it names.")


def _note_certificates(bundles: Sequence[Path]) -> None:
    files = " and ".join(map(str, bundles))
    output.note(f"Not passing on the certificates in {files}: the container engine is on another machine.")


def _report(built: Built, directory: Path | None, format_: str) -> None:
    if format_ == "json":
        place = str(directory) if directory else None
        output.json_data({"image": built.image, "id": built.id, "digest": built.digest, "directory": place})
    else:
        output.data(str(directory) if directory else built.reference)
