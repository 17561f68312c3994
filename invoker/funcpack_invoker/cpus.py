"""How many CPUs this process may use, as the container's cgroup and the scheduler see it."""

from __future__ import annotations

import math
import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def allowed_cpus(cgroup: Path = _CGROUP) -> int:
    """CPUs that may be used, rounded up and at least 1.

    `os.cpu_count` alone counts the machine's: a container limited to half a CPU on a node of 64 would start threads for
    64. Reads the quota of cgroup v2 (https://docs.kernel.org/admin-guide/cgroup-v2.html, "cpu.max") or v1.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota_v2(cgroup) or _quota_v1(cgroup) or affinity
    return max(1, min(affinity, math.ceil(quota)))


def _quota_v2(cgroup: Path) -> float | None:
    return _ratio(*_words(cgroup / "cpu.max"))


def _quota_v1(cgroup: Path) -> float | None:
    return _ratio(*_words(cgroup / "cpu" / "cpu.cfs_quota_us"), *_words(cgroup / "cpu" / "cpu.cfs_period_us"))


def _words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return []


def _ratio(quota: str = "max", period: str = "", *_: str) -> float | None:
    """Quota by period; None where there is no limit (`max` in v2, -1 in v1)."""
    if quota.isdigit() and period.isdigit() and int(period) > 0:
        return int(quota) / int(period)
    return None
