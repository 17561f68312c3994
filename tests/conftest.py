"""What all tests share."""

from __future__ import annotations

import signal
from contextlib import suppress

# A shell starts programs in the background with SIGINT ignored. The processes of the tests would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Some tests run in environments that do not have it.
with suppress(ModuleNotFoundError):
    import hypothesis

    # How long it takes to make an example says something about the machine.
    hypothesis.settings.register_profile(
        "tests", suppress_health_check=[hypothesis.HealthCheck.too_slow], deadline=None
    )
    hypothesis.settings.load_profile("tests")
