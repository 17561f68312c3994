"""Names of deployments: the rules of the backends, warnings, and names of directories."""

from __future__ import annotations

from pathlib import Path

import pytest

from funcpack.deploy.settings.backends import BACKENDS
from funcpack.deploy.settings.names import chosen_name, valid_name
from funcpack.deployment_errors import DeploymentNameError

LABELS = ("cloudfunctionv2", "kubernetes", "knative")
ALL = BACKENDS


def choose(name: str, backend: str) -> list[str]:
    """Choose a name, and return the warnings."""
    notes: list[str] = []
    assert chosen_name(name, None, Path(), backend, notes.append) == name
    return notes


@pytest.mark.parametrize(
    ("name", "backends"),
    [
        ("orders", ALL),
        ("a" * 63, ALL),
        ("a" * 64, ()),
        ("", ()),
        ("order-2", ALL),
        ("orders-", ()),
        ("-orders", ()),
        ("2orders", ("cloudrun",)),
        ("2" * 63, ("cloudrun",)),
        ("my_orders", ("cloudfunction",)),
        ("Orders", ("cloudfunction",)),
        ("_orders", ()),
        ("orders.v2", ()),
        ("örders", ()),
        ("orders\n", ()),
        ("٣orders", ()),
    ],
)
def test_names_that_the_backends_accept(name: str, backends: tuple[str, ...]) -> None:
    for backend in BACKENDS:
        if backend in backends:
            choose(name, backend)
        else:
            with pytest.raises(DeploymentNameError) as caught:
                choose(name, backend)
            assert caught.value.exit_code == 2
            choose(caught.value.example, backend)


@pytest.mark.parametrize(
    ("name", "backend", "warning"),
    [
        ("a" * 49, "cloudrun", None),
        ("a" * 50, "cloudrun", "because it has 50 characters and not fewer than 50."),
        ("2orders", "cloudrun", "because it does not begin with a letter."),
        ("a" * 63, "knative", None),
        ("abc", "cloudfunctionv2", "because it has fewer than 4 characters."),
        ("abc", "cloudfunction", None),
    ],
)
def test_names_that_the_platform_will_reject_are_noted(name: str, backend: str, warning: str | None) -> None:
    notes = choose(name, backend)
    assert [note.partition("', ")[2] for note in notes] == ([warning] if warning else [])


@pytest.mark.parametrize(
    ("directory", "name"),
    [
        ("orders", "orders"),
        ("My Orders_v2", "my-orders-v2"),
        ("2024-orders", "function-2024-orders"),
        ("ünïcode", "n-code"),
        ("日本", "function"),
        ("a" * 48 + "-b" * 20, "a" * 48),
    ],
)
def test_name_of_a_directory_is_valid_for_all_backends(directory: str, name: str, tmp_path: Path) -> None:
    assert valid_name(directory) == name
    (tmp_path / directory).mkdir()
    for backend in BACKENDS:
        assert chosen_name(None, None, tmp_path / directory, backend, pytest.fail) == name
        choose(name, backend)


def test_option_counts_before_the_configuration_before_the_directory(tmp_path: Path) -> None:
    assert chosen_name("option", "configured", tmp_path, "knative", pytest.fail) == "option"
    assert chosen_name(None, "configured", tmp_path, "knative", pytest.fail) == "configured"
    with pytest.raises(DeploymentNameError, match="'name' in the configuration"):
        chosen_name(None, "Configured", tmp_path, "knative", pytest.fail)
