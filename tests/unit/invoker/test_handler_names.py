from __future__ import annotations

import re

import pytest

from funcpack_invoker.errors import SettingsError
from funcpack_invoker.handler_name import FactoryName, InvalidHandlerNameError, parse
from funcpack_invoker.settings import Settings
from tests.handler_names import FACTORIES, INVALID, VALID


@pytest.mark.parametrize("text", VALID)
def test_valid_name_is_parsed_and_accepted_at_start(text: str) -> None:
    assert parse(text) == VALID[text]
    assert Settings.from_env({"PYTHON_HANDLER": text}).handler == text


@pytest.mark.parametrize("text", FACTORIES)
def test_name_of_a_factory_is_parsed_and_accepted_at_start(text: str) -> None:
    name = parse(text)
    assert (name, type(name)) == (FACTORIES[text], FactoryName)
    assert Settings.from_env({"PYTHON_HANDLER": text}).handler == text


@pytest.mark.parametrize("text", INVALID)
def test_invalid_name_is_rejected_with_the_reason(text: str) -> None:
    with pytest.raises(InvalidHandlerNameError, match=re.escape(INVALID[text])):
        parse(text)


@pytest.mark.parametrize("text", [text for text in INVALID if text])
def test_invalid_name_is_rejected_at_start_with_the_reason(text: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(INVALID[text])):
        Settings.from_env({"PYTHON_HANDLER": text})
