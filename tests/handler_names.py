"""Handler names with one verdict: the build and the start are both tested with these."""

VALID = {
    "handler.handler": ("handler", ("handler",)),
    "main:app": ("main", ("app",)),
    "package.module.function": ("package.module", ("function",)),
    "package.module:object.method": ("package.module", ("object", "method")),
    "package.module:function": ("package.module", ("function",)),
    "_private._f": ("_private", ("_f",)),
    "größe.zähle": ("größe", ("zähle",)),
    "match.case": ("match", ("case",)),
}

FACTORIES = {
    "main:create_app()": ("main", ("create_app",)),
    "package.module:object.method()": ("package.module", ("object", "method")),
}

# Each with a part of the reason.
INVALID = {
    "handler": "it does not name a function",
    "": "it does not name a function",
    "my-module.handler": "'my-module' is not a Python identifier",
    "1mod.handler": "'1mod' is not a Python identifier",
    "class.handler": "'class' is a Python keyword",
    "handler.lambda": "'lambda' is a Python keyword",
    "handler.": "empty",
    ".handler": "empty",
    "package..module.f": "empty",
    ":handler": "empty",
    "handler:": "empty",
    "a:b:c": "'b:c' is not a Python identifier",
    "handler.handler()": "a factory is named with a colon, as in 'handler:handler()'",
    "a.b.create()": "a factory is named with a colon, as in 'a.b:create()'",
    "create()": "it does not name a function",
    "main:create_app('dev')": "is not a Python identifier",
    "main:create_app()()": "is not a Python identifier",
    "main:create().app": "is not a Python identifier",
    "main:()": "empty",
    "src/handler.handler": "'src/handler' is not a Python identifier",
    "handler .handler": "'handler ' is not a Python identifier",
    "handler.py:handler.": "empty",
}
