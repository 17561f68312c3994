"""The settings of the invoker, read from environment variables: once, and only here.

One exception: `lazy_imports` reads FUNCTION_LAZY_IMPORTS itself, because it takes effect before this module is imported.

`VARIABLES` lists all of them; `tools/configuration_page.py` generates the table in docs/configuration.md from it.
"""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, Self

from funcpack_invoker.errors import SettingsError
from funcpack_invoker.handler_name import parse as parse_handler_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Settings(NamedTuple):
    """The settings of one process: times in seconds, sizes in bytes, 0 for no limit if the table says so."""

    host: str | None
    port: int
    handler: str
    workers: int
    threads: int
    concurrency: int
    timeout: float
    max_body: int
    max_header: int
    max_header_field: int
    grace_period: float
    shutdown_delay: float
    listen_early: bool
    health_paths: bool
    reply_type: str | None
    reply_source: str
    log_level: str
    log_format: Literal["text", "json"]
    lazy_imports: bool
    access_log: bool
    trusted_proxies: tuple[str, ...]
    google_cloud_project: str | None

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings; an empty variable counts as not set.

        Raises:
            SettingsError: for the first variable with an invalid value.

        """
        values = {variable.field: variable.read(environ) for variable in VARIABLES}
        return cls._make(values[field] for field in cls._fields)


class Form(NamedTuple):
    """The syntax of a value.

    Attributes:
        accepted: a description, which completes the sentence "it must be ...".
        parse: returns the value of a text; raises ValueError if it is not valid, with the reason if `accepted` does not
            show it.

    """

    accepted: str
    parse: Callable[[str], object]


class Variable(NamedTuple):
    """One row of the table of settings.

    Attributes:
        name: of the environment variable.
        field: of `Settings`.
        form: the syntax of the value.
        default: the default as text; "" for none.
        meaning: the description in the documentation.
        computed: returns the default as text, if it depends on the environment.
        default_text: the description of the default in the documentation, if it is not `default`.
        alias: another variable, which is read if this one is not set.

    """

    name: str
    field: str
    form: Form
    default: str
    meaning: str
    computed: Callable[[Mapping[str, str]], str] | None = None
    default_text: str = ""
    alias: str = ""

    def read(self, environ: Mapping[str, str]) -> object:
        """Return the value in `environ`, or the default.

        Raises:
            SettingsError: if the value is not valid.

        """
        name = self.name
        text = environ.get(name, "").strip()
        if not text and self.alias:
            name = self.alias
            text = environ.get(name, "").strip()
        if not text:
            text = self.computed(environ) if self.computed else self.default
        if not text:
            return None
        try:
            return self.form.parse(text)
        except ValueError as error:
            raise SettingsError(name, text, self.form.accepted, str(error)) from None


def _whole_number(text: str, *, low: int, high: int | None = None) -> int:
    # int() also accepts "1_0", "+1" and the digits of other scripts.
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise ValueError
    number = int(text)
    if number < low or (high is not None and number > high):
        raise ValueError
    return number


# A year: with any number, the time at which a call times out could be one that `datetime` does not have.
_MOST_SECONDS = 365 * 24 * 3600


def _seconds(text: str) -> float:
    # float() also accepts "1_0", "inf" and the digits of other scripts.
    if not re.fullmatch(r"[0-9]{1,12}(\.[0-9]{0,12})?|\.[0-9]{1,12}", text) or float(text) > _MOST_SECONDS:
        raise ValueError
    return float(text)


_UNITS = {"": 1, "kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30}


def _size(text: str) -> int:
    match = re.fullmatch(r"([0-9]{1,18})\s*([KMG]iB)?", text, re.IGNORECASE)
    if match is None or int(match[1]) == 0:
        raise ValueError
    return int(match[1]) * _UNITS[(match[2] or "").lower()]


_SWITCH = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}


def _switch(text: str) -> bool:
    try:
        return _SWITCH[text.lower()]
    except KeyError:
        raise ValueError from None


def _one_of(*choices: str) -> Form:
    def parse(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError
        return text.lower()

    return Form(f"one of {', '.join(choices)}", parse)


def _handler(text: str) -> str:
    parse_handler_name(text)
    return text


def _text(text: str) -> str:
    if not text.isprintable():
        raise ValueError
    return text


def _host(text: str) -> str:
    if not re.fullmatch(r"[0-9A-Za-z:.%_-]+", text):
        raise ValueError
    return text


def _proxies(text: str) -> tuple[str, ...]:
    from ipaddress import ip_address, ip_network  # noqa: PLC0415 - gunicorn imports it, but a check does not

    def parse(entry: str) -> str:
        if entry == "*":
            return entry
        # In the form in which sockets report addresses.
        return str(ip_network(entry) if "/" in entry else ip_address(entry))

    return tuple(parse(entry.strip()) for entry in text.split(","))


def _default_threads(_environ: Mapping[str, str]) -> str:
    return str(max(100, 4 * allowed_cpus()))


def allowed_cpus(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Return the number of CPUs that this process may use, rounded up and at least 1.

    `os.cpu_count` returns the CPUs of the machine: a container with half a CPU on a node with 64 would start threads for
    64. Reads the quota of cgroup v2 (https://docs.kernel.org/admin-guide/cgroup-v2.html, "cpu.max") or v1.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _ratio(*_words(cgroup / "cpu.max"))
    if quota is None:
        quota = _ratio(*_words(cgroup / "cpu" / "cpu.cfs_quota_us"), *_words(cgroup / "cpu" / "cpu.cfs_period_us"))
    return max(1, min(affinity, math.ceil(quota or affinity)))


def allowed_memory(cgroup: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Return the bytes of memory that the cgroup allows, of cgroup v2 ("memory.max") or v1; None if there is no limit."""
    for file in (cgroup / "memory.max", cgroup / "memory" / "memory.limit_in_bytes"):
        words = _words(file)
        if words and words[0].isdigit() and int(words[0]) < _NO_MEMORY_LIMIT:
            return int(words[0])
    return None


# cgroup v1 reports the largest number of pages if there is no limit.
_NO_MEMORY_LIMIT = 1 << 62

# A body takes up to 56 times its size once it is parsed (http/admission.py), and half of the memory is for parsed bodies.
_MEMORY_FOR_A_BYTE = 100
_LARGEST_DEFAULT = 100 << 20


def max_body_within(memory: int | None) -> str:
    """Return the default of FUNCTION_MAX_BODY for a worker with so many bytes of memory (None: without a limit)."""
    most = _LARGEST_DEFAULT if memory is None else min(memory // _MEMORY_FOR_A_BYTE, _LARGEST_DEFAULT)
    return f"{most >> 20}MiB" if most >> 20 else f"{max(most >> 10, 1)}KiB"


def _default_max_body(environ: Mapping[str, str]) -> str:
    memory = allowed_memory()
    workers = _whole_number(environ.get("WEB_CONCURRENCY", "").strip() or "1", low=1)
    return max_body_within(memory and memory // workers)


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


def _is_in_plain_pod(environ: Mapping[str, str]) -> bool:
    return bool(environ.get("KUBERNETES_SERVICE_HOST")) and not environ.get("K_SERVICE")


def _default_shutdown_delay(environ: Mapping[str, str]) -> str:
    return "5" if _is_in_plain_pod(environ) else "0"


def _default_early_listening(environ: Mapping[str, str]) -> str:
    # Without a probe, Kubernetes sends requests as soon as the container runs. Knative and most others probe the port.
    return "on" if _is_in_plain_pod(environ) else "off"


def _default_reply_source(environ: Mapping[str, str]) -> str:
    # Knative sets the name of the service. Elsewhere the handler is the only stable name.
    return f"urn:funcpack:{environ.get('K_SERVICE') or environ.get('PYTHON_HANDLER') or 'handler.handler'}"


_PORT = Form("a whole number from 1 to 65535", lambda text: _whole_number(text, low=1, high=65535))
_COUNT = Form("a whole number, at least 1", lambda text: _whole_number(text, low=1))
_COUNT_OR_ZERO = Form("a whole number, at least 0", lambda text: _whole_number(text, low=0))
_SECONDS = Form(f"a number of seconds from 0 to {_MOST_SECONDS} (a year)", _seconds)
_SIZE = Form("a size of at least 1 byte, such as 1048576, 512KiB, 10MiB or 1GiB", _size)
_SWITCH_FORM = Form("on or off", _switch)
_HANDLER = Form(
    "module.function, module:function or module:factory(), where each part is a Python identifier", _handler
)
_HOST = Form("an IP address or a host name, without a port", _host)
_PROXIES = Form("addresses and networks such as 10.1.2.3, 10.0.0.0/8 or fd00::/8, separated by commas, or *", _proxies)
_TEXT = Form("text without control characters", _text)

VARIABLES = (
    Variable("PORT", "port", _PORT, "8080", "Port to listen on."),
    Variable("HOST", "host", _HOST, "", "Address to listen on.", default_text="all IPv4 and IPv6 addresses"),
    Variable(
        "PYTHON_HANDLER",
        "handler",
        _HANDLER,
        "handler.handler",
        "Function or application to serve: module.function, or module:factory() for the result of a call.",
    ),
    Variable("WEB_CONCURRENCY", "workers", _COUNT, "1", "Number of worker processes."),
    Variable(
        "FUNCTION_THREADS",
        "threads",
        _COUNT,
        "",
        "Maximum number of blocking calls that a worker runs at the same time.",
        computed=_default_threads,
        default_text="max(100, 4 x CPUs that the cgroup allows)",
    ),
    Variable(
        "FUNCTION_CONCURRENCY",
        "concurrency",
        _COUNT_OR_ZERO,
        "0",
        "Maximum number of requests that a worker handles at the same time. Further requests get 503 with Retry-After.",
        default_text="0 (unlimited)",
    ),
    Variable(
        "FUNCTION_TIMEOUT",
        "timeout",
        _SECONDS,
        "0",
        "Maximum number of seconds for one call. A call that takes longer gets 504.",
        default_text="0 (none)",
    ),
    Variable(
        "FUNCTION_MAX_BODY",
        "max_body",
        _SIZE,
        "",
        "Maximum size of a request body, in bytes or with KiB, MiB or GiB. A larger body gets 413.",
        computed=_default_max_body,
        default_text="100MiB, or 1/100 of the memory that the cgroup allows for a worker if that is less",
    ),
    Variable(
        "FUNCTION_MAX_HEADER",
        "max_header",
        _SIZE,
        "64KiB",
        "Maximum size of the request line and all header fields together. A larger header gets 431.",
    ),
    Variable(
        "FUNCTION_MAX_HEADER_FIELD",
        "max_header_field",
        _SIZE,
        "32KiB",
        "Maximum size of one header field, such as a cookie or a token. A larger field gets 431.",
    ),
    Variable(
        "FUNCTION_GRACE_PERIOD",
        "grace_period",
        _SECONDS,
        "30",
        "Seconds that running calls have to finish after SIGTERM.",
    ),
    Variable(
        "FUNCTION_SHUTDOWN_DELAY",
        "shutdown_delay",
        _SECONDS,
        "",
        "Seconds after SIGTERM during which /health/ready returns 503 and new connections are still accepted.",
        computed=_default_shutdown_delay,
        default_text="5 in a plain Kubernetes pod (KUBERNETES_SERVICE_HOST set, K_SERVICE not), else 0",
    ),
    Variable(
        "FUNCTION_LISTEN_EARLY",
        "listen_early",
        _SWITCH_FORM,
        "",
        "Let connections wait until start() has finished. If off, the port refuses connections until then.",
        computed=_default_early_listening,
        default_text="on in a plain Kubernetes pod (KUBERNETES_SERVICE_HOST set, K_SERVICE not), else off",
    ),
    Variable(
        "FUNCTION_HEALTH_PATHS",
        "health_paths",
        _SWITCH_FORM,
        "on",
        "Answer /health/live and /health/ready. If off, the function gets these paths.",
    ),
    Variable(
        "FUNCTION_REPLY_TYPE",
        "reply_type",
        _TEXT,
        "",
        "Type of the reply event if a function returns only data.",
        default_text="the incoming type followed by .reply",
    ),
    Variable(
        "FUNCTION_REPLY_SOURCE",
        "reply_source",
        _TEXT,
        "",
        "Source of the reply event if a function returns only data.",
        computed=_default_reply_source,
        default_text="urn:funcpack: followed by the name of the service (K_SERVICE) or the handler",
    ),
    Variable(
        "LOG_LEVEL",
        "log_level",
        _one_of("debug", "info", "warning", "error", "critical"),
        "info",
        "Lowest level that is logged.",
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
    Variable("FUNCTION_ACCESS_LOG", "access_log", _SWITCH_FORM, "off", "Log one line for each request."),
    Variable(
        "FUNCTION_TRUSTED_PROXIES",
        "trusted_proxies",
        _PROXIES,
        "127.0.0.1,::1",
        "Proxies whose X-Forwarded-Proto header is trusted; * trusts every client. If it is not set, FORWARDED_ALLOW_IPS "
        "is used.",
        alias="FORWARDED_ALLOW_IPS",
    ),
    Variable(
        "GOOGLE_CLOUD_PROJECT",
        "google_cloud_project",
        _TEXT,
        "",
        "Google Cloud project of the traces, for the trace fields of LOG_FORMAT=json.",
        default_text="none",
    ),
)
