"""`funcpack build` with the real `pack`, engine and builder: what it builds, what it takes over from the machine, how it ends."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import pytest

from images.recipe import RUN
from tests.images.package_index import PASSWORD, USER, PackageIndex, package_index_server
from tests.images.registries import digest_of
from tests.unit.docs import transcript
from tests.unit.docs.markdown import blocks
from tests.unit.docs.transcript import Step
from tools.places import PACK, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.images.conftest import MakeApp, Workshop

    RunInBuilder = Callable[..., tuple[str, Path]]

T = TypeVar("T")

GREETING = {"handler.py": 'def handler(req):\n    return "Hello World!"\n'}
IMPORTS_PACKAGE = {
    "handler.py": "import greetings\n\n\ndef handler():\n    return greetings.VERSION\n",
    "requirements.txt": "greetings==1.0\n",
}
# Writes its arguments to a file, and then does what pack does.
PACK_SCRIPT = '#!/bin/sh\nprintf "%s\\n" "$@" >> {log}\nexec {pack} "$@"\n'
DEADLINE = 120.0


@dataclass(frozen=True, slots=True)
class Machine:
    """A user's machine without settings: an own home and directory for temporary files, and a `pack` that logs its arguments."""

    home: Path
    temporary: Path
    environment: Mapping[str, str]

    def start(self, app: Path, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "funcpack", "build", str(app), *arguments]
        return subprocess.Popen(
            command,
            env={**self.environment, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def build(self, app: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        with self.start(app, *arguments, **variables) as process:
            out, err = process.communicate(timeout=DEADLINE)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def pack_arguments(self) -> list[str]:
        log = self.home / "pack.log"
        return log.read_text().splitlines() if log.exists() else []


@pytest.fixture
def machine(workshop: Workshop, tmp_path: Path) -> Machine:
    home, temporary, programs = (tmp_path / name for name in ("home", "tmp", "bin"))
    for directory in (home, temporary, programs):
        directory.mkdir()
    (programs / "pack").write_text(PACK_SCRIPT.format(log=home / "pack.log", pack=PACK))
    (programs / "pack").chmod(0o755)
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "PIP_CONFIG_FILE": os.devnull,
        "PACK_HOME": str(workshop.pack_home),
        "PACK_VOLUME_KEY": "image-tests",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'invoker'}",
    }
    if "DOCKER_HOST" in workshop.engine.environment():
        environment["DOCKER_HOST"] = workshop.engine.environment()["DOCKER_HOST"]
    return Machine(home, temporary, environment)


def content_of(workshop: Workshop, image: str, archive: Path) -> bytes:
    """Return all bytes of an image: its configuration, and the contents and names of its files."""
    workshop.engine.run("save", "--output", str(archive), image)
    return archive.read_bytes()


def test_the_image_is_named_and_serves_the_function(workshop: Workshop, machine: Machine, make_app: MakeApp) -> None:
    image = workshop.new_name()

    built = machine.build(make_app(GREETING), "--tag", image, "--env", "GREETING=hello")

    assert (built.returncode, built.stdout) == (0, f"{image}\n"), built.stderr
    assert "===> EXPORTING" in built.stderr
    assert "Passing on" not in built.stderr
    assert "GREETING=hello" in machine.pack_arguments()
    with workshop.run(image) as function:
        assert function.request("GET", "/").body == b"Hello World!"


def test_the_documented_command_prints_what_the_page_shows(
    workshop: Workshop, machine: Machine, make_app: MakeApp
) -> None:
    console = blocks(ROOT / "docs" / "buildpack.md", "console")
    (step,) = (step for block in console for step in transcript.steps(block) if step.command.startswith("funcpack"))
    image = workshop.new_name()
    command = step.command.replace(
        "funcpack build --tag hello", f"{sys.executable} -m funcpack build --tag {image} 2>&1"
    )
    shown = step.shown.replace("'hello'\nhello\n", f"'{image}'\n{image}\n")

    transcript.run(Step(command, shown), make_app(GREETING), machine.environment)


def test_the_image_is_named_after_the_directory(workshop: Workshop, machine: Machine, make_app: MakeApp) -> None:
    image = workshop.new_name()
    app = make_app(GREETING, machine.home / image.replace("-test-", " Test_").title())

    built = machine.build(app, "--output", "json")

    assert built.returncode == 0, built.stderr
    assert json.loads(built.stdout) == {
        "image": image,
        "id": workshop.engine.image_id(image),
        "digest": None,
        "directory": None,
    }


def test_a_function_that_cannot_be_served_is_reported_before_pack_runs(machine: Machine, make_app: MakeApp) -> None:
    built = machine.build(make_app({"handler.py": "def handler(evnt):\n    return 1\n"}))

    assert (built.returncode, built.stdout) == (1, "")
    assert built.stderr.startswith("error: Unsupported function parameter\n")
    assert "handler.py, line 1" in built.stderr
    assert machine.pack_arguments() == []


@pytest.fixture(scope="module")
def private_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PackageIndex]:
    with package_index_server(tmp_path_factory.mktemp("private-index"), is_private=True) as index:
        index.add("greetings")
        yield index


def url_with_login(index: PackageIndex) -> str:
    return index.url.replace("://", f"://{USER}:{PASSWORD}@")


def by_variables(_: Machine, index: PackageIndex) -> dict[str, str]:
    authority = index.binding / "private.pem"
    return {"PIP_INDEX_URL": url_with_login(index), "SSL_CERT_FILE": str(authority)}


def by_netrc(machine: Machine, index: PackageIndex) -> dict[str, str]:
    (machine.home / ".netrc").write_text(f"machine 127.0.0.1 login {USER} password {PASSWORD}\n")
    return {"UV_DEFAULT_INDEX": index.url, "REQUESTS_CA_BUNDLE": str(index.binding / "private.pem")}


def by_pip_configuration(machine: Machine, index: PackageIndex) -> dict[str, str]:
    file = machine.home / "pip.conf"
    certificate = index.binding / "private.pem"
    file.write_text(f"[global]\nindex-url = {url_with_login(index)}\ncert = {certificate}\n")
    return {"PIP_CONFIG_FILE": str(file)}


def by_uv_configuration(machine: Machine, index: PackageIndex) -> dict[str, str]:
    file = machine.home / ".config" / "uv" / "uv.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f'[[index]]\nname = "own"\nurl = "{index.url}"\ndefault = false\n')
    login = {"UV_INDEX_OWN_USERNAME": USER, "UV_INDEX_OWN_PASSWORD": PASSWORD}
    return {**login, "SSL_CERT_FILE": str(index.binding / "private.pem")}


@pytest.mark.parametrize("configure", [by_variables, by_netrc, by_pip_configuration, by_uv_configuration])
def test_a_private_index_with_a_private_authority_is_used_and_leaves_no_trace(
    workshop: Workshop,
    machine: Machine,
    make_app: MakeApp,
    private_index: PackageIndex,
    configure: Callable[[Machine, PackageIndex], dict[str, str]],
    tmp_path: Path,
) -> None:
    image = workshop.new_name()
    variables = configure(machine, private_index)

    built = machine.build(make_app(IMPORTS_PACKAGE), "--tag", image, **variables)

    assert built.returncode == 0, built.stderr
    with workshop.run(image) as function:
        assert function.request("GET", "/").body == b"1.0"
    authority = (private_index.binding / "private.pem").read_bytes().splitlines()[1]
    everything = content_of(workshop, image, tmp_path / "image.tar")
    assert PASSWORD.encode() not in everything
    assert authority not in everything
    assert PASSWORD not in built.stdout + built.stderr + " ".join(machine.pack_arguments())
    assert list(machine.temporary.iterdir()) == []


def test_an_image_is_published_with_its_digest(
    machine: Machine, workshop: Workshop, make_app: MakeApp, registry: str
) -> None:
    """The run image is only on this machine, so the engine pushes the image."""
    image = f"{registry}/team/{workshop.new_name()}:1.0"
    workshop.images.append(image)

    built = machine.build(make_app(GREETING), "--tag", image, "--publish")

    assert built.returncode == 0, built.stderr
    name, _, digest = built.stdout.strip().partition("@")
    assert name == image
    assert digest == digest_of(image)


def test_an_image_is_published_by_the_lifecycle_with_its_cache(
    machine: Machine, workshop: Workshop, make_app: MakeApp, registry: str, registry_builder: str
) -> None:
    image = f"{registry}/team/{workshop.new_name()}:2.0"
    app = make_app({**GREETING, "requirements.txt": ""})
    options = ("--builder", registry_builder, "--tag", image, "--publish", "--cache-image", f"{image}-cache")

    built = machine.build(app, *options, "--output", "json")

    assert built.returncode == 0, built.stderr
    assert json.loads(built.stdout) == {
        "image": image,
        "id": None,
        "digest": digest_of(image),
        "directory": None,
    }
    assert workshop.engine.image_id(image) is None
    assert digest_of(f"{image}-cache")


def blob(layout: Path, descriptor: Mapping[str, object]) -> bytes:
    """Return the content of a blob, whose digest and size must be those of the descriptor."""
    algorithm, _, digest = str(descriptor["digest"]).partition(":")
    content = (layout / "blobs" / algorithm / digest).read_bytes()
    assert (hashlib.sha256(content).hexdigest(), len(content)) == (digest, descriptor["size"])
    return content


@pytest.fixture
def in_builder(workshop: Workshop, make_app: MakeApp, registry_builder: str, tmp_path: Path) -> RunInBuilder:
    """Runs the tool in a container of the builder, without an engine, and returns its output and the directory /out."""
    packages = Path(click.__file__).parents[1]
    app = make_app(GREETING)
    app.chmod(0o755)
    paths = {app: "/app", ROOT / "funcpack": "/tool/funcpack", packages: "/packages"}
    paths[ROOT / "invoker" / "funcpack_invoker"] = "/tool/funcpack_invoker"
    paths[ROOT / "templates"] = "/tool/templates"
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(0o777)
    mounts = [part for source, target in paths.items() for part in ("--volume", f"{source}:{target}:ro")]
    options = ["--rm", "--network", "host", *mounts, "--volume", f"{out}:/out", "--env", "PYTHONPATH=/tool:/packages"]

    def run(*arguments: str) -> tuple[str, Path]:
        command = ["python3", "-B", "-m", "funcpack", "build", "/app", *arguments]
        return workshop.engine.run("run", *options, "--entrypoint", command[0], registry_builder, *command[1:]), out

    return run


def test_without_an_engine_the_lifecycle_of_the_builder_writes_an_image_layout(
    in_builder: RunInBuilder, workshop: Workshop
) -> None:
    image = workshop.new_name()

    printed, out = in_builder("--tag", image, "--output-dir", "/out/layout", "--output", "json")

    digest, config = checked_layout(out / "layout")
    assert json.loads(printed) == {"image": image, "id": None, "digest": digest, "directory": "/out/layout"}
    assert config["config"]["Labels"]["io.funcpack.handler"] == "handler.handler"
    assert config["config"]["Entrypoint"] == ["/cnb/process/web"]


def test_without_an_engine_the_lifecycle_of_the_builder_publishes(
    in_builder: RunInBuilder, workshop: Workshop, registry: str
) -> None:
    image = f"{registry}/team/{workshop.new_name()}:3.0"
    workshop.images.append(image)

    printed, _ = in_builder("--tag", image, "--publish")

    assert printed == f"{image}@{digest_of(image)}"
    workshop.engine.run("pull", image)
    with workshop.run(image) as function:
        assert function.request("GET", "/").body == b"Hello World!"


def checked_layout(layout: Path) -> tuple[str, dict[str, Any]]:
    """Return the digest and the configuration of the only image in a layout, which must be complete."""
    assert sorted(path.name for path in layout.iterdir()) == ["blobs", "index.json", "oci-layout"]
    assert json.loads((layout / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    (descriptor,) = json.loads((layout / "index.json").read_text())["manifests"]
    manifest = json.loads(blob(layout, descriptor))
    config: dict[str, Any] = json.loads(blob(layout, manifest["config"]))
    layers = [blob(layout, layer) for layer in manifest["layers"]]
    contents = [gzip.decompress(layer) if layer.startswith(b"\x1f\x8b") else layer for layer in layers]
    assert [f"sha256:{hashlib.sha256(content).hexdigest()}" for content in contents] == config["rootfs"]["diff_ids"]
    return descriptor["digest"], config


def test_an_image_layout_contains_the_image(
    workshop: Workshop, machine: Machine, make_app: MakeApp, tmp_path: Path
) -> None:
    image, app, layout = workshop.new_name(), make_app(GREETING), tmp_path / "layout"
    options = ("--tag", image, "--output-dir", str(layout))
    other = f"{image}:other"
    workshop.images.append(other)
    workshop.engine.run("tag", RUN.name, other)  # not in the layout

    first = machine.build(app, *options)
    again = machine.build(app, *options, "--output", "json")  # replaces the layout

    assert (first.returncode, first.stdout) == (0, f"{layout}\n"), first.stderr
    digest, _ = checked_layout(layout)
    (descriptor,) = json.loads((layout / "index.json").read_text())["manifests"]
    manifest = json.loads(blob(layout, descriptor))
    assert manifest["config"]["digest"] == workshop.engine.image_id(image)
    assert json.loads(again.stdout)["digest"] == digest


def test_a_directory_with_other_files_is_not_an_output_directory(machine: Machine, make_app: MakeApp) -> None:
    app = make_app(GREETING)

    built = machine.build(app, "--output-dir", str(app))

    assert built.returncode == 2
    assert "contains other files" in built.stderr
    assert machine.pack_arguments() == []


def network_of(workshop: Workshop, container: str) -> str:
    return workshop.engine.run("inspect", "--format", "{{.HostConfig.NetworkMode}}", container)


def volumes_of(workshop: Workshop, container: str) -> set[str]:
    """Return the names of the volumes of a container, except for the caches."""
    mounts = workshop.engine.ask("inspect", "--format", "{{range .Mounts}}{{.Name}} {{end}}", container) or ""
    return {name for name in mounts.split() if not name.startswith("pack-cache-")}


def awaited(process: subprocess.Popen[str], condition: Callable[[], T | None]) -> T:
    """Return the value of a condition when there is one, while a process runs."""
    deadline = time.monotonic() + DEADLINE
    while not (value := condition()):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return value


@pytest.mark.parametrize(
    ("number", "is_for_group", "code"),
    [
        pytest.param(signal.SIGINT, True, 130, id="ctrl-c"),
        pytest.param(signal.SIGINT, False, 130, id="interrupt"),
        pytest.param(signal.SIGTERM, False, 143, id="terminate"),
    ],
)
def test_an_interrupted_build_leaves_no_container_and_no_credentials(
    workshop: Workshop,
    machine: Machine,
    make_app: MakeApp,
    private_index: PackageIndex,
    number: signal.Signals,
    is_for_group: bool,
    code: int,
) -> None:
    app = make_app({"handler.py": "import time\n\ntime.sleep(600)\n\n\ndef handler():\n    pass\n"})
    certificate = str(private_index.binding / "private.pem")
    image = workshop.new_name()
    with machine.start(app, "--tag", image, "--env", "BP_CHECK_IMPORT=true", SSL_CERT_FILE=certificate) as process:
        bindings = awaited(process, lambda: next(machine.temporary.glob("funcpack-bindings-*"), None))
        mounted = ("ps", "--all", "--quiet", "--filter", f"volume={bindings / 'bindings'}")
        container = awaited(process, lambda: workshop.engine.run(*mounted))
        volumes = volumes_of(workshop, container)
        # pack would leave a network that it had created.
        assert network_of(workshop, container) == "default"
        assert bindings.stat().st_mode & 0o777 == 0o700
        if is_for_group:
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
        process.communicate(timeout=DEADLINE)

    assert process.returncode == code
    assert workshop.engine.run(*mounted) == ""
    assert volumes & set(workshop.engine.run("volume", "ls", "--quiet").split()) == set()
    assert list(machine.temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("variables", "title"),
    [
        ({"DOCKER_HOST": "unix:///nowhere.sock"}, "The container engine is not running"),
        ({"PATH": "/nowhere"}, "pack is not installed"),
    ],
)
def test_a_missing_part_is_named(machine: Machine, make_app: MakeApp, variables: dict[str, str], title: str) -> None:
    built = machine.build(make_app(GREETING), **variables)

    assert (built.returncode, built.stdout) == (1, "")
    assert built.stderr.startswith(f"error: {title}\n")


def test_a_builder_that_is_not_there_is_named(machine: Machine, make_app: MakeApp) -> None:
    built = machine.build(make_app(GREETING), "--builder", "localhost:1/no/builder")

    assert (built.returncode, built.stdout) == (1, "")
    assert "error: The builder is not available\nThere is no image 'localhost:1/no/builder'" in built.stderr
