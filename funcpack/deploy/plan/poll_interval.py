"""The variable FUNCPACK_POLL_INTERVAL."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from funcpack.deployment_errors import PollIntervalError

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE = "FUNCPACK_POLL_INTERVAL"
_DEFAULT = 2.0


def poll_interval(environ: Mapping[str, str]) -> float:
    """Return the seconds between two polls, which are also those before the first retry.

    Raises:
        PollIntervalError: the variable is not a positive number.

    """
    text = environ.get(_VARIABLE)
    if not text:
        return _DEFAULT
    try:
        seconds = float(text)
    except ValueError:
        raise PollIntervalError(_VARIABLE, text) from None
    if not math.isfinite(seconds) or seconds <= 0:
        raise PollIntervalError(_VARIABLE, text)
    return seconds
