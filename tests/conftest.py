"""What all tests share."""

from __future__ import annotations

from contextlib import suppress

# Some tests run in environments that do not have it.
with suppress(ModuleNotFoundError):
    import hypothesis

    # How long it takes to make an example says something about the machine.
    hypothesis.settings.register_profile(
        "tests", suppress_health_check=[hypothesis.HealthCheck.too_slow], deadline=None
    )
    hypothesis.settings.load_profile("tests")
