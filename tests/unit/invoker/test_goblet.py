"""The class that names the backend of a function in its code."""

from __future__ import annotations

import copy
import pickle

import pytest

from funcpack_invoker.goblet import Goblet


@pytest.mark.parametrize(
    "create",
    [
        Goblet,
        lambda: Goblet(backend="cloudrun"),
        lambda: Goblet("orders", "cloudrun", "us-central1"),
        lambda: Goblet(function_name="orders", region="us-central1", stackdriver=True, log_level="INFO"),
    ],
)
def test_arguments_have_no_effect(create: object) -> None:
    assert callable(create)
    assert vars(create()) == {}


@pytest.mark.parametrize("name", ["http", "route", "schedule", "entry_point"])
def test_decorator_says_what_to_write_instead(name: str) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(Goblet(), name)
    assert str(caught.value) == (
        f"'Goblet' object has no attribute '{name}': Funcpack has no decorators. Define a function with the parameter "
        "`request`, for example `def handler(request)`, and set PYTHON_HANDLER to its module and name"
    )
    assert not hasattr(Goblet(), name)


def test_object_can_be_copied() -> None:
    assert isinstance(copy.deepcopy(Goblet()), Goblet)
    assert isinstance(pickle.loads(pickle.dumps(Goblet())), Goblet)
