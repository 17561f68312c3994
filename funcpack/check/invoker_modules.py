"""The top-level modules of the invoker and of its locked dependencies, which share `sys.path` with the function's modules.

The list follows invoker/requirements.txt; a test compares it with the wheels. It is a constant, because reading the wheels or
the metadata of installed packages would take longer than the rest of a check.
"""

INVOKER_MODULES = frozenset(
    {
        "blinker",
        "click",
        "cloudevents",
        "dateutil",
        "deprecation",
        "flask",
        "funcpack_invoker",
        "gunicorn",
        "httptools",
        "itsdangerous",
        "jinja2",
        "markupsafe",
        "packaging",
        "werkzeug",
    }
)
