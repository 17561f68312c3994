"""The Python versions that functions run on.

The buildpack contains the invoker's wheels for these versions. pyproject.toml, `bin/python` and the base images repeat them,
and tests compare all of these with this list.
"""

SUPPORTED = ((3, 11), (3, 12), (3, 13), (3, 14))

# The version for projects that do not request one, if the run image has no Python.
DEFAULT = (3, 13)
