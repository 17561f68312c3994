"""Reads what pydantic 2 validates: models, its dataclasses, its types, and annotations with its constraints.

Pydantic gets the JSON, not Python's values: a strict model accepts text for a `datetime` only in JSON
(https://docs.pydantic.dev/latest/concepts/strict_mode/).
"""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, Any

from funcpack_invoker.function.typed.ambiguity import most_choices
from funcpack_invoker.function.typed.errors import MismatchError, ModelDataError, TooDeepError
from funcpack_invoker.http import json_codec

if TYPE_CHECKING:
    from funcpack_invoker.function.typed.attempts import Attempts


def is_model(annotation: type) -> bool:
    """Return whether pydantic validates a class. If pydantic was never imported, there cannot be such a class."""
    if "pydantic" not in sys.modules:
        return False
    dataclasses = sys.modules.get("pydantic.dataclasses")
    return hasattr(annotation, "__get_pydantic_core_schema__") or (
        hasattr(dataclasses, "is_pydantic_dataclass")
        and sys.modules["pydantic.dataclasses"].is_pydantic_dataclass(annotation)
    )


class ModelCheck:
    """Validates data with pydantic.

    Attributes:
        choices: how many members of a recursive union pydantic tries for the same value; 1 if there is no such union.

    """

    def __init__(self, annotation: Any) -> None:
        from pydantic import TypeAdapter  # noqa: PLC0415 - it is loaded already

        adapter = TypeAdapter(annotation)
        self._validate = adapter.validate_json
        self.choices = _choices(adapter)

    def __call__(self, value: Any, _attempts: Attempts | None = None) -> Any:
        """Return the value of the type, or raise DataError."""
        if isinstance(value, bytes):
            raise MismatchError("JSON", value)
        try:
            text = json_codec.dumps(value)
        except json_codec.NestingError:
            raise TooDeepError from None
        except ValueError:
            raise MismatchError("numbers of at most 1.8e308", value) from None
        try:
            return self._validate(text)
        except ValueError as exc:
            raise ModelDataError(exc) from exc


def _choices(adapter: Any) -> int:
    """Return how many members of a recursive union pydantic tries; 1 if JSON Schema cannot describe the type."""
    from pydantic.errors import PydanticUserError  # noqa: PLC0415 - see above

    try:
        with warnings.catch_warnings():
            # Of a default that JSON Schema cannot have.
            warnings.simplefilter("ignore")
            return most_choices(adapter.json_schema())
    except PydanticUserError:
        return 1
