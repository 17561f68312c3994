"""Every setting of the invoker: the environment is read here, once, and nowhere else.

One exception: `lazy_imports` looks up FUNCTION_LAZY_IMPORTS by itself, since it takes effect before this is imported.

`VARIABLES` is the one table of them; docs/configuration.md is made from it.
"""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

from funcpack_invoker.errors import SettingsError
from funcpack_invoker.handler_name import parse as parse_handler_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Settings(NamedTuple):
    """The settings of one process; times are in seconds, sizes in bytes, 0 is "no limit" where the table says so."""

    host: str | None
    port: int
    handler: str
    workers: int
    threads: int
    concurrency: int
    timeout: float
    max_body: int
    grace_period: float
    shutdown_delay: float
    health_paths: bool
    reply_type: str | None
    reply_source: str
    log_level: str
    log_format: Literal["text", "json"]
    lazy_imports: bool
    access_log: bool

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings; a variable that is empty counts as not set.

        Raises:
            SettingsError: for the first variable with a value that is not accepted.

        """
        values: dict[str, Any] = {variable.field: variable.read(environ) for variable in VARIABLES}
        return cls(**values)


class Form(NamedTuple):
    """What a value may look like: the words for it, and the function that reads it (ValueError: it is not accepted)."""

    accepted: str
    parse: Callable[[str], Any]


class Variable(NamedTuple):
    """One row of the table of settings.

    `default` is the value as one would write it, "" for none; `computed` takes its place where the default depends on
    the surroundings, and `default_text` is then what the documentation says about it.
    """

    name: str
    field: str
    form: Form
    default: str
    meaning: str
    computed: Callable[[Mapping[str, str]], str] | None = None
    default_text: str = ""

    def read(self, environ: Mapping[str, str]) -> Any:
        """Read the value in `environ`, or the default."""
        text = environ.get(self.name, "").strip()
        if not text:
            text = self.computed(environ) if self.computed else self.default
        if not text:
            return None
        try:
            return self.form.parse(text)
        except ValueError:
            raise SettingsError(self.name, text, self.form.accepted) from None


def _whole_number(text: str, *, low: int, high: int | None = None) -> int:
    # int() alone would take "1_0", "+1" and the digits of other scripts as well.
    if not re.fullmatch(r"[0-9]{1,12}", text):
        raise ValueError(text)
    number = int(text)
    if number < low or (high is not None and number > high):
        raise ValueError(text)
    return number


def _seconds(text: str) -> float:
    # As for whole numbers, float() alone would take more: "1_0", "inf", the digits of other scripts.
    if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{0,12})?|\.[0-9]{1,12}", text):
        raise ValueError(text)
    return float(text)


_UNITS = {"": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}


def _size(text: str) -> int:
    match = re.fullmatch(r"([0-9]{1,12})\s*([KMG]iB)?", text, re.IGNORECASE)
    if match is None or int(match[1]) == 0:
        raise ValueError(text)
    return int(match[1]) * _UNITS[(match[2] or "").lower()]


_SWITCH = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}


def _switch(text: str) -> bool:
    try:
        return _SWITCH[text.lower()]
    except KeyError:
        raise ValueError(text) from None


def _one_of(*choices: str) -> Form:
    def parse(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError(text)
        return text.lower()

    return Form(f"one of {', '.join(choices)}", parse)


def _handler(text: str) -> str:
    parse_handler_name(text)
    return text


def _text(text: str) -> str:
    if not text.isprintable():
        raise ValueError(text)
    return text


def _host(text: str) -> str:
    if not re.fullmatch(r"[0-9A-Za-z:.%_-]+", text):
        raise ValueError(text)
    return text


def _default_threads(_environ: Mapping[str, str]) -> str:
    return str(max(16, 4 * allowed_cpus()))


def allowed_cpus(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Return the number of CPUs that this process may use, rounded up and at least 1.

    `os.cpu_count` counts those of the machine: a container limited to half a CPU on a node with 64 would start threads
    for 64. Reads the quota of cgroup v2 (https://docs.kernel.org/admin-guide/cgroup-v2.html, "cpu.max") or v1.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _ratio(*_words(cgroup / "cpu.max"))
    if quota is None:
        quota = _ratio(*_words(cgroup / "cpu" / "cpu.cfs_quota_us"), *_words(cgroup / "cpu" / "cpu.cfs_period_us"))
    return max(1, min(affinity, math.ceil(quota or affinity)))


def _words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return []


def _ratio(quota: str = "max", period: str = "", *_: str) -> float | None:
    """Return the quota divided by the period; None if there is no limit (`max` in v2, -1 in v1)."""
    if quota.isdigit() and period.isdigit() and int(period) > 0:
        return int(quota) / int(period)
    return None


def _default_shutdown_delay(environ: Mapping[str, str]) -> str:
    in_plain_pod = environ.get("KUBERNETES_SERVICE_HOST") and not environ.get("K_SERVICE")
    return "5" if in_plain_pod else "0"


def _default_reply_source(environ: Mapping[str, str]) -> str:
    # Knative names the service; elsewhere the function's own name is the one that is stable.
    return f"urn:funcpack:{environ.get('K_SERVICE') or environ.get('PYTHON_HANDLER') or 'handler.handler'}"


_PORT = Form("a whole number from 1 to 65535", lambda text: _whole_number(text, low=1, high=65535))
_COUNT = Form("a whole number of at least 1", lambda text: _whole_number(text, low=1))
_COUNT_OR_ZERO = Form("a whole number of at least 0", lambda text: _whole_number(text, low=0))
_SECONDS = Form("a number of seconds of at least 0", _seconds)
_SIZE = Form("a number of bytes of at least 1, or one with KiB, MiB or GiB", _size)
_SWITCH_FORM = Form("on or off", _switch)
_HANDLER = Form("module.function or module:function, each part a Python identifier", _handler)
_HOST = Form("an address or a host name, without a port", _host)
_TEXT = Form("text without control characters", _text)

VARIABLES = (
    Variable("PORT", "port", _PORT, "8080", "Port to listen on."),
    Variable("HOST", "host", _HOST, "", "Address to listen on.", default_text="all IPv4 and IPv6 addresses"),
    Variable("PYTHON_HANDLER", "handler", _HANDLER, "handler.handler", "The function: module.function."),
    Variable("WEB_CONCURRENCY", "workers", _COUNT, "1", "Worker processes."),
    Variable(
        "FUNCTION_THREADS",
        "threads",
        _COUNT,
        "",
        "Blocking calls at a time in a worker.",
        computed=_default_threads,
        default_text="max(16, 4 x CPUs the cgroup allows)",
    ),
    Variable(
        "FUNCTION_CONCURRENCY",
        "concurrency",
        _COUNT_OR_ZERO,
        "0",
        "Requests at a time in a worker; above it 503 with Retry-After.",
        default_text="0 (unlimited)",
    ),
    Variable(
        "FUNCTION_TIMEOUT",
        "timeout",
        _SECONDS,
        "0",
        "Seconds for one call of the function, then 504.",
        default_text="0 (none)",
    ),
    Variable(
        "FUNCTION_MAX_BODY",
        "max_body",
        _SIZE,
        "100MiB",
        "Largest request body: bytes, or with KiB, MiB, GiB; above it 413.",
    ),
    Variable(
        "FUNCTION_GRACE_PERIOD", "grace_period", _SECONDS, "30", "Seconds after SIGTERM for calls in flight to end."
    ),
    Variable(
        "FUNCTION_SHUTDOWN_DELAY",
        "shutdown_delay",
        _SECONDS,
        "",
        "Seconds after SIGTERM in which ready is 503 and new connections are still taken.",
        computed=_default_shutdown_delay,
        default_text="5 in a plain Kubernetes pod (KUBERNETES_SERVICE_HOST set, K_SERVICE not), else 0",
    ),
    Variable(
        "FUNCTION_HEALTH_PATHS",
        "health_paths",
        _SWITCH_FORM,
        "on",
        "Answer /health/live and /health/ready; off hands these paths to the function.",
    ),
    Variable(
        "FUNCTION_REPLY_TYPE",
        "reply_type",
        _TEXT,
        "",
        "Type of the reply event where a function returns only data.",
        default_text="the incoming type and .reply",
    ),
    Variable(
        "FUNCTION_REPLY_SOURCE",
        "reply_source",
        _TEXT,
        "",
        "Source of the reply event where a function returns only data.",
        computed=_default_reply_source,
        default_text="urn:funcpack: and the service's name (K_SERVICE), else the handler's",
    ),
    Variable(
        "LOG_LEVEL",
        "log_level",
        _one_of("debug", "info", "warning", "error", "critical"),
        "info",
        "Least level logged.",
    ),
    Variable("LOG_FORMAT", "log_format", _one_of("text", "json"), "text", "Format of the log on standard error."),
    Variable(
        "FUNCTION_LAZY_IMPORTS",
        "lazy_imports",
        _SWITCH_FORM,
        "on",
        "Import parts of libraries only when they are used; off imports every library the ordinary way, for debuggers, "
        "profilers and APM agents.",
    ),
    Variable("FUNCTION_ACCESS_LOG", "access_log", _SWITCH_FORM, "off", "Log a line a request."),
)
