"""Builds an image with `pack` and a container engine: the arguments, the run of `pack`, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from funcpack.command_errors import BuilderMissingError, BuildFailedError
from funcpack.image_builds import builder_image, image_names, programs
from funcpack.image_builds.bindings import Binding, temporary_directory, volume_options
from funcpack.image_builds.certificates import certificates
from funcpack.image_builds.engine import is_loopback
from funcpack.project.app_files import as_table, parse_toml

if TYPE_CHECKING:
    from collections.abc import Sequence

    from funcpack.image_builds.credentials import Credentials
    from funcpack.image_builds.engine import Engine
    from funcpack.image_builds.pack import Pack
    from funcpack.image_builds.settings import BuildSettings

# The names that `pack` gives to volumes, except for its caches.
_TEMPORARY_VOLUMES = ("pack-app-", "pack-layers-")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")


@dataclass(frozen=True, slots=True)
class Order:
    """What the user orders: an image of a directory, from a builder."""

    image: str
    directory: Path
    builder: str
    publishes: bool = False
    platform: str | None = None
    cache_image: str | None = None


@dataclass(frozen=True, slots=True)
class Built:
    """An image: its name, its id in the engine if it is there, and the digest of its manifest if a registry has it."""

    image: str
    id: str | None
    digest: str | None

    @property
    def reference(self) -> str:
        """The name, with the digest if there is one, because others may replace the tag."""
        return f"{self.image}@{self.digest}" if self.digest else self.image


def build(order: Order, settings: BuildSettings, bundles: list[Path], pack: Pack, engine: Engine) -> Built:
    """Build the image, with the output of `pack` on standard error.

    Raises:
        BuilderMissingError: The builder is not on this machine, and cannot be pulled.
        BuildFailedError: `pack` failed for another reason, which its output shows.
        EngineFailedError: The engine cannot push the image.

    """
    # A registry does not have a run image of this machine, so `pack` cannot publish an image on top of it.
    pushes = order.publishes and builder_image.has_local_run_image(engine, order.builder)
    ordered = replace(order, publishes=False, cache_image=None) if pushes else order
    bindings = [] if engine.is_remote else bindings_for(bundles, settings.credentials)
    with TemporaryDirectory(prefix="funcpack-report-") as report, temporary_directory(bindings) as directory:
        volumes = [] if engine.is_remote else volume_options(directory)
        options = [*volumes, *network_options(settings.urls, order.image, engine), "--report-output-dir", report]
        command = [pack.program, *arguments(ordered, settings, engine, options)]
        try:
            code = programs.run(command, {**engine.environment(), **settings.variables})
        finally:
            _remove_containers(directory, engine)
        if code != 0:
            raise _failure(order.builder, engine, has_certificates=bool(bundles))
        built = read_report(Path(report), order.image)
    return _push(built, engine) if pushes else built


def bindings_for(bundles: list[Path], credentials: Credentials) -> list[Binding]:
    """Return the bindings for files with certificates and for credentials."""
    found = [Binding("ca-certificates", {"authorities.pem": certificates(bundles)})] if bundles else []
    if credentials.default_index and credentials.default_login:
        login = credentials.default_login
        values = {"uri": credentials.default_index, "username": login.username, "password": login.password}
        found.append(Binding("pypi", {name: value.encode() for name, value in values.items()}))
    if content := credentials.netrc():
        found.append(Binding("netrc", {"netrc": content.encode()}))
    return found


def arguments(order: Order, settings: BuildSettings, engine: Engine, options: Sequence[str]) -> list[str]:
    """Return the arguments of `pack`, none of which is secret: `pack` takes the values of settings from its environment."""
    found = ["build", order.image, "--path", str(order.directory), "--builder", order.builder]
    found += ["--pull-policy", "if-not-present"]
    if builder_image.is_trusted(engine, order.builder):
        found.append("--trust-builder")
    if engine.has_other_socket:
        found += ["--docker-host", "inherit"]
    if engine.environment().get("NO_COLOR"):  # https://no-color.org
        found.append("--no-color")
    if order.platform:
        found += ["--platform", order.platform]
    if order.publishes:
        found.append("--publish")
    if order.cache_image:
        found += ["--cache-image", order.cache_image]
    variables = [*settings.options, *sorted(settings.variables)]
    return [*found, *(part for variable in variables for part in ("--env", variable)), *options]


def network_options(urls: Sequence[str], image: str, engine: Engine) -> list[str]:
    """Return the options for the network of the build: that of this machine, if a server that the build needs is there.

    Otherwise, it is the engine's default network. Without this option, `pack` creates a network, and leaves it if it is
    interrupted. An engine can have about 30 of them.
    """
    environment = engine.environment()
    addresses = [*urls, *(environment.get(name, "") for name in _PROXIES)]
    hosts = [*(urlsplit(url).hostname or "" for url in addresses), image_names.registry_host(image)]
    return ["--network", "host" if any(map(is_loopback, hosts)) else "default"]


def _remove_containers(directory: Path, engine: Engine) -> None:
    """Remove the containers that mount a directory, and their volumes with the app and the layers.

    `pack` leaves a container if it is interrupted while the engine creates it.
    """
    containers = (engine.ask("ps", "--all", "--quiet", "--filter", f"volume={directory}") or "").split()
    if not containers:
        return
    mounts = engine.ask("inspect", "--format", "{{range .Mounts}}{{.Name}} {{end}}", *containers) or ""
    engine.ask("rm", "--force", *containers)
    engine.ask("volume", "rm", *(name for name in mounts.split() if name.startswith(_TEMPORARY_VOLUMES)))


def _failure(builder: str, engine: Engine, *, has_certificates: bool) -> BuilderMissingError | BuildFailedError:
    if engine.inspect(builder) is None:
        return BuilderMissingError(builder, engine.client)
    return BuildFailedError(has_certificates)


def read_report(directory: Path, image: str) -> Built:
    """Read the lifecycle's report: https://github.com/buildpacks/spec/blob/main/platform.md#reporttoml-toml."""
    about = as_table(parse_toml((directory / "report.toml").read_text(encoding="utf-8")).get("image"))
    texts = {name: str(value) for name, value in about.items()}
    id_ = texts.get("image-id")
    return Built(image, f"sha256:{id_.removeprefix('sha256:')}" if id_ else None, texts.get("digest"))


def _push(built: Built, engine: Engine) -> Built:
    insecure = (
        ["--tls-verify=false"]
        if engine.client == "podman" and is_loopback(image_names.registry_host(built.image))
        else []
    )
    engine.run("push", *insecure, built.image)
    digests = (engine.inspect(built.image) or {}).get("RepoDigests") or []
    repository = built.image.rpartition(":")[0] if ":" in built.image.rpartition("/")[2] else built.image
    digest = next((name.partition("@")[2] for name in digests if name.partition("@")[0] == repository), None)
    return replace(built, digest=digest)
