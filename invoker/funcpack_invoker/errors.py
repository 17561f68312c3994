"""The tree of exceptions, and every text of the invoker that a user may read if something is wrong.

InvokerError
├── SettingsError            a variable with an unsupported value: one line, exit code 2
├── ListenError              the port is not available: one line, exit code 1
├── FunctionError            the function cannot be served: title, finding, remedy, traceback; exit code 1
│   └── ModuleMissingError, ImportFailedError, ParameterError, ...
├── RequestError             the request cannot be served: answered with its status and one line of reason
│   └── InvalidEventError    the request is not a valid CloudEvent
└── ReplyError               the function returned a value that cannot be sent: 500, one line in the log
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack_invoker.tracebacks import raised

if TYPE_CHECKING:
    from collections.abc import Sequence


class InvokerError(Exception):
    """The base of all exceptions of the invoker."""


class SettingsError(InvokerError):
    """A variable with a value that is not accepted: `variable`, what was `found` in it, what is `accepted`."""

    def __init__(self, variable: str, found: str, accepted: str) -> None:
        super().__init__(variable, found, accepted)
        self.variable = variable
        self.found = found
        self.accepted = accepted

    def __str__(self) -> str:
        return f"{self.variable} is {self.found!r}, but it must be {self.accepted}"


class ListenError(InvokerError):
    """A port that cannot be listened on: `host` (None: all addresses), `port`, and the `reason`."""

    def __init__(self, host: str | None, port: int, reason: str) -> None:
        super().__init__(host, port, reason)
        self.host = host
        self.port = port
        self.reason = reason

    def __str__(self) -> str:
        where = f"port {self.port} of {self.host}" if self.host else f"port {self.port}"
        return f"cannot listen on {where}: {self.reason}; PORT and HOST say where to listen"


class RequestError(InvokerError):
    """A request that cannot be served: `status` answers it, with `reason`, one line that the client may see."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


# A reason quotes what the client sent.
_LONGEST_REASON = 200


class InvalidEventError(RequestError):
    """A request that is not a valid CloudEvent: answered 400, or 415 for an event format other than JSON."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(status, reason[:_LONGEST_REASON])


class CallTimeoutError(InvokerError):
    """A call that took longer than FUNCTION_TIMEOUT, `seconds`."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        return f"the function took longer than {self.seconds:g} s (FUNCTION_TIMEOUT)"


class ReplyError(InvokerError):
    """A value that the function returned and that cannot be sent; `reason` is one line for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class FunctionError(InvokerError):
    """A function that cannot be served; `str()` of it is the whole text for the user."""

    title = "The function cannot be loaded"

    def __init__(self, found: str, advice: str, details: str = "") -> None:
        super().__init__(found)
        self.found = found
        self.advice = advice
        self.details = details

    def __str__(self) -> str:
        parts = [self.title, f"{self.found}\n{self.advice}", self.details.rstrip()]
        return "\n\n".join(part for part in parts if part)


class ModuleMissingError(FunctionError):
    """The module that the handler names, or a package on the way to it, is not there."""

    title = "The function's module was not found"

    def __init__(self, handler: str, missing: str, source: str, nearest: str | None) -> None:
        super().__init__(
            f"The handler `{handler}` needs the module `{missing}`, but {source} has no such file or package.",
            f"Did you mean `{nearest}`? Set PYTHON_HANDLER to module.function."
            if nearest
            else "Set PYTHON_HANDLER to module.function, or add the file.",
        )
        self.missing = missing
        self.nearest = nearest


class ShadowedModuleError(FunctionError):
    """The user's file has the name of a module that was loaded from somewhere else before."""

    title = "The function's module has the name of another one"

    def __init__(self, module: str, file: str, loaded: str) -> None:
        super().__init__(
            f"`{module}` is {file}, but a module of that name was loaded already: {loaded}.",
            "Rename the file, and PYTHON_HANDLER with it.",
        )


class ImportFailedError(FunctionError):
    """The user's module raised an exception while it was imported."""

    title = "The function's module cannot be imported"

    def __init__(self, module: str, cause: BaseException, details: str) -> None:
        super().__init__(
            f"Importing `{module}` raised {type(cause).__name__}.", "The traceback shows where, in your code.", details
        )


class DependencyMissingError(FunctionError):
    """The user's module imports something that is not installed."""

    title = "The function imports a module that is not there"

    def __init__(self, module: str, missing: str, details: str) -> None:
        super().__init__(
            f"`{module}` imports `{missing}`, which is neither installed nor in the app directory.",
            "Add its package to requirements.txt, or correct the name.",
            details,
        )
        self.missing = missing


class CircularImportError(FunctionError):
    """Two modules of the user import each other."""

    title = "The function's modules import each other"

    def __init__(self, module: str, cause: BaseException, details: str) -> None:
        super().__init__(
            f"Importing `{module}` came back to a module that is still being imported: {cause}.",
            "Move what both need into a third module, or import it inside of a function.",
            details,
        )


class AttributeMissingError(FunctionError):
    """The module is there, but not the function."""

    title = "The function was not found"

    def __init__(self, attribute: str, owner: str, nearest: str | None, available: Sequence[str]) -> None:
        names = ", ".join(f"`{name}`" for name in available) or "none"
        super().__init__(
            f"{owner} has no `{attribute}`; the functions in it: {names}.",
            f"Did you mean `{nearest}`? Set PYTHON_HANDLER to it, or define `{attribute}`."
            if nearest
            else f"Define `{attribute}`, or set PYTHON_HANDLER to another function.",
        )
        self.nearest = nearest
        self.available = tuple(available)


class NotCallableError(FunctionError):
    """What the handler names cannot be called."""

    title = "The handler is not a function"

    def __init__(self, handler: str, found_type: str) -> None:
        super().__init__(
            f"`{handler}` is a value of type `{found_type}`, which cannot be called.",
            "Set PYTHON_HANDLER to a function.",
        )


class ClassHandlerError(FunctionError):
    """The handler names a class: calling it would make an object instead of an answer."""

    title = "The handler is a class"

    def __init__(self, handler: str) -> None:
        super().__init__(
            f"`{handler}` is a class, not a function.",
            "Name a function, or an instance of the class with a `__call__` method.",
        )


class NoSignatureError(FunctionError):
    """The callable does not say what parameters it takes."""

    title = "The function's parameters are unknown"

    def __init__(self, handler: str) -> None:
        super().__init__(
            f"Python cannot tell the parameters of `{handler}` (a builtin, perhaps).",
            "Wrap it in a function of your own.",
        )


class ParameterError(FunctionError):
    """A parameter that nobody can fill."""

    title = "The function has a parameter that cannot be filled"

    def __init__(self, handler: str, parameter: str, nearest: str | None, accepted: Sequence[str]) -> None:
        hint = f" Did you mean `{nearest}`?" if nearest else ""
        super().__init__(
            f"`{handler}` has the parameter `{parameter}`.{hint}",
            f"Accepted names: {', '.join(accepted)}. Rename it, or give it a default.",
        )
        self.parameter = parameter
        self.nearest = nearest


class AnnotationError(FunctionError):
    """An annotation that cannot be evaluated, or a type whose fields are unknown."""

    title = "An annotation of the function cannot be used"

    def __init__(self, handler: str, cause: BaseException) -> None:
        super().__init__(
            f"The annotations of `{handler}` cannot be evaluated: {type(cause).__name__}: {cause}.",
            "Import the name at the top of the module, outside of `if TYPE_CHECKING:`.",
        )


class StartFailedError(FunctionError):
    """The module's `start` raised an exception."""

    title = "The function's start() failed"

    def __init__(self, handler: str, cause: BaseException, details: str) -> None:
        super().__init__(
            f"`start` in the module of `{handler}` raised {type(raised(cause)).__name__}.",
            "The traceback shows where, in your code.",
            details,
        )


class EndedWhileStartingError(FunctionError):
    """A worker process ended before it served anything, without an exception that could be shown."""

    title = "The function ended the process"

    def __init__(self, handler: str) -> None:
        super().__init__(
            f"A worker process ended while it loaded `{handler}`, without a Python exception.",
            "Look for os._exit(), for a crash in an extension module, and at the container's memory limit.",
        )


class LibraryHiddenError(FunctionError):
    """A file of the user hides a library that serving this function needs."""

    title = "A file of the app hides a library"

    def __init__(self, library: str, reason: str) -> None:
        super().__init__(
            f"The function needs {library}, which cannot be imported: {reason}.",
            "Rename your file that has the name of a library or of a standard module.",
        )
        self.library = library
