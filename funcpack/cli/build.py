"""The command `funcpack build`: the static check, and then a build with `pack` and Docker or Podman."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from funcpack.cli import output
from funcpack.cli.directory import existing_directory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from funcpack.image_builds.build import Built
    from funcpack.image_builds.engine import Engine
    from funcpack.image_builds.settings import BuildSettings

_EXAMPLES = """\b
Examples:
  funcpack build --tag hello
  funcpack build --env BP_PYTHON_VERSION=3.12
  funcpack build --tag registry.example.com/hello:1.0 --publish
  funcpack build --output-dir hello-image && skopeo copy oci:hello-image docker-archive:hello.tar
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
    from funcpack.image_builds import build, certificates, engine, oci_layout, pack, settings  # noqa: PLC0415 - as above

    app = existing_directory(directory)
    image = _image_name(tag, app, is_published=publish)
    _check_options(options)
    if cache_image and not publish:
        raise click.UsageError("--cache-image requires --publish.")
    if output_dir:
        oci_layout.check(output_dir)
    inspect(app, None, {**os.environ, **settings.option_values(os.environ, options)})
    program, found = pack.find(), engine.find()
    order = build.Order(image, app, builder, publish, platform, cache_image)
    with pack.terminable(), engine.reachable(found) as running:
        taken_over = settings.read_settings(os.environ, options, app, has_bindings=not running.is_remote)
        bundles = certificates.private_bundles(os.environ)
        _note_settings(taken_over, bundles, running)
        built = build.build(order, taken_over, bundles, program, running)
        layout_digest = oci_layout.write(running, image, output_dir) if output_dir else None
    _report(built, layout_digest, output_dir, format_)


def _image_name(tag: str | None, directory: Path, *, is_published: bool) -> str:
    from funcpack.command_errors import ImageNameError, NoRegistryError  # noqa: PLC0415 - as above
    from funcpack.image_builds import image_names  # noqa: PLC0415 - as above

    default = image_names.name_for(directory)
    if tag is None and is_published:
        raise NoRegistryError(default)
    if tag is not None and not image_names.is_valid(tag):
        raise ImageNameError(tag, default)
    return tag or default


def _check_options(options: Sequence[str]) -> None:
    from funcpack.command_errors import EnvOptionError  # noqa: PLC0415 - as above

    for option in options:
        if not option.partition("=")[0]:
            raise EnvOptionError(option)


def _note_settings(settings: BuildSettings, bundles: Sequence[Path], engine: Engine) -> None:
    """Print what the build takes over from this machine: names and hosts, but no values."""
    certificates = [f"the certificates in {path}" for path in bundles]
    hosts = [f"the credentials for {host}" for host in settings.credentials.hosts()]
    netrc = settings.credentials.netrc_file
    files = [f"the credentials in {netrc}"] if netrc else []
    passed = [*sorted(settings.variables), *hosts, *files, *(() if engine.is_remote else certificates)]
    if passed:
        output.note(f"Passing on to the build: {', '.join(passed)}")
    if settings.left_out:
        names = ", ".join(settings.left_out)
        output.note(f"Not passing on {names}: the build cannot read the files of this machine that it names.")
    if engine.is_remote and certificates:
        names = " and ".join(certificates)
        output.note(
            f"Not passing on {names}: the container engine is on another machine and cannot read files of this one."
        )


def _report(built: Built, layout_digest: str | None, directory: Path | None, format_: str) -> None:
    if format_ == "json":
        digest = built.digest or layout_digest
        place = str(directory) if directory else None
        output.json_data({"image": built.image, "id": built.id, "digest": digest, "directory": place})
    else:
        output.data(str(directory) if directory else built.reference)
