"""The Python versions that functions run on.

The buildpack contains the invoker's wheels for these versions. pyproject.toml, `bin/python`, docs/buildpack.md and
tests/integration/test_releases.py repeat them, and tests compare all of these with this list.
"""

SUPPORTED = ((3, 11), (3, 12), (3, 13), (3, 14), (3, 15))

# The versions whose free-threaded build (`3.14t`) is supported, too. For 3.13 the invoker's parser has no wheel.
FREE_THREADED = ((3, 14), (3, 15))

# The version for projects that do not request one, if the run image has no Python.
DEFAULT = (3, 13)
