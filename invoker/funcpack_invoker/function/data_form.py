"""Decides in which form a function gets annotated data: as it is, as bytes, as text, or as a value read from JSON."""

from __future__ import annotations

import functools
import operator
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from funcpack_invoker.function.annotations import alternatives, is_anything

if TYPE_CHECKING:
    from funcpack_invoker.function.typed.reader import Reader


class Kind(Enum):
    """The kind of a form."""

    BYTES = "bytes"
    TEXT = "text"
    JSON = "json"


class Form(NamedTuple):
    """The form of data.

    Attributes:
        kind: of the form.
        reader: reads JSON, if the kind is JSON.
        is_optional: whether the function gets None if there is no data.
        takes_bytes: whether the function gets the bytes of data that has another form.

    """

    kind: Kind
    reader: Reader | None = None
    is_optional: bool = False
    takes_bytes: bool = False

    @property
    def is_exact(self) -> bool:
        """Whether JSON is to be parsed with `loads_exact`."""
        return self.reader is not None and self.reader.is_exact


def choose_form(annotation: Any, name: str) -> Form | None:
    """Return the form that an annotation of data requires; None for data as it is. `name` is that of the parameter.

    Raises:
        UnreadableTypeError: if JSON data cannot become a value of the type.
        Exception: any exception from evaluating the annotation of a field, usually a NameError.

    """
    members = alternatives(annotation)
    if any(is_anything(member) for member in members):
        return None
    is_optional, takes_bytes = type(None) in members, bytes in members
    others = [member for member in members if member is not bytes and member is not type(None)]
    if takes_bytes and not others:
        return Form(Kind.BYTES, None, is_optional)
    if others == [str]:
        return Form(Kind.TEXT, None, is_optional, takes_bytes)
    if takes_bytes:  # data that is not JSON: in JSON, bytes are Base64
        annotation = functools.reduce(operator.or_, [member for member in members if member is not bytes])
    from funcpack_invoker.function.typed.reader import Reader  # noqa: PLC0415 - only functions with typed data need it

    return Form(Kind.JSON, Reader(annotation, name), is_optional, takes_bytes)
