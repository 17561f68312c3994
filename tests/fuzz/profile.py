"""How long the fuzz targets run: a fixed number of examples, the same in every run, or at random for FUZZ_MINUTES in all.

A random run keeps the examples that failed in `.hypothesis`, and begins the next one with them.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

MINUTES = float(os.environ.get("FUZZ_MINUTES") or 0)

_ANY_TIME = settings(
    deadline=None,  # conftest.py has one for each example
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    print_blob=False,
)


def examples(count: int) -> settings:
    """Return the settings of a target that runs so many examples, or as many in each round of a random run."""
    if MINUTES:
        return settings(_ANY_TIME, max_examples=max(count, 500), derandomize=False)
    return settings(_ANY_TIME, max_examples=count, derandomize=True, database=None)
