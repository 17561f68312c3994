from __future__ import annotations

from typing import Any

import pytest

from funcpack_invoker.errors import SettingsError
from funcpack_invoker.settings import VARIABLES, Settings, allowed_cpus

HANDLER = "module.function, module:function or module:factory(), where each part is a Python identifier"
PROXIES = "addresses and networks such as 10.1.2.3, 10.0.0.0/8 or fd00::/8, separated by commas, or *"


def test_threads_are_enough_for_the_requests_that_knative_sends_to_a_pod() -> None:
    # https://knative.dev/docs/serving/autoscaling/concurrency/: a target of 100 by default
    assert Settings.from_env({}).threads == max(100, 4 * allowed_cpus())


def test_defaults() -> None:
    settings = Settings.from_env({"FUNCTION_THREADS": "16"})
    assert settings == Settings(
        host=None,
        port=8080,
        handler="handler.handler",
        workers=1,
        threads=16,
        concurrency=0,
        timeout=0.0,
        max_body=100 * 1024 * 1024,
        max_header=64 * 1024,
        max_header_field=32 * 1024,
        grace_period=30.0,
        shutdown_delay=0.0,
        listen_early=False,
        health_paths=True,
        reply_type=None,
        reply_source="urn:funcpack:handler.handler",
        log_level="info",
        log_format="text",
        lazy_imports=True,
        access_log=False,
        trusted_proxies=("127.0.0.1", "::1"),
        google_cloud_project=None,
    )


@pytest.mark.parametrize(
    ("variable", "text", "field", "value"),
    [
        ("PORT", "9000", "port", 9000),
        ("PORT", " 9000 ", "port", 9000),
        ("PORT", "", "port", 8080),
        ("HOST", "::1", "host", "::1"),
        ("PYTHON_HANDLER", "package.module:object.method", "handler", "package.module:object.method"),
        ("FUNCTION_CONCURRENCY", "10", "concurrency", 10),
        ("FUNCTION_TIMEOUT", "2.5", "timeout", 2.5),
        ("FUNCTION_TIMEOUT", "31536000", "timeout", 31536000.0),
        ("FUNCTION_MAX_BODY", "100", "max_body", 100),
        ("FUNCTION_MAX_BODY", "2KiB", "max_body", 2048),
        ("FUNCTION_MAX_BODY", "3 mib", "max_body", 3 * 1024**2),
        ("FUNCTION_MAX_BODY", "1GiB", "max_body", 1024**3),
        ("FUNCTION_MAX_BODY", "1099511627776", "max_body", 1024**4),
        ("FUNCTION_CONCURRENCY", "9999999999999", "concurrency", 9999999999999),
        ("FUNCTION_HEALTH_PATHS", "OFF", "health_paths", False),
        ("FUNCTION_ACCESS_LOG", "true", "access_log", True),
        ("FUNCTION_LAZY_IMPORTS", "off", "lazy_imports", False),
        ("LOG_LEVEL", "DEBUG", "log_level", "debug"),
        ("LOG_FORMAT", "json", "log_format", "json"),
        ("FUNCTION_TRUSTED_PROXIES", "10.1.2.3", "trusted_proxies", ("10.1.2.3",)),
        ("FUNCTION_TRUSTED_PROXIES", "10.0.0.0/8 , FD00:0::1", "trusted_proxies", ("10.0.0.0/8", "fd00::1")),
        ("FUNCTION_TRUSTED_PROXIES", "*", "trusted_proxies", ("*",)),
        ("FORWARDED_ALLOW_IPS", "10.1.2.3", "trusted_proxies", ("10.1.2.3",)),
        ("FORWARDED_ALLOW_IPS", "", "trusted_proxies", ("127.0.0.1", "::1")),
        ("FUNCTION_REPLY_TYPE", "com.example.reply", "reply_type", "com.example.reply"),
    ],
)
def test_value_is_read(variable: str, text: str, field: str, value: Any) -> None:
    assert getattr(Settings.from_env({variable: text}), field) == value


@pytest.mark.parametrize(
    ("variable", "text", "accepted"),
    [
        ("PORT", "abc", "a whole number from 1 to 65535"),
        ("PORT", "0", "a whole number from 1 to 65535"),
        ("PORT", "65536", "a whole number from 1 to 65535"),
        ("PORT", "8_0", "a whole number from 1 to 65535"),
        ("PORT", "٨٠", "a whole number from 1 to 65535"),
        ("HOST", "localhost:80/x", "an IP address or a host name, without a port"),
        ("WEB_CONCURRENCY", "0", "a whole number, at least 1"),
        ("FUNCTION_THREADS", "-1", "a whole number, at least 1"),
        ("FUNCTION_THREADS", "9" * 5000, "a whole number, at least 1"),
        ("FUNCTION_CONCURRENCY", "1.5", "a whole number, at least 0"),
        ("FUNCTION_TIMEOUT", "nan", "a number of seconds from 0 to 31536000 (a year)"),
        ("FUNCTION_TIMEOUT", "inf", "a number of seconds from 0 to 31536000 (a year)"),
        ("FUNCTION_TIMEOUT", "1_0", "a number of seconds from 0 to 31536000 (a year)"),
        ("FUNCTION_TIMEOUT", "٣", "a number of seconds from 0 to 31536000 (a year)"),
        ("FUNCTION_TIMEOUT", ".", "a number of seconds from 0 to 31536000 (a year)"),
        ("FUNCTION_TIMEOUT", "31536000.1", "a number of seconds from 0 to 31536000 (a year)"),
        ("FUNCTION_TIMEOUT", "999999999999", "a number of seconds from 0 to 31536000 (a year)"),
        ("FUNCTION_GRACE_PERIOD", "-1", "a number of seconds from 0 to 31536000 (a year)"),
        ("FUNCTION_SHUTDOWN_DELAY", "5s", "a number of seconds from 0 to 31536000 (a year)"),
        ("FUNCTION_MAX_BODY", "10MB", "a size of at least 1 byte, such as 1048576, 512KiB, 10MiB or 1GiB"),
        ("FUNCTION_MAX_BODY", "0", "a size of at least 1 byte, such as 1048576, 512KiB, 10MiB or 1GiB"),
        ("FUNCTION_HEALTH_PATHS", "maybe", "on or off"),
        ("LOG_LEVEL", "loud", "one of debug, info, warning, error, critical"),
        ("LOG_FORMAT", "xml", "one of text, json"),
        ("FUNCTION_REPLY_SOURCE", "a\nb", "text without control characters"),
    ],
)
def test_bad_value_is_named_in_one_line(variable: str, text: str, accepted: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({variable: text})
    assert str(caught.value) == f"{variable} is {text!r}, but it must be {accepted}"


@pytest.mark.parametrize(
    ("variable", "text", "reason", "accepted"),
    [
        ("PYTHON_HANDLER", "handler", "it does not name a function", HANDLER),
        ("PYTHON_HANDLER", ".handler", "a part of it is empty", HANDLER),
        ("PYTHON_HANDLER", "main.class", "'class' is a Python keyword", HANDLER),
        ("PYTHON_HANDLER", "a/b.handler", "'a/b' is not a Python identifier", HANDLER),
        ("PYTHON_HANDLER", "x.y()", "a factory is named with a colon, as in 'x:y()'", HANDLER),
        ("FUNCTION_TRUSTED_PROXIES", "a.local", "'a.local' does not appear to be an IPv4 or IPv6 address", PROXIES),
        ("FUNCTION_TRUSTED_PROXIES", "10.0.0.0/8,", "'' does not appear to be an IPv4 or IPv6 address", PROXIES),
        (
            "FUNCTION_TRUSTED_PROXIES",
            "::1,1.0.0.0/33",
            "'1.0.0.0/33' does not appear to be an IPv4 or IPv6 network",
            PROXIES,
        ),
        ("FUNCTION_TRUSTED_PROXIES", "10.1.2.3/8", "10.1.2.3/8 has host bits set", PROXIES),
        ("FORWARDED_ALLOW_IPS", "10.0.0", "'10.0.0' does not appear to be an IPv4 or IPv6 address", PROXIES),
    ],
)
def test_reason_is_named_if_the_form_does_not_show_it(variable: str, text: str, reason: str, accepted: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_env({variable: text})
    assert str(caught.value) == f"{variable} is {text!r}, but {reason}; expected {accepted}"


@pytest.mark.parametrize(
    ("environ", "is_early"),
    [
        ({}, False),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, True),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1", "K_SERVICE": "hello"}, False),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1", "FUNCTION_LISTEN_EARLY": "off"}, False),
        ({"FUNCTION_LISTEN_EARLY": "on"}, True),
    ],
)
def test_early_listening_by_surroundings(environ: dict[str, str], *, is_early: bool) -> None:
    assert Settings.from_env(environ).listen_early == is_early


@pytest.mark.parametrize(
    ("environ", "delay"),
    [
        ({}, 0.0),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, 5.0),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1", "K_SERVICE": "hello"}, 0.0),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1", "FUNCTION_SHUTDOWN_DELAY": "1"}, 1.0),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1", "K_SERVICE": ""}, 5.0),
        ({"KUBERNETES_SERVICE_HOST": ""}, 0.0),
    ],
)
def test_shutdown_delay_by_surroundings(environ: dict[str, str], delay: float) -> None:
    assert Settings.from_env(environ).shutdown_delay == delay


@pytest.mark.parametrize(
    ("environ", "source"),
    [
        ({"PYTHON_HANDLER": "main.hello"}, "urn:funcpack:main.hello"),
        ({"PYTHON_HANDLER": "main.hello", "K_SERVICE": "greeter"}, "urn:funcpack:greeter"),
        ({"K_SERVICE": "greeter", "FUNCTION_REPLY_SOURCE": "/mine"}, "/mine"),
    ],
)
def test_reply_source_by_surroundings(environ: dict[str, str], source: str) -> None:
    assert Settings.from_env(environ).reply_source == source


def test_own_variable_comes_before_its_alias() -> None:
    environ = {"FUNCTION_TRUSTED_PROXIES": "10.1.2.3", "FORWARDED_ALLOW_IPS": "no address"}
    assert Settings.from_env(environ).trusted_proxies == ("10.1.2.3",)


def test_every_field_has_one_variable() -> None:
    assert sorted(variable.field for variable in VARIABLES) == sorted(Settings._fields)
