"""The class `Goblet`, for functions whose code names the backend that they are deployed to.

`funcpack deploy` reads the literal in the code, and does not run it:

    from funcpack_invoker.goblet import Goblet

    app = Goblet(backend="cloudrun")


    def handler(request):
        return "Hello"

Anything else that the tool of this name does at run time is a matter of the function's parameters here.
"""

from __future__ import annotations

from typing import NoReturn

from funcpack_invoker.errors import GobletAttributeError


class Goblet:
    """Names the backend of a function. At run time, it does nothing.

    `backend` is `cloudfunction`, `cloudfunctionv2`, `cloudrun`, `kubernetes` or `knative`; the option `--backend` counts before
    it, and `backend` in the configuration after it. All other arguments are accepted, and have no effect: their places are the
    options of `funcpack deploy` and the configuration.
    """

    def __init__(
        self, function_name: str = "goblet", backend: str = "cloudfunction", *arguments: object, **options: object
    ) -> None:
        pass

    def __getattr__(self, name: str) -> NoReturn:
        """Reject decorators, such as `http` and `route`.

        Raises:
            GobletAttributeError: always; an AttributeError.

        """
        raise GobletAttributeError(name)
