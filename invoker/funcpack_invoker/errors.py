"""The tree of exceptions, with the text of every error that keeps the invoker from serving a function.

InvokerError
├── SettingsError            a variable has an invalid value: one line, exit code 2
├── ListenError              the port is not available: one line, exit code 1
├── FunctionError            the function cannot be served: title, finding, remedy, traceback; exit code 1
│   └── ModuleMissingError, ImportFailedError, ParameterError, ...
├── RequestError             the request cannot be served: the response has its status and one line of reason
│   └── InvalidEventError    the request is not a valid CloudEvent
├── GobletAttributeError     the function's code uses a decorator that does not exist
├── BodyOnLoopError          the function reads a body on the event loop while it still arrives: 500
├── CallTimeoutError         the call took longer than FUNCTION_TIMEOUT: 504, one line in the log
└── ReplyError               the function returned a value that cannot be sent: 500, one line in the log
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack_invoker.tracebacks import raised

if TYPE_CHECKING:
    from collections.abc import Sequence


_LONGEST_QUOTED = 80
_LONGEST_LINE = 200


def shown(value: object) -> str:
    """Quote an untrusted value in one line of limited length."""
    if not isinstance(value, str):
        text = repr(value)
        return text if len(text) <= _LONGEST_QUOTED else f"{text[:_LONGEST_QUOTED]}..."
    start = value[:_LONGEST_QUOTED]
    if len(repr(start)) > _LONGEST_QUOTED + 2:  # the escape of one character has up to ten
        start = start[: _LONGEST_QUOTED // 10]
    return repr(start) if start == value else f"{start!r}..."


def named(name: str) -> str:
    """Return an untrusted name: quoted unless it is short, and of letters, digits and hyphens."""
    quoted = shown(name)
    is_plain = f"_{name.replace('-', '_')}".isidentifier() and quoted[1:-1] == name
    return name if is_plain and name else quoted


def one_line(text: str) -> str:
    """Return untrusted text as one line of limited length: white space is a blank, other control characters are escaped."""
    line = " ".join(text[: 2 * _LONGEST_LINE].split())
    if not line.isprintable():
        line = "".join(part if part.isprintable() else repr(part)[1:-1] for part in line)
    return line if len(line) <= _LONGEST_LINE and len(text) <= 2 * _LONGEST_LINE else f"{line[: _LONGEST_LINE - 3]}..."


class InvokerError(Exception):
    """The base of all exceptions of the invoker."""


class SettingsError(InvokerError):
    """A variable has an invalid value.

    Attributes:
        variable: the name of the variable.
        found: its value.
        accepted: a description of the valid values.
        reason: why the value is not one of them; "" if the description shows it.

    """

    def __init__(self, variable: str, found: str, accepted: str, reason: str = "") -> None:
        super().__init__(variable, found, accepted, reason)
        self.variable = variable
        self.found = found
        self.accepted = accepted
        self.reason = reason

    def __str__(self) -> str:
        if self.reason:
            return f"{self.variable} is {self.found!r}, but {self.reason}; expected {self.accepted}"
        return f"{self.variable} is {self.found!r}, but it must be {self.accepted}"


class ListenError(InvokerError):
    """The invoker cannot listen.

    Attributes:
        host: the host name or address; None for all addresses.
        port: the port.
        reason: what prevents it.

    """

    def __init__(self, host: str | None, port: int, reason: str) -> None:
        super().__init__(host, port, reason)
        self.host = host
        self.port = port
        self.reason = reason

    def __str__(self) -> str:
        where = f"port {self.port} of {self.host}" if self.host else f"port {self.port}"
        return f"cannot listen on {where}: {self.reason}; set PORT or HOST to change it"


class RequestError(InvokerError):
    """A request cannot be served.

    Attributes:
        status: of the response.
        reason: the body of the response, one line of limited length, although it may quote what the client sent.
        headers: of the response, names in lower case.

    """

    def __init__(self, status: int, reason: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        self.reason = one_line(reason)
        super().__init__(self.reason)
        self.status = status
        self.headers = headers


class LimitError(RequestError):
    """A request exceeds a limit of the server.

    Attributes:
        setting: the variable that sets the limit; empty if it cannot be set.

    """

    def __init__(
        self, status: int, reason: str, setting: str = "", headers: tuple[tuple[bytes, bytes], ...] = ()
    ) -> None:
        super().__init__(status, reason, headers)
        self.setting = setting

    @property
    def log_text(self) -> str:
        """What the log says: the client cannot change the limit, but whoever reads the log can."""
        advice = f"; set {self.setting} to change the limit" if self.setting else ""
        return f"rejected a request with status {self.status}: {self.reason}{advice}"


class InvalidEventError(RequestError):
    """A request is not a valid CloudEvent: the status is 400, or 415 for an event format other than JSON."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(status, reason)


class GobletAttributeError(InvokerError, AttributeError):
    """The code of the function uses an attribute of `Goblet`, which has none.

    Attributes:
        attribute: the name of the attribute.

    """

    def __init__(self, attribute: str) -> None:
        super().__init__(attribute)
        self.attribute = attribute

    def __str__(self) -> str:
        return (
            f"'Goblet' object has no attribute {self.attribute!r}: Funcpack has no decorators. Define a function with the "
            "parameter `request`, for example `def handler(request)`, and set PYTHON_HANDLER to its module and name"
        )


class BodyOnLoopError(InvokerError, RuntimeError):
    """The function reads the body of a request on the event loop, which receives the rest of it."""

    def __str__(self) -> str:
        return (
            "the body of the request is still arriving, and the event loop cannot wait for it. Read the body before the "
            "event loop runs the coroutine, or in the coroutine with `await asyncio.to_thread(request.get_data)`"
        )


class CallTimeoutError(InvokerError):
    """A call of the function, or of the application, took longer than FUNCTION_TIMEOUT, which is `seconds`."""

    def __init__(self, seconds: float, called: str = "function") -> None:
        super().__init__(seconds, called)
        self.seconds = seconds
        self.called = called

    def __str__(self) -> str:
        return f"the {self.called} took longer than {self.seconds:g} s (FUNCTION_TIMEOUT)"


class ReplyError(InvokerError):
    """The function returned a value that cannot be sent; `reason` is one line for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class FunctionError(InvokerError):
    """A function cannot be served.

    `str()` returns the whole text for the user.

    Attributes:
        title: a plain statement of what is wrong.
        found: the finding, with names, files and values.
        advice: the remedy.
        details: a traceback, or "".
        place: the file and the line of the function, or "".

    """

    title = "The function cannot be loaded"
    place = ""

    def __init__(self, found: str, advice: str, details: str = "") -> None:
        super().__init__(found)
        self.found = found
        self.advice = advice
        self.details = details

    def __str__(self) -> str:
        found = f"{self.place}: {self.found}" if self.place else self.found
        parts = [self.title, f"{found}\n{self.advice}", self.details.rstrip()]
        return "\n\n".join(part for part in parts if part)


class ModuleMissingError(FunctionError):
    """There is no module with the handler's name, or no package on the way to it."""

    title = "The handler's module was not found"

    def __init__(self, handler: str, missing: str, source: str, nearest: str | None) -> None:
        super().__init__(
            f"The handler is `{handler}`, but there is no module or package `{missing}` in {source}.",
            f"Did you mean `{nearest}`? Set PYTHON_HANDLER to `{handler.replace(missing, nearest, 1)}`."
            if nearest
            else "Add the module, or set PYTHON_HANDLER to the module and the name of your function, as in `main.hello`.",
        )
        self.missing = missing
        self.nearest = nearest


class ShadowedModuleError(FunctionError):
    """The user's file has the name of a module that was imported before it."""

    title = "The handler's module has the name of another module"

    def __init__(self, module: str, file: str, loaded: str) -> None:
        super().__init__(
            f"The handler's module `{module}` is {file}, but `{module}` is already imported from {loaded}.",
            "Rename your file and change PYTHON_HANDLER to match.",
        )


class ImportFailedError(FunctionError):
    """Importing the user's module raised an exception."""

    title = "The handler's module cannot be imported"

    def __init__(self, module: str, cause: BaseException, details: str) -> None:
        super().__init__(
            f"Importing `{module}` raised {type(cause).__name__}.", "Fix the code that this traceback shows:", details
        )


class DependencyMissingError(FunctionError):
    """The user's module imports a module that is not installed."""

    title = "An imported module was not found"

    def __init__(self, module: str, missing: str, details: str) -> None:
        super().__init__(
            f"`{module}` imports `{missing}`, which is not installed and not in the app directory.",
            _advice_for_sdk(missing) or "Add the package to requirements.txt, or correct the import.",
            details,
        )
        self.missing = missing


# The modules of the CloudEvents SDK that are in only one of its releases. Release 2 has those of release 1 in `v1`.
_SDK_1 = frozenset({"abstract", "conversion", "exceptions", "http", "kafka", "pydantic", "sdk"})
_SDK_2 = frozenset({"core", "v1"})


def _advice_for_sdk(missing: str) -> str:
    package, _, module = missing.partition(".")
    name = module.partition(".")[0]
    if package == "cloudevents" and name in _SDK_1:
        return (
            f"Import `cloudevents.v1.{module}` from release 2 of the CloudEvents SDK, or add `cloudevents<2` to"
            " requirements.txt."
        )
    return "Add `cloudevents>=2` to requirements.txt." if package == "cloudevents" and name in _SDK_2 else ""


class CircularImportError(FunctionError):
    """Two modules of the user import each other."""

    title = "Circular import"

    def __init__(self, module: str, cause: BaseException, details: str) -> None:
        super().__init__(
            f"Importing `{module}` failed because modules import each other: {cause}.",
            "Move the shared code into a third module, or move one of the imports into a function.",
            details,
        )


class AttributeMissingError(FunctionError):
    """The module has no attribute with the handler's name."""

    title = "The handler's function was not found"

    def __init__(self, attribute: str, owner: str, nearest: str | None, available: Sequence[str]) -> None:
        names = ", ".join(f"`{name}`" for name in available)
        super().__init__(
            f"{owner} does not define `{attribute}`. It defines {f'the functions {names}' if names else 'no function'}.",
            f"Did you mean `{nearest}`? Define `{attribute}`, or change PYTHON_HANDLER."
            if nearest
            else f"Define `{attribute}`, or set PYTHON_HANDLER to another function.",
        )
        self.nearest = nearest
        self.available = tuple(available)


class NotCallableError(FunctionError):
    """The handler names a value that cannot be called. `inner` is an attribute of it that is an application, or None."""

    title = "The handler is not a function"

    def __init__(self, handler: str, found_type: str, inner: str | None = None) -> None:
        super().__init__(
            f"The value of `{handler}` has the type `{found_type}`, which is not callable.",
            f"Set PYTHON_HANDLER to its application, `{_attribute_of(handler, inner)}`."
            if inner
            else "Set PYTHON_HANDLER to a function.",
        )


class ClassHandlerError(FunctionError):
    """The handler names a class: calling it would create an object instead of a reply."""

    title = "The handler is a class"

    def __init__(self, handler: str) -> None:
        super().__init__(
            f"`{handler}` is a class, not a function.",
            "Set PYTHON_HANDLER to a function, or to an instance of a class with a `__call__` method.",
        )


class Asgi2Error(FunctionError):
    """The handler is an application of ASGI 2, which is called twice for each request."""

    title = "The application uses ASGI 2"

    def __init__(self, handler: str) -> None:
        super().__init__(
            f"`{handler}` takes only `scope`, as applications did before ASGI 3.",
            "Upgrade the framework, or convert the application with the package asgiref, and set PYTHON_HANDLER to the "
            "result: `app = asgiref.compatibility.guarantee_single_callable(app)`.",
        )


class OwnServerError(FunctionError):
    """The handler is an application of a framework that has its own server."""

    title = "The application requires its own server"

    def __init__(self, handler: str, framework: str) -> None:
        super().__init__(
            f"`{handler}` is an application of {framework}, which supports neither WSGI nor ASGI.",
            f"Run it with the server of {framework} instead, or use a framework that supports WSGI or ASGI, such as Flask, "
            "Django, FastAPI or Starlette.",
        )


class FactoryError(FunctionError):
    """The handler is a function that creates an application."""

    title = "The handler creates an application"

    def __init__(self, handler: str, used: str) -> None:
        super().__init__(
            f"`{handler}` takes nothing from a request and uses `{used}`, the class of an application.",
            f"Set PYTHON_HANDLER to `{_with_colon(handler)}()` to serve the application that it returns.",
        )


class FactoryFailedError(FunctionError):
    """The function that should create the application or function raised an exception."""

    title = "The factory failed"

    def __init__(self, factory: str, cause: BaseException, details: str) -> None:
        super().__init__(
            f"`{factory}()` raised {type(cause).__name__}.", "Fix the code that this traceback shows:", details
        )


def _with_colon(handler: str) -> str:
    """Return a handler name in the form in which it can lead to an attribute of an object."""
    return handler if ":" in handler else ":".join(handler.rsplit(".", 1))


def _attribute_of(handler: str, attribute: str) -> str:
    return f"{_with_colon(handler)}.{attribute}"


class UnboundMethodError(FunctionError):
    """The handler names a method of a class, which needs an object."""

    title = "The handler is a method without an object"

    def __init__(self, handler: str, owner: str, method: str) -> None:
        super().__init__(
            f"`{handler}` is a method of the class `{owner}`, and there is no object to call it on.",
            f"Create an object at the top of the module, as in `service = {owner}()`, and set PYTHON_HANDLER to"
            f" `{handler.partition(':')[0]}:service.{method}`.",
        )


class NoSignatureError(FunctionError):
    """Python does not know the parameters of the callable."""

    title = "Unknown function parameters"

    def __init__(self, handler: str) -> None:
        super().__init__(
            f"Python does not know which parameters `{handler}` takes. It may be a builtin function.",
            "Call it from a function that you define, and set PYTHON_HANDLER to that function.",
        )


class ParameterError(FunctionError):
    """A parameter has neither a supported name nor a default."""

    title = "Unsupported function parameter"

    def __init__(self, handler: str, parameter: str, nearest: str | None, accepted: Sequence[str]) -> None:
        hint = f"Did you mean `{nearest}`? " if nearest else ""
        super().__init__(
            f"The parameter `{parameter}` of `{handler}` has neither a supported name nor a default.",
            f"{hint}Rename it, or give it a default. The supported names are {', '.join(accepted)}.",
        )
        self.parameter = parameter
        self.nearest = nearest


class AnnotationError(FunctionError):
    """An annotation cannot be evaluated, or the fields of an annotated type cannot."""

    title = "Invalid annotation of a parameter"

    def __init__(self, handler: str, cause: BaseException) -> None:
        super().__init__(
            f"An annotation of `{handler}` cannot be evaluated: {type(cause).__name__}: {cause}.",
            "Import or define the name at the top of the module, outside `if TYPE_CHECKING:`.",
        )


class UnsuitableAnnotationError(FunctionError):
    """A parameter gets a value that its annotation does not allow."""

    title = "Unsupported annotation of a parameter"

    def __init__(self, handler: str, parameter: str, annotation: str, accepted: str, place: str = "") -> None:
        super().__init__(
            f"The parameter `{parameter}` of `{handler}` cannot receive a value of the type `{annotation}` ({place})."
            if place
            else f"The parameter `{parameter}` of `{handler}` cannot receive a value of the type `{annotation}`.",
            f"Change the annotation of `{parameter}`, or remove it. Supported annotations: {accepted}.",
        )
        self.parameter = parameter
        self.annotation = annotation


class PatchedThreadsError(FunctionError):
    """The user's module, or its `start`, has replaced Python's threads: the server would wait for its own for ever."""

    title = "Python's threads are replaced"

    def __init__(self, step: str, library: str, call: str, without: str) -> None:
        super().__init__(
            f"{step} has replaced Python's threads with those of {library}, as `{call}` does. "
            "The server cannot run on them.",
            f"Remove the call, or change it to `{without}`. Blocking functions run on threads, so that they need no "
            f"{library}; set FUNCTION_THREADS to run more calls at the same time.",
        )
        self.library = library


class StartFailedError(FunctionError):
    """The module's `start` raised an exception."""

    title = "The start() hook failed"

    def __init__(self, handler: str, cause: BaseException, details: str) -> None:
        super().__init__(
            f"`start` in the module of `{handler}` raised {type(raised(cause)).__name__}.",
            "Fix the code that this traceback shows:",
            details,
        )


class LifespanFailedError(FunctionError):
    """An ASGI application reported that its startup failed."""

    title = "The application failed to start"

    def __init__(self, handler: str, message: str) -> None:
        super().__init__(
            f"`{handler}` reported that its startup failed{'' if message else ', but not why'}.",
            "Fix the cause that it reports:" if message else "Check the code that the framework runs at startup.",
            message,
        )


class EndedWhileStartingError(FunctionError):
    """A worker process ended before it served a request, without an exception."""

    title = "A worker process ended during startup"

    def __init__(self, handler: str) -> None:
        super().__init__(
            f"A worker process ended while it loaded `{handler}`, without a Python exception.",
            "Check for a call of os._exit(), a crash in an extension module, and the container's memory limit.",
        )


class LibraryShadowedError(FunctionError):
    """A file of the user shadows a library that the invoker needs for this function."""

    title = "A file of the app shadows a library"

    def __init__(self, library: str, reason: str) -> None:
        super().__init__(
            f"The function needs {library}, but it cannot be imported: {reason}.",
            "Rename the file in the app that has the name of a library or of a standard library module.",
        )
        self.library = library
