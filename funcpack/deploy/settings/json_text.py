"""JSON that a user wrote: with the place of a mistake, and without duplicate names, of which `json` keeps only the last."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from funcpack.deployment_errors import ConfigurationContentError, ConfigurationSyntaxError


class _InvalidContentError(ValueError):
    """The text has the form of JSON, but not a content that JSON allows."""


def parse(text: str, file: str) -> Any:
    """Parse the text of a file.

    Raises:
        ConfigurationSyntaxError: The text is not JSON.
        ConfigurationContentError: An object has a name twice, a number is not one of JSON, or the values are nested too deeply.

    """
    try:
        return _parse(text)
    except json.JSONDecodeError as exc:
        raise ConfigurationSyntaxError(file, exc.lineno, exc.colno, exc.msg[:1].lower() + exc.msg[1:]) from exc
    except _InvalidContentError as exc:
        raise ConfigurationContentError(file, str(exc)) from exc
    except (ValueError, RecursionError) as exc:
        raise ConfigurationContentError(file, "has a number that is too long, or is nested too deeply") from exc


def value_or_text(text: str) -> Any:
    """Return the value of a text that is JSON, and any other text as it is."""
    try:
        return _parse(text)
    except (ValueError, RecursionError):
        return text


def _parse(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_object, parse_constant=_reject_constant)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise _InvalidContentError(f"has the name '{name}' twice in one object")
        values[name] = value
    return values


def _reject_constant(name: str) -> NoReturn:
    raise _InvalidContentError(f"has the value {name}, which JSON does not have")
