"""The name of the function and where it was set. The grammar is the invoker's, so that build and start agree.

Nothing here reads the function itself; see funcpack/check.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from funcpack.errors import HandlerNameError
from funcpack.project import kn_func
from funcpack.project.app_files import is_file, source_roots
from funcpack.project.settings import Setting
from funcpack_invoker.handler_name import FactoryName, InvalidHandlerNameError
from funcpack_invoker.handler_name import parse as parse_handler_name

if TYPE_CHECKING:
    from pathlib import Path

    from funcpack.project.settings import Settings

DEFAULT_HANDLER = "handler.handler"
KN_FUNC_DEFAULT_HANDLER = "func.main"
HANDLER_VARIABLES = ("PYTHON_HANDLER", "BP_FUNCTION")


@dataclass(frozen=True, slots=True)
class Handler:
    """The name of a function or application: import `module`, then follow `attributes`, and with `is_factory`, call it."""

    text: str
    module: str
    attributes: tuple[str, ...]
    origin: str
    is_factory: bool = False

    @classmethod
    def parse(cls, setting: Setting) -> Handler:
        """Parse a handler name.

        Raises:
            HandlerNameError: The name does not have a supported form.

        """
        try:
            name = parse_handler_name(setting.value)
        except InvalidHandlerNameError as exc:
            raise HandlerNameError(setting.value, setting.origin, str(exc)) from exc
        return cls(setting.value, name.module, name.attributes, setting.origin, isinstance(name, FactoryName))


def named_handler(settings: Settings) -> Handler | None:
    """Return the handler that a variable names, or None.

    Raises:
        HandlerNameError: The name does not have a supported form.

    """
    setting = settings.get(*HANDLER_VARIABLES)
    return Handler.parse(setting) if setting else None


def default_handler(app: Path) -> Handler:
    """Return the handler of a project that does not name one: kn func's default if the project has kn func's files."""
    if is_file(kn_func.description(app)) and any(is_file(root / "func.py") for root in source_roots(app)):
        return Handler.parse(Setting(KN_FUNC_DEFAULT_HANDLER, "the default for projects with a func.yaml"))
    return Handler.parse(Setting(DEFAULT_HANDLER, "the default"))
