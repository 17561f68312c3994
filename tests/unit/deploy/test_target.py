"""What to deploy, and as what: the choice of the backend, notes, and when the function is checked."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from funcpack.command_errors import EmptyDirectoryError, OptionValueError
from funcpack.deploy.settings.backends import BACKENDS, LEGACY
from funcpack.deploy.settings.options import Options
from funcpack.deploy.settings.target import Target, read_target
from funcpack.deployment_errors import BackendLiteralError, ConfigurationFieldError, UnknownBackendError
from funcpack.errors import MissingFunctionError

if TYPE_CHECKING:
    from pathlib import Path

GOBLET = "from funcpack_invoker.goblet import Goblet\n"
FUNCTION = "\ndef handler(request): ...\n"
IMAGE = "registry.example.com/orders@sha256:" + "0" * 64


def read(directory: Path, *, needs_function: bool = True, **options: Any) -> tuple[Target, list[str]]:
    notes: list[str] = []
    target = read_target(directory, Options(**options), {}, notes.append, needs_function=needs_function)
    return target, notes


def write(directory: Path, literal: str | None = None, config: str | None = None) -> None:
    app = "" if literal is None else f"{GOBLET}app = Goblet({literal})\n"
    (directory / "handler.py").write_text(app + FUNCTION)
    if config:
        (directory / "config.json").write_text(json.dumps({"backend": config}))


@pytest.mark.parametrize(
    ("flag", "literal", "config", "chosen", "ignored"),
    [
        (None, None, None, "cloudfunction", []),
        (None, "", None, "cloudfunction", []),
        (None, 'backend="cloudrun"', None, "cloudrun", []),
        (None, None, "knative", "knative", []),
        (None, "", "knative", "knative", []),
        ("kubernetes", None, None, "kubernetes", []),
        (None, 'backend="cloudrun"', "knative", "cloudrun", ["knative"]),
        ("kubernetes", 'backend="cloudrun"', "knative", "kubernetes", ["cloudrun", "knative"]),
        ("kubernetes", 'backend="kubernetes"', "kubernetes", "kubernetes", []),
        ("kubernetes", "backend=BACKEND", None, "kubernetes", []),
    ],
)
def test_choice_of_the_backend(
    flag: str | None, literal: str | None, config: str | None, chosen: str, ignored: list[str], tmp_path: Path
) -> None:
    write(tmp_path, literal, config)
    target, notes = read(tmp_path, backend=flag)
    assert target.backend == chosen
    assert [note.split("'")[3] for note in notes if note.startswith("Using")] == ignored
    assert (LEGACY in notes) == (chosen == "cloudfunction")


@pytest.mark.parametrize(
    ("flag", "literal", "config", "origin"),
    [
        ("cloud-run", None, None, "--backend"),
        (None, 'backend="cloud-run"', None, "handler.py, line 2"),
        (None, None, "cloud-run", "'backend' in {directory}/config.json"),
    ],
)
def test_unknown_backend_lists_the_backends(
    flag: str | None, literal: str | None, config: str | None, origin: str, tmp_path: Path
) -> None:
    write(tmp_path, literal, config)
    with pytest.raises(UnknownBackendError) as caught:
        read(tmp_path, backend=flag)
    assert (caught.value.name, caught.value.origin) == ("cloud-run", origin.format(directory=tmp_path))
    assert tuple(caught.value.backends) == BACKENDS
    assert len(BACKENDS) == 5


def test_backend_that_is_not_a_literal_needs_the_option(tmp_path: Path) -> None:
    write(tmp_path, "backend=BACKEND")
    with pytest.raises(BackendLiteralError):
        read(tmp_path)


def test_code_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text(f'{GOBLET}app = Goblet(backend="cloudrun")\nraise SystemExit{FUNCTION}')
    assert read(tmp_path)[0].backend == "cloudrun"


def test_literal_is_that_of_the_module_that_the_project_names(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.py").write_text(f'{GOBLET}app = Goblet(backend="cloudrun")\n\ndef place(request): ...\n')
    (tmp_path / "project.toml").write_text('[[build.env]]\nname = "PYTHON_HANDLER"\nvalue = "main.place"\n')
    target, _ = read(tmp_path)
    assert target.backend == "cloudrun"
    assert target.inspection
    assert target.inspection.project.handler.text == "main.place"


def test_function_is_checked_only_if_it_is_needed(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text("def handle(request): ...\n")
    with pytest.raises(MissingFunctionError):
        read(tmp_path, backend="knative")
    target, notes = read(tmp_path, needs_function=False)
    assert (target.inspection, target.backend, notes) == (None, "cloudfunction", [])


def test_directory_needs_no_function_if_there_is_an_image(tmp_path: Path) -> None:
    with pytest.raises(EmptyDirectoryError):
        read(tmp_path, backend="knative")
    assert read(tmp_path, backend="knative", image=IMAGE)[0].inspection is None
    write(tmp_path)
    assert read(tmp_path, backend="knative", image=IMAGE)[0].inspection


def test_name_and_sections(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "config.json").write_text('{"name": "orders", "backend": "cloudrun", "cloudrun": {"traffic": 25}}')
    target, _ = read(tmp_path, set=("cloudrun.traffic=50",))
    assert (target.name, target.section("cloudrun"), target.section("labels")) == ("orders", {"traffic": 50}, {})


CLUSTERS = ("kubernetes", "knative")
DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize("backend", CLUSTERS)
@pytest.mark.parametrize(
    "image",
    [
        "orders",
        "orders:1.0.0",
        "library/orders",
        "orders:Build_7.x-RC",
        "localhost/orders",
        "localhost:5000/shop/orders:1",
        "registry.example.com:5000/shop/orders",
        "Registry.Example.com/orders",
        "10.0.0.1:5000/orders:1",
        "[2001:db8::1]:5000/orders",
        "registry.example.com/a__b/c--d.e_f:1",
        f"registry.example.com/orders@{DIGEST}",
        f"registry.example.com:5000/orders:V1@{DIGEST}",
        "orders@sha512:" + "A" * 128,
        "orders@multihash+base58:" + "0" * 32,
    ],
)
def test_images_of_clusters(backend: str, image: str, tmp_path: Path) -> None:
    assert read(tmp_path, backend=backend, image=image)[0].options.image == image


@pytest.mark.parametrize("backend", CLUSTERS)
@pytest.mark.parametrize(
    ("option", "value"),
    [
        *[
            ("image", image)
            for image in (
                "not an image!",
                "Orders:1",
                "registry.example.com/Orders",
                "https://registry.example.com/orders",
                "registry.example.com//orders",
                "orders:",
                "orders:-1",
                "orders@sha256:123",
                "orders/",
                "orders\n",
            )
        ],
        *[
            ("namespace", name)
            for name in ("A/../b", "Shop", "-shop", "shop-", "a.b", "a" * 64, "shop\n", "../shop", "ä")
        ],
    ],
)
def test_options_of_clusters_that_are_not_valid(backend: str, option: str, value: str, tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(OptionValueError) as caught:
        read(tmp_path, backend=backend, needs_function=False, **{option: value})
    assert (caught.value.option, caught.value.exit_code) == (f"--{option}", 2)


@pytest.mark.parametrize("namespace", ["shop", "0", "a-b", "1-a", "a" * 63, None])
def test_namespaces(namespace: str | None, tmp_path: Path) -> None:
    write(tmp_path)
    assert read(tmp_path, backend="knative", namespace=namespace)[0].options.namespace == namespace


PLATFORM = "is set by the platform and cannot be configured."
PODS = "is set by Funcpack. To use another port, set `env` and `ports` of the container in kubernetes.deployment."
NO_NAME = "is not valid: the name of a variable has at least one character, and no '='."
CONTRACT = ("PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION")
OF_FUNCTIONS = (*CONTRACT, "FUNCTION_TARGET", "FUNCTION_SIGNATURE_TYPE", "X_GOOGLE_A")


@pytest.mark.parametrize("section", ["environment", "secrets"])
@pytest.mark.parametrize(
    ("backend", "name", "problem"),
    [
        ("kubernetes", "PORT", PODS),
        *[(backend, name, PLATFORM) for backend in ("knative", "cloudrun") for name in CONTRACT],
        *[(backend, name, PLATFORM) for backend in ("cloudfunction", "cloudfunctionv2") for name in OF_FUNCTIONS],
        *[(backend, name, NO_NAME) for backend in BACKENDS for name in ("", "A=B")],
    ],
)
def test_variables_that_cannot_be_set(section: str, backend: str, name: str, problem: str, tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps({section: {name: "a/b"}}))
    with pytest.raises(ConfigurationFieldError) as caught:
        read(tmp_path, backend=backend)
    assert caught.value.found == f"{tmp_path}/config.json: {section}.{name} {problem}"


@pytest.mark.parametrize(
    ("backend", "name"),
    [
        ("kubernetes", "K_SERVICE"),
        ("knative", "FUNCTION_TARGET"),
        ("cloudrun", "FUNCTION_TARGET"),
        ("cloudrun", "PORTS"),
        ("cloudrun", "port"),
        ("cloudfunctionv2", "FUNCTION_THREADS"),
        ("cloudfunction", "K_OTHER"),
    ],
)
def test_variables_that_only_look_reserved(backend: str, name: str, tmp_path: Path) -> None:
    write(tmp_path)
    assert read(tmp_path, backend=backend, set=(f"environment.{name}=x",))[0].section("environment") == {name: "x"}


@pytest.mark.parametrize("backend", BACKENDS)
def test_options_of_other_backends_are_noted(backend: str, tmp_path: Path) -> None:
    write(tmp_path)
    _, notes = read(tmp_path, backend=backend, project="p", location="l", namespace="n", context="c")
    unused = ["--project", "--location"] if backend in {"kubernetes", "knative"} else ["--namespace", "--context"]
    assert [note for note in notes if note != LEGACY] == [
        f"{option} has no effect with the backend '{backend}'." for option in unused
    ]
