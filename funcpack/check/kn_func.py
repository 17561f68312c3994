"""Recognizes functions in the form of kn func's own server: they return an object with an ASGI method.

https://github.com/knative/func/tree/main/templates/python
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from funcpack.check.definitions import Function

if TYPE_CHECKING:
    from funcpack.check.definitions import Definitions


def is_of_kn_func(function: Function, definitions: Definitions) -> bool:
    """Check whether a function returns an instance of a class of the module with kn func's method for requests."""
    returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    match returned:
        case [ast.Call(func=ast.Name(id=name))]:
            match definitions.certain.get(name):
                case ast.ClassDef(bases=[], decorator_list=[], body=body):
                    return any(map(_handles_requests, body))
    return False


def _handles_requests(statement: ast.stmt) -> bool:
    if not isinstance(statement, Function) or statement.name != "handle":
        return False
    arguments = statement.args
    return [argument.arg for argument in (*arguments.posonlyargs, *arguments.args)][1:] == ["scope", "receive", "send"]
