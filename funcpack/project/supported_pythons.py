"""The Python versions that functions run on.

This list decides which wheels travel with the buildpack. The classifiers of both distributions and `bin/python` repeat it,
and a test compares them.
"""

SUPPORTED = ((3, 11), (3, 12), (3, 13), (3, 14))

# The version for projects that do not request one, if the run image has no Python.
DEFAULT = (3, 13)
