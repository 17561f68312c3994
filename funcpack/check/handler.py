"""The static check: finds the function and its parameters in the source, without running it.

It rejects only functions that are certain to fail. Everything that the source does not show is left to the invoker.
"""

from __future__ import annotations

import ast
import builtins
import sys
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from funcpack.check import installed
from funcpack.check.definitions import Definitions, Function, Import, Value
from funcpack.check.imported_modules import check_imported_modules
from funcpack.check.kn_func import is_of_kn_func
from funcpack.check.modules import Modules, OpaqueModuleError
from funcpack.check.relative_imports import check_relative_imports
from funcpack.check.source import is_certain, parse_source
from funcpack.errors import (
    Asgi2Error,
    KnFuncFunctionError,
    MissingFunctionError,
    MissingModuleError,
    NotAFunctionError,
    SourceError,
    TakenNameError,
    UnsupportedAnnotationError,
    UnsupportedParameterError,
)
from funcpack.project.app_files import exists, read_bytes, source_roots
from funcpack_invoker.function.parameters import (
    Kind,
    Parameter,
    Signature,
    UnknownParameterError,
    UnsuitableAnnotationError,
    bind,
)
from funcpack_invoker.function.protocols import Protocol, protocol_of
from funcpack_invoker.standard_library import is_library_first

if TYPE_CHECKING:
    from collections.abc import Container, Sequence
    from pathlib import Path

    from funcpack.check.modules import FoundModule
    from funcpack.project.dependency_files import Dependencies
    from funcpack.project.handler_name import Handler

_LITERALS = {
    ast.JoinedStr: "str",
    ast.List: "list",
    ast.Tuple: "tuple",
    ast.Dict: "dict",
    ast.Set: "set",
    ast.ListComp: "list",
    ast.DictComp: "dict",
    ast.SetComp: "set",
    ast.GeneratorExp: "generator",
}


@dataclass(frozen=True, slots=True)
class Shadowing:
    """The names of the app's modules that other modules have, too.

    For `hidden`, the function gets the module of the standard library. For `standard_library` and `invoker`, it gets the
    app's module instead of the standard library's or of a library of the invoker.
    """

    hidden: tuple[str, ...] = ()
    standard_library: tuple[str, ...] = ()
    invoker: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckedFunction:
    """The handler as its source shows it.

    `file` is relative to the app directory, and None for a module that cannot be checked, for the reason `unchecked`. `line`
    and `signature` are None if the source does not show them. `shadowing` are modules of the app that are named like others.
    `protocol` is that of an application. `call` is what creates the handler, a function or an application, if it is the result
    of a call.
    """

    file: Path | None
    line: int | None
    signature: Signature | None
    shadowing: Shadowing = field(default_factory=Shadowing)
    unchecked: str = ""
    protocol: Protocol | None = None
    call: str = ""

    @property
    def takes_events(self) -> bool:
        """Whether the source shows that the function takes only CloudEvents."""
        return self.signature is not None and self.signature.kind is Kind.CLOUDEVENT

    @property
    def is_in_package(self) -> bool:
        """Whether the module is not in the app, so that it must be in an installed package."""
        return self.unchecked == installed.NOT_IN_APP


def check_handler(
    handler: Handler,
    app: Path,
    target: tuple[int, ...],
    reserved: Container[str],
    dependencies: Dependencies | None = None,
) -> CheckedFunction:
    """Find the handler's function in the source of the app directory, and check its parameters.

    `target` is the Python version of the image. `reserved` are the names of the invoker's modules. `dependencies` may contain
    the function if the app does not.

    Raises:
        TakenNameError, MissingModuleError: The module does not exist, or another module would be imported instead.
        SourceError, UnreadableFileError: The source is not valid or not readable.
        RelativeImportError: An import leaves the top-level package.
        MissingFunctionError, NotAFunctionError, KnFuncFunctionError: The function does not exist, or cannot be called.
        UnsupportedParameterError, UnsupportedAnnotationError: A parameter cannot get a value.
        Asgi2Error: It is an application of ASGI 2.

    """
    _check_name(handler, app, reserved)
    modules = Modules(app, source_roots(app))
    shadowing = _shadowing(modules.names(), reserved)
    try:
        modules = _with_package(handler, app, modules, dependencies)
        checked = _check_source(handler, app, target, modules)
        check_imported_modules(handler.module, app, target, modules, reserved)
        return replace(checked, shadowing=shadowing)
    except _NotInAppError:
        return CheckedFunction(None, None, None, shadowing, installed.NOT_IN_APP)
    except OpaqueModuleError:
        return CheckedFunction(None, None, None, shadowing, "its module has no source")
    except SourceError as exc:
        if is_certain(exc, target):
            raise
        place = f"{exc.file}, line {exc.line}" if exc.line else exc.file
        versions = f"Python {exc.python}, which checks it, and the image has Python {'.'.join(map(str, target))}"
        return CheckedFunction(None, None, None, shadowing, f"{place} is not valid in {versions}")


def _check_name(handler: Handler, app: Path, reserved: Container[str]) -> None:
    top = handler.module.partition(".")[0]
    is_standard = top in sys.stdlib_module_names or top == "__main__"
    if is_standard or top in reserved:
        owner = "Python's standard library" if is_standard else "the invoker or one of its dependencies"
        paths = [root / name for root in source_roots(app) for name in (f"{top}.py", top)]
        path = next((str(path.relative_to(app)) for path in paths if exists(path)), None)
        raise TakenNameError(handler.text, handler.origin, top, owner, path)


def _shadowing(names: Sequence[str], reserved: Container[str]) -> Shadowing:
    standard = [name for name in names if name in sys.stdlib_module_names]
    return Shadowing(
        hidden=tuple(name for name in standard if is_library_first(name)),
        standard_library=tuple(name for name in standard if not is_library_first(name)),
        invoker=tuple(name for name in names if name in reserved),
    )


class _NotInAppError(Exception):
    """The handler's module is not in the app, but may be in an installed package."""


def _with_package(handler: Handler, app: Path, modules: Modules, dependencies: Dependencies | None) -> Modules:
    """Return the modules with those of the package that contains the handler, if the app does not contain it.

    Raises:
        _NotInAppError: The handler's module may be in an installed package, whose source is not known.

    """
    if modules.find(handler.module):
        return modules
    root = installed.source_root(handler.module, app, dependencies)
    if root:
        return Modules(app, (*source_roots(app), root))
    is_in_app = handler.module.partition(".")[0] in modules.names()
    if not is_in_app and installed.may_be_installed(handler.module, dependencies, modules.names()):
        raise _NotInAppError
    return modules


def _check_source(handler: Handler, app: Path, target: tuple[int, ...], modules: Modules) -> CheckedFunction:
    found = modules.find(handler.module)
    if found is None:
        names = modules.names_around(handler.module)
        method_name = _method_name(handler, app, target, modules)
        raise MissingModuleError(handler.text, handler.origin, handler.module, names, method_name)
    for name, file in found.parents:
        check_relative_imports(parse_source(file, app, target), name, file.relative_to(app))
    return _Checker(handler, app, target, modules).check_attribute(found, handler.attributes[0])


def _method_name(handler: Handler, app: Path, target: tuple[int, ...], modules: Modules) -> str | None:
    """Return the name of a method in its correct form if the user wrote an object's name where a module's name belongs."""
    module, _, attribute = handler.module.rpartition(".")
    found = modules.find(module) if module else None
    if found and attribute in Definitions.of(parse_source(found.file, app, target)).names:
        return f"{module}:{attribute}.{'.'.join(handler.attributes)}"
    return None


class _Checker:
    """Follows one name through the modules of an app."""

    def __init__(self, handler: Handler, app: Path, target: tuple[int, ...], modules: Modules) -> None:
        self._handler = handler
        self._app = app
        self._target = target
        self._modules = modules
        self._seen: set[tuple[str, str]] = set()
        self._parsed: dict[Path, Definitions] = {}

    def check_attribute(self, found: FoundModule, attribute: str) -> CheckedFunction:
        module, file = found.module, found.file
        definitions = self._definitions(found)
        shown = file.relative_to(self._app)
        if attribute not in definitions.names and not definitions.is_dynamic:
            raise MissingFunctionError(
                self._handler.text,
                self._handler.origin,
                str(shown),
                attribute,
                sorted(definitions.names),
                definitions.functions(),
                self._is_module(f"{module}.{attribute}"),
            )
        if len(self._handler.attributes) > 1:
            return CheckedFunction(shown, None, None)
        return self._follow(module, file, attribute, definitions)

    def _follow(self, module: str, file: Path, attribute: str, definitions: Definitions) -> CheckedFunction:
        while True:
            value = definitions.certain.get(attribute)
            shown = file.relative_to(self._app)
            match value:
                case Import():
                    found = self._imported(module, file, value)
                    if found is None:
                        return CheckedFunction(shown, None, None)
                    module, file, attribute, definitions = (
                        found.module,
                        found.file,
                        value.name,
                        self._definitions(found),
                    )
                case ast.Name(id=other) if other in definitions.certain and self._is_new(module, other):
                    attribute = other
                case _:
                    return self._judge(shown, attribute, value, definitions)

    def _imported(self, module: str, file: Path, value: Import) -> FoundModule | None:
        """Return the module of an import; None if that is not a module of the app, or if the value is not certain."""
        target = self._modules.absolute(value, module, is_package=file.name == "__init__.py")
        if not value.name or not self._is_new(target, value.name):
            return None
        try:
            found = self._modules.find(target)
        except OpaqueModuleError:
            return None
        return found if found and value.name in self._definitions(found).certain else None

    def _definitions(self, module: FoundModule) -> Definitions:
        """Return the definitions of a module, which Python imports to get the handler."""
        if module.file not in self._parsed:
            tree = parse_source(module.file, self._app, self._target)
            check_relative_imports(tree, module.module, module.file.relative_to(self._app))
            self._parsed[module.file] = Definitions.of(tree)
        return self._parsed[module.file]

    def _is_module(self, name: str) -> bool:
        try:
            return self._modules.find(name) is not None
        except OpaqueModuleError:
            return True

    def _is_new(self, module: str, attribute: str) -> bool:
        is_new = (module, attribute) not in self._seen
        self._seen.add((module, attribute))
        return is_new

    def _judge(self, file: Path, attribute: str, value: Value | None, definitions: Definitions) -> CheckedFunction:
        line = getattr(value, "lineno", None)
        match value:
            case ast.FunctionDef(decorator_list=[]) | ast.AsyncFunctionDef(decorator_list=[]) if is_of_kn_func(
                value, definitions
            ):
                raise KnFuncFunctionError(self._handler.text, self._handler.origin, str(file), value.lineno, attribute)
            case ast.Constant(value=constant):
                raise self._not_a_function(file, value.lineno, attribute, _kind(constant))
            case ast.expr() if type(value) in _LITERALS:
                raise self._not_a_function(file, value.lineno, attribute, f"a value of type '{_LITERALS[type(value)]}'")
            case _ if self._handler.is_factory:
                return CheckedFunction(file, line, None, call=attribute)
            case ast.FunctionDef(decorator_list=[]) | ast.AsyncFunctionDef(decorator_list=[]) | ast.Lambda():
                return self._judge_function(file, attribute, value, definitions)
            # A metaclass or a decorator may replace the class with anything.
            case ast.ClassDef(decorator_list=[], keywords=[]):
                return self._judge_class(file, attribute, value)
            case ast.Call(func=function):
                return CheckedFunction(file, line, None, call=_source_of(function))
            case _:
                return CheckedFunction(file, line, None)

    def _not_a_function(self, file: Path, line: int, name: str, kind: str) -> NotAFunctionError:
        return NotAFunctionError(self._handler.text, self._handler.origin, str(file), line, name, kind)

    def _judge_function(
        self, file: Path, attribute: str, function: Function | ast.Lambda, definitions: Definitions
    ) -> CheckedFunction:
        """Return the value of each parameter, unless an annotation leaves them open, or the protocol of an application."""
        annotations = _Annotations(definitions, self._modules)
        parameters = _parameters(function.args, annotations)
        protocol = protocol_of(_without_annotations(function.args))
        try:
            signature = bind(parameters)
        except UnknownParameterError as exc:
            if protocol is None:
                column = self._column(file, function, exc.name)
                raise UnsupportedParameterError(str(file), function.lineno, exc.name, exc.nearest, column) from exc
            self._refuse_asgi2(file, function.lineno, attribute, protocol)
            return CheckedFunction(file, function.lineno, None, protocol=protocol)
        except UnsuitableAnnotationError as exc:
            column = self._column(file, function, exc.name)
            raise UnsupportedAnnotationError(
                str(file), function.lineno, exc.name, exc.annotation, exc.accepted, column
            ) from exc
        if annotations.are_open:
            # The annotation of a single parameter may be that of a request.
            known = None if protocol is Protocol.ASGI2 else protocol
            return CheckedFunction(file, function.lineno, None, protocol=known)
        return CheckedFunction(file, function.lineno, signature)

    def _column(self, file: Path, function: Function | ast.Lambda, name: str) -> int | None:
        """Return the column of a parameter if it is on the first line of the function. The parser counts bytes, from 0."""
        found = (argument for argument, _ in _arguments(function.args) if argument.arg == name)
        offsets = [argument.col_offset for argument in found if argument.lineno == function.lineno]
        lines = read_bytes(self._app / file, self._app).splitlines()
        return len(lines[function.lineno - 1][: offsets[0]].decode(errors="replace")) + 1 if offsets else None

    def _judge_class(self, file: Path, attribute: str, found: ast.ClassDef) -> CheckedFunction:
        """Return the protocol of a class that is an application itself (PEP 3333)."""
        methods = {node.name: node for node in found.body if isinstance(node, Function)}
        protocol = None
        if "__init__" in methods:
            protocol = protocol_of(_without_annotations(methods["__init__"].args)[1:])
        if protocol is None or methods.keys().isdisjoint({"__iter__", "__await__", "__call__"}):
            raise self._not_a_function(file, found.lineno, attribute, "a class")
        self._refuse_asgi2(file, found.lineno, attribute, protocol)
        return CheckedFunction(file, found.lineno, None, protocol=protocol)

    def _refuse_asgi2(self, file: Path, line: int, attribute: str, protocol: Protocol) -> None:
        if protocol is Protocol.ASGI2:
            raise Asgi2Error(str(file), line, attribute)


class _Annotations:
    """Resolves annotations to full names of classes; `are_open` is true if one of them cannot be resolved."""

    def __init__(self, definitions: Definitions, modules: Modules) -> None:
        self._definitions = definitions
        self._modules = modules
        self.are_open = False

    def resolve(self, annotation: ast.expr | None) -> str | None:
        """Return the full name of the class, "" for a class without a meaning here, or None if the source does not show it."""
        try:
            return self._resolve(annotation)
        except RecursionError:
            return None

    def _resolve(self, annotation: ast.expr | None) -> str | None:
        match annotation:
            case ast.Constant(value=str(text)):
                return self._resolve_text(text)
            case ast.Name(id=name):
                return self._resolve_name(name)
            case ast.Attribute(value=parent, attr=name):
                resolved = self._resolve(parent)
                return f"{resolved}.{name}" if resolved else resolved
            case None | ast.Constant():
                return ""
            case ast.Subscript(value=generic):
                # `dict[str, Any]` is a dict; `Optional[Request]` can be anything.
                resolved = self._resolve(generic)
                return resolved if resolved and resolved.startswith(("builtins.", "collections.abc.")) else None
        return None

    def _resolve_text(self, text: str) -> str | None:
        try:
            return self._resolve(ast.parse(text.strip(), mode="eval").body)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return None

    def _resolve_name(self, name: str) -> str | None:
        match self._definitions.certain.get(name):
            case Import(module=module, name=imported, level=0):
                return self._known(f"{module}.{imported}" if imported else module)
            case ast.ClassDef(bases=[], keywords=[], decorator_list=[]):
                return ""
            case None if name not in self._definitions.names and hasattr(builtins, name):
                return f"builtins.{name}"
            case _:
                return None

    def _known(self, name: str) -> str | None:
        """Return the name if it is certainly the class's own name; other libraries may re-export the classes of Flask or the SDK."""
        top = name.partition(".")[0]
        is_of_app = top in self._modules.names()
        if not is_of_app and (top in {"flask", "werkzeug", "cloudevents"} or top in sys.stdlib_module_names):
            return name
        return None


def _parameters(arguments: ast.arguments, annotations: _Annotations) -> list[Parameter]:
    parameters = [_parameter(argument, annotations, has_default) for argument, has_default in _arguments(arguments)]
    variadic = [argument for argument in (arguments.vararg, arguments.kwarg) if argument]
    return [*parameters, *(Parameter(argument.arg, variadic=True) for argument in variadic)]


def _without_annotations(arguments: ast.arguments) -> list[Parameter]:
    return [Parameter(argument.arg, has_default=has_default) for argument, has_default in _arguments(arguments)]


def _arguments(arguments: ast.arguments) -> list[tuple[ast.arg, bool]]:
    """Return the arguments except for variadic ones, and whether each has a default."""
    positional = [*arguments.posonlyargs, *arguments.args]
    required = len(positional) - len(arguments.defaults)
    return [
        *((argument, index >= required) for index, argument in enumerate(positional)),
        *(
            (argument, default is not None)
            for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        ),
    ]


def _parameter(argument: ast.arg, annotations: _Annotations, has_default: bool) -> Parameter:
    resolved = annotations.resolve(argument.annotation)
    parameter = Parameter(argument.arg, resolved or "", has_default)
    if resolved is not None or _has_value(parameter):
        return parameter
    annotations.are_open = True
    return Parameter(argument.arg, has_default=True)


def _has_value(parameter: Parameter) -> bool:
    return bool(bind([Parameter(parameter.name, has_default=True)]).values)


def _source_of(expression: ast.expr) -> str:
    try:
        return ast.unparse(expression)
    except RecursionError:
        return "a function"


def _kind(constant: object) -> str:
    return "None" if constant is None else f"a value of type '{type(constant).__name__}'"
