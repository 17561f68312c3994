"""Imports, when a function is loaded, the libraries that its calls will need: Flask, or the CloudEvents SDK."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from funcpack_invoker.events.event import Event
from funcpack_invoker.function.parameters import Kind, Value
from funcpack_invoker.lazy_imports.libraries import import_library, without
from funcpack_invoker.lazy_imports.packages import is_partial

if TYPE_CHECKING:
    from funcpack_invoker.flask_bridge.context import FlaskContext
    from funcpack_invoker.function.signature import Filling


def prepare_flask(module: str, filling: Filling, directories: list[str]) -> FlaskContext | None:
    """Prepare Flask where the function can tell: in HTTP functions, and wherever it was imported.

    Raises:
        LibraryHiddenError: when a file of the app, in one of `directories`, is in its place.

    """
    needed = filling.kind is Kind.HTTP or filling.takes(Value.REQUEST, Value.HEADERS)
    if not (needed or _is_imported("flask", "Flask")):
        return None
    # Half of a cold start: only where it is needed.
    from funcpack_invoker.flask_bridge.context import FlaskContext  # noqa: PLC0415

    return FlaskContext(module, directories)


def _is_imported(package: str, name: str) -> bool:
    """Tell whether a package that has a name was imported, and no file of the user that is called as it is."""
    module = sys.modules.get(package)
    return module is not None and (is_partial(module) or hasattr(module, name))


def prepare_sdk(filling: Filling, directories: list[str]) -> None:
    """Import the CloudEvents SDK for a function that takes `event`: now, not with the first one.

    Raises:
        LibraryHiddenError: as above.

    """
    if not filling.takes(Value.EVENT):
        return
    from funcpack_invoker.events.sdk import to_sdk  # noqa: PLC0415 - most functions do not need it

    import_library("cloudevents", directories)
    with without(directories):
        to_sdk(Event({"specversion": "1.0", "id": "1", "source": "/", "type": "t"}, None))
