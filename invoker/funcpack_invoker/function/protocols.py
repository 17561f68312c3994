"""The rules by which an application is recognized: the parameters with which WSGI or ASGI call it.

Both protocols pass their arguments by position, but every framework and specification uses the same names. No function
can have them: they are not supported names of a handler's parameters. Like `parameters`, the rules work on plain data,
for the invoker and for the static check. Standard library only.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from funcpack_invoker.function.parameters import Parameter


class Protocol(StrEnum):
    """The protocol of an application."""

    WSGI = "WSGI"
    ASGI = "ASGI"
    ASGI2 = "ASGI 2"

    @property
    def described(self) -> str:
        """The kind of application, with its article."""
        return f"{'a' if self is Protocol.WSGI else 'an'} {self} application"


def protocol_of(parameters: Iterable[Parameter]) -> Protocol | None:
    """Return the protocol of a callable with these parameters; None if it is not an application."""
    required = [item.name.lstrip("_") for item in parameters if not (item.has_default or item.variadic)]
    if required == ["scope", "receive", "send"]:
        return Protocol.ASGI
    if required == ["scope"]:
        return Protocol.ASGI2
    # The first one is `environ` or `env`, and the second one sometimes `start_resp`.
    if len(required) == 2 and required[1].startswith("start_resp"):
        return Protocol.WSGI
    return None
