"""The grammar of handler names, which the build and the start of a function share. Standard library only."""

from __future__ import annotations

import keyword
from typing import NamedTuple

LONGEST = 1000


class InvalidHandlerNameError(ValueError):
    """A text that is not a handler name; `str()` of it is the reason, in words that follow the quoted name."""


class HandlerName(NamedTuple):
    """A function or application, named by its `module` (dotted) and the `attributes` that lead to it in the module."""

    module: str
    attributes: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.module}:{'.'.join(self.attributes)}"


class FactoryName(HandlerName):
    """A function that creates the function or application, named in the same way."""

    __slots__ = ()


def parse(text: str) -> HandlerName:
    """Parse `module.function`, `package.module.function`, `module:function` or `package.module:object.method`.

    `module:function()` names a factory. Every part must be a Python identifier that is not a keyword, so that the name can be
    imported and written in code.

    Raises:
        InvalidHandlerNameError: if the text does not have one of these forms.

    """
    if len(text) > LONGEST:
        raise InvalidHandlerNameError(f"it has more than {LONGEST} characters")
    module, separator, attributes = text.partition(":") if ":" in text else text.rpartition(".")
    if not separator:
        raise InvalidHandlerNameError("it does not name a function")
    if separator == "." and attributes.endswith("()"):
        raise InvalidHandlerNameError(f"a factory is named with a colon, as in {f'{module}:{attributes}'!r}")
    is_factory = attributes.endswith("()")
    names = tuple(attributes.removesuffix("()").split(".")) if is_factory else tuple(attributes.split("."))
    name = FactoryName(module, names) if is_factory else HandlerName(module, names)
    for part in (*module.split("."), *name.attributes):
        _check_part(part)
    return name


def _check_part(part: str) -> None:
    if not part:
        raise InvalidHandlerNameError("a part of it is empty")
    if keyword.iskeyword(part):
        raise InvalidHandlerNameError(f"{part!r} is a Python keyword")
    if not part.isidentifier():
        raise InvalidHandlerNameError(f"{part!r} is not a Python identifier")
