"""How an image is built: the engine, the arguments of `pack`, and the names of images. The programs are scripts on PATH."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from funcpack import command_errors as errors
from funcpack.cli.main import main
from funcpack.image_builds import builder_image, engine, image_names, pack
from funcpack.image_builds.bindings import Binding, temporary_directory, volume_options
from funcpack.image_builds.build import Built, Order, arguments, network_options
from funcpack.image_builds.credentials import Credentials
from funcpack.image_builds.engine import DEFAULT_ADDRESS, Engine
from funcpack.image_builds.settings import BuildSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

METADATA = {"images": [{"image": "funcpack/run"}]}
LABELS = {"io.buildpacks.builder.metadata": json.dumps(METADATA)}


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only directory on PATH."""
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    for name in ("NO_COLOR", "DOCKER_HOST", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    return directory


def install(programs: Path, name: str, script: str, interpreter: str = "/bin/sh") -> None:
    (programs / name).write_text(f"#!{interpreter}\n{script}\n")
    (programs / name).chmod(0o755)


def install_images(programs: Path, images: Mapping[str, Sequence[str]]) -> None:
    """Install a client of an engine with these images, each with its digests in registries."""
    cases = "".join(
        f"{name}) echo '{json.dumps([{'RepoDigests': digests, 'Config': {'Labels': LABELS}}])}' ;;\n"
        for name, digests in images.items()
    )
    install(programs, "docker", f'case "$3" in\n{cases}*) exit 1 ;;\nesac')


SETTINGS = BuildSettings({"PIP_INDEX_URL": "https://a"}, Credentials(), ["GREETING=hello"], [])
COMMON = ["--pull-policy", "if-not-present"]
VARIABLES = ["--env", "GREETING=hello", "--env", "PIP_INDEX_URL", "--volume", "v"]
ORDERS = [
    pytest.param({}, "funcpack/builder", [*COMMON, "--trust-builder"], id="our builder"),
    pytest.param({}, "docker.io/funcpack/builder:1.0", [*COMMON, "--trust-builder"], id="our builder in a registry"),
    pytest.param({}, "made-here", [*COMMON, "--trust-builder"], id="a builder of this machine"),
    pytest.param({}, "pulled", COMMON, id="another builder"),
    pytest.param({}, "absent/funcpack/builder", COMMON, id="a similar name"),
    pytest.param(
        {"publishes": True, "platform": "linux/arm64", "cache_image": "cache"},
        "pulled",
        [*COMMON, "--platform", "linux/arm64", "--publish", "--cache-image", "cache"],
        id="options",
    ),
]


@pytest.mark.parametrize(("options", "builder", "expected"), ORDERS)
def test_arguments_of_pack(programs: Path, options: Mapping[str, object], builder: str, expected: list[str]) -> None:
    install_images(programs, {"made-here": [], "pulled": ["pulled@sha256:1"]})
    order = Order("hello", programs, builder, **options)  # type: ignore[arg-type] # the fields of the case

    found = arguments(order, SETTINGS, Engine("docker", "28"), ["--volume", "v"])

    command = ["build", "hello", "--path", str(programs), "--builder", builder]
    assert found == [*command, *expected, *VARIABLES]


def test_pack_has_no_colours_if_the_user_wants_none(programs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_images(programs, {})
    order, docker = Order("hello", programs, "builder"), Engine("docker", "28")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "--no-color" not in arguments(order, SETTINGS, docker, [])

    monkeypatch.setenv("NO_COLOR", "1")
    assert "--no-color" in arguments(order, SETTINGS, docker, [])


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize(
    ("address", "is_remote", "has_other_socket"),
    [
        (None, False, False),
        (DEFAULT_ADDRESS, False, False),
        ("unix:///run/user/1000/podman/podman.sock", False, True),
        ("tcp://127.0.0.1:2375", False, False),
        ("tcp://[::1]:2375", False, False),
        ("tcp://docker:2376", True, False),
        ("ssh://ada@example.com", True, False),
    ],
)
def test_addresses_of_engines(address: str | None, is_remote: bool, has_other_socket: bool) -> None:
    found = Engine("docker", "28", address)

    assert found.is_remote is is_remote
    assert found.has_other_socket is (has_other_socket and sys.platform != "darwin")


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize(
    ("urls", "image", "variables", "is_local"),
    [
        (["https://pypi.org/simple"], "hello", {}, False),
        (["https://127.0.0.1:3141/simple"], "hello", {}, True),
        ([], "localhost:5000/hello", {}, True),
        ([], "example.com:5000/hello", {}, False),
        ([], "hello", {"HTTPS_PROXY": "http://127.0.0.1:3128"}, True),
    ],
)
def test_a_server_of_this_machine_needs_its_network(
    monkeypatch: pytest.MonkeyPatch, urls: list[str], image: str, variables: Mapping[str, str], is_local: bool
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert network_options(urls, image, Engine("docker", "28")) == [
        "--network",
        "host" if is_local else "default",
    ]


@pytest.mark.parametrize(
    ("digests", "is_local"),
    [
        ([], True),
        (["localhost/funcpack/run@sha256:1"], True),
        (["example.com/funcpack/run@sha256:1", "localhost:5000/copy@sha256:1"], True),
        (["funcpack/run@sha256:1"], False),
        (["docker.io/funcpack/run@sha256:1"], False),
    ],
)
def test_run_image_of_this_machine(programs: Path, digests: Sequence[str], is_local: bool) -> None:
    install_images(programs, {"builder": [], "funcpack/run": digests})

    assert builder_image.has_local_run_image(Engine("docker", "28"), "builder") is is_local


def test_run_image_of_an_absent_builder_is_in_a_registry(programs: Path) -> None:
    install_images(programs, {})

    assert not builder_image.has_local_run_image(Engine("docker", "28"), "builder")


ENGINE_ERRORS = [
    ({}, errors.NoEngineError),
    ({"docker": "echo 'permission denied' >&2; exit 1"}, errors.EngineAccessError),
    ({"docker": "exit 1"}, errors.EngineNotRunningError),
    ({"podman": "echo broken >&2; exit 1"}, errors.EngineNotRunningError),
]


@pytest.mark.parametrize(("scripts", "error"), ENGINE_ERRORS)
def test_an_engine_that_is_not_there(programs: Path, scripts: Mapping[str, str], error: type[Exception]) -> None:
    for name, script in scripts.items():
        install(programs, name, script)

    with pytest.raises(error):
        engine.find()


def test_podman_at_an_address_where_nothing_listens_is_not_running(
    programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(programs, "podman", "echo 5.2")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere.sock")

    with pytest.raises(errors.EngineNotRunningError):
        engine.find()


# What `podman system service --time=60 unix:///PATH` does: it listens until it is terminated.
PODMAN_SERVICE = """
import pathlib, signal, socket, sys
if sys.argv[1:3] == ["version", "--format"]:
    print("5.2")
elif sys.argv[1:3] == ["system", "service"]:
    served = socket.socket(socket.AF_UNIX)
    served.bind(sys.argv[-1].removeprefix("unix://"))
    served.listen()
    signal.pause()
else:
    sys.exit(1)
"""


def test_podman_without_a_socket_serves_for_as_long_as_a_build(programs: Path) -> None:
    install(programs, "podman", PODMAN_SERVICE, sys.executable)
    found = engine.find()
    assert found == Engine("podman", "5.2")

    with engine.reachable(found) as running:
        socket = Path((running.address or "").removeprefix("unix://"))
        assert socket.is_socket()
    assert not socket.parent.exists()


def test_podman_whose_service_does_not_start_is_not_running(programs: Path) -> None:
    install(programs, "podman", 'test "$1" = version && echo 5.2 || { echo "no newuidmap" >&2; exit 125; }')

    with pytest.raises(errors.EngineNotRunningError, match="no newuidmap"), engine.reachable(engine.find()):
        pass


def test_pack_is_found_with_its_version(programs: Path) -> None:
    install(programs, "pack", "echo 0.40.6+git-1")

    assert pack.find() == pack.Pack(str(programs / "pack"), "0.40.6+git-1")


@pytest.mark.parametrize("script", [None, "echo usage", "exit 1"])
def test_pack_that_is_not_there(programs: Path, script: str | None) -> None:
    if script:
        install(programs, "pack", script)

    with pytest.raises(errors.NoPackError):
        pack.find()


def test_bindings_are_for_the_user_and_the_build_only() -> None:
    with temporary_directory([Binding("pypi", {"password": b"s3cret-word"})]) as directory:
        paths = [directory.parent, directory, directory / "pypi", directory / "pypi" / "password"]
        assert [path.stat().st_mode & 0o777 for path in paths] == [0o700, 0o755, 0o755, 0o644]
        option, volume = volume_options(directory)
        assert (option, volume.split(",")[0]) == ("--volume", f"{directory}:/platform/bindings:ro")
    assert not directory.parent.exists()


NAMES = [
    ("hello", "hello"),
    ("My Function", "my-function"),
    ("api_v2.0", "api-v2-0"),
    ("--", "function"),
    ("Größe", "gr-e"),
    ("x" * 300, "x" * 255),
]


@pytest.mark.parametrize(("directory", "name"), NAMES)
def test_default_name(tmp_path: Path, directory: str, name: str) -> None:
    assert image_names.name_for(tmp_path / directory) == name
    assert image_names.is_valid(name)


@pytest.mark.parametrize(
    ("name", "is_valid", "host"),
    [
        ("hello:1.0", True, ""),
        ("team/hello", True, ""),
        ("example.com/team/hello:1.0", True, "example.com"),
        ("localhost:5000/hello", True, "localhost"),
        ("[::1]:5000/hello", True, "::1"),
        ("Hello", False, ""),
        ("hello world", False, ""),
        ("hello:", False, ""),
        ("hello/", False, ""),
        ("hello\n", False, ""),
        ("-hello", False, ""),
    ],
)
def test_names_of_images(name: str, is_valid: bool, host: str) -> None:
    assert image_names.is_valid(name) is is_valid
    assert image_names.registry_host(name) == host


def test_reference_has_the_digest_of_a_published_image() -> None:
    assert Built("a:1", "sha256:1", None).reference == "a:1"
    assert Built("a:1", None, "sha256:2").reference == "a:1@sha256:2"


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--tag", "Hello"], "Invalid image name"),
        (["--publish"], "No registry"),
        (["--env", "=1"], "Invalid variable"),
        (["--cache-image", "cache"], "--cache-image requires --publish."),
        (["--tag", "a/b", "--publish", "--output-dir", "new"], "--publish and --output-dir cannot be used together."),
        (["--output-dir", "."], "The output directory is in use"),
        (["--unknown"], "No such option"),
    ],
)
def test_wrong_usage_is_reported_before_anything_else(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    message: str,
) -> None:
    (tmp_path / "handler.py").write_text("def handler(:\n")
    monkeypatch.chdir(tmp_path)

    assert main(["build", *options]) == 2
    assert message in capsys.readouterr().err


def test_a_broken_function_is_reported_before_the_engine_is_searched_for(
    programs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = programs.parent / "app"
    app.mkdir()
    (app / "handler.py").write_text("def handler(:\n")

    assert main(["build", str(app)]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: Invalid Python source code\n")


# Writes its arguments to a file next to itself, and the report of a build.
FAKE_PACK = """
import pathlib, sys
here = pathlib.Path(sys.argv[0]).parent
if sys.argv[1:] == ["version"]:
    print("0.40.6")
else:
    (here / "arguments").write_text("\\n".join(sys.argv[1:]))
    report = pathlib.Path(sys.argv[sys.argv.index("--report-output-dir") + 1])
    (report / "report.toml").write_text('[image]\\nimage-id = "12"\\n')
"""
URL = "https://ada:s3cret-word@pypi.example.com/simple"


@pytest.mark.parametrize("address", ["tcp://docker:2376", None])
def test_an_engine_on_another_machine_gets_no_files_of_this_one(
    programs: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], address: str | None
) -> None:
    install(programs, "docker", 'test "$1" = version && echo 28.1')
    install(programs, "pack", FAKE_PACK, sys.executable)
    app, certificate = programs.parent / "app", programs.parent / "own.pem"
    app.mkdir()
    (app / "handler.py").write_text("def handler():\n    pass\n")
    certificate.write_text("-----BEGIN CERTIFICATE-----\nYWJj\n-----END CERTIFICATE-----\n")
    settings = {
        "HOME": str(app),
        "PIP_CONFIG_FILE": "/dev/null",
        "SSL_CERT_FILE": str(certificate),
        "PIP_INDEX_URL": URL,
    }
    for name, value in {**settings, **({"DOCKER_HOST": address} if address else {})}.items():
        monkeypatch.setenv(name, value)

    assert main(["build", str(app), "--tag", "hello"]) == 0

    captured, arguments = capfd.readouterr(), (programs / "arguments").read_text().splitlines()
    assert captured.out == "hello\n"
    assert "s3cret-word" not in captured.err + " ".join(arguments)
    assert ("--volume" in arguments) is (address is None)
    assert ("PIP_INDEX_URL" in arguments) is (address is not None)
    notes = captured.err.splitlines()
    assert (
        f"Not passing on the certificates in {certificate}: the container engine is on another machine." in notes
    ) is (address is not None)
