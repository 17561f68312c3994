"""Recognizes ASGI applications, and functions in the form of kn func's own server, which create one.

https://asgi.readthedocs.io/en/latest/specs/main.html, https://github.com/knative/func/tree/main/templates/python
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from funcpack.check.definitions import Function

if TYPE_CHECKING:
    from funcpack.check.definitions import Definitions

_PARAMETERS = ["scope", "receive", "send"]


def is_asgi(function: Function, definitions: Definitions) -> bool:
    """Check whether a function is an ASGI application, or returns an instance of a class of the module that has one."""
    if _names(function) == _PARAMETERS:
        return True
    returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    match returned:
        case [ast.Call(func=ast.Name(id=name))]:
            match definitions.certain.get(name):
                case ast.ClassDef(bases=[], decorator_list=[], body=body):
                    return any(map(_is_asgi_method, body))
    return False


def _is_asgi_method(statement: ast.stmt) -> bool:
    return isinstance(statement, Function) and _names(statement)[1:] == _PARAMETERS


def _names(function: Function) -> list[str]:
    arguments = function.args
    return [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)]
