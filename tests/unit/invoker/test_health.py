from __future__ import annotations

import asyncio
import logging
import sys
from typing import TYPE_CHECKING

import pytest

from funcpack_invoker.app import FunctionApp
from funcpack_invoker.errors import StartFailedError
from funcpack_invoker.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from funcpack_invoker.function.loader import LoadedFunction
    from tests.unit.invoker.conftest import Client

    Serve = Callable[..., Client]

LIVE = ["/health/live", "/health/liveness"]
READY = ["/health/ready", "/health/readiness"]


@pytest.mark.parametrize("path", LIVE + READY)
@pytest.mark.parametrize("code", ["def handler(): return 'mine'", "def handler(data): pass"])
def test_health_paths(serve: Serve, code: str, path: str) -> None:
    answer = serve(code).request(target=path)
    assert (answer.status, answer.text) == (200, "ok\n")


def test_health_is_asked_for_by_get(serve: Serve) -> None:
    answer = serve("def handler(): return ''").request("POST", "/health/live")
    assert (answer.status, answer.header("allow")) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ["/health%2Flive", "/health%2fready"])
def test_path_with_an_encoded_slash_is_the_functions(serve: Serve, path: str) -> None:
    assert serve("def handler(): return 'mine'").request(target=path).text == "mine"


def test_health_paths_can_be_the_functions(serve: Serve) -> None:
    client = serve("def handler(req): return req.path", FUNCTION_HEALTH_PATHS="off")
    assert client.request(target="/health/live").text == "/health/live"


@pytest.mark.parametrize(("path", "status"), [(path, 200) for path in LIVE] + [(path, 503) for path in READY])
def test_not_ready_while_draining(serve: Serve, path: str, status: int) -> None:
    client = serve("def handler(): return ''")
    client.app.drain()
    assert client.request(target=path).status == status
    assert client.request().status == 200


@pytest.mark.parametrize("definition", ["def", "async def"])
@pytest.mark.parametrize("hook", ["alive", "ready"])
@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ("return True", 200, "ok\n"),
        ("pass", 200, "ok\n"),
        ("return True, 'fine'", 200, "ok\n"),
        ("return False", 503, "{hook}() returned False\n"),
        ("return False, 'no database'", 503, "no database\n"),
        ("raise ValueError('secret')", 503, "{hook}() failed\n"),
        ("raise SystemExit(3)", 503, "{hook}() failed\n"),
    ],
)
def test_hooks_decide(serve: Serve, definition: str, hook: str, body: str, status: int, text: str) -> None:
    client = serve(f"{definition} {hook}(): {body}\ndef handler(): return ''")
    answer = client.request(target="/health/live" if hook == "alive" else "/health/ready")
    assert (answer.status, answer.text) == (status, text.format(hook=hook))
    other = "/health/ready" if hook == "alive" else "/health/live"
    assert client.request(target=other).status == 200


REPORTS = [
    pytest.param("return True", [], id="fine"),
    pytest.param(
        "return False, 'no database'",
        ["WARNING ready() reports a problem; health checks get 503: no database"],
        id="reason",
    ),
    pytest.param(
        "return False", ["WARNING ready() reports a problem; health checks get 503: ready() returned False"], id="False"
    ),
    pytest.param("raise OSError('timed out')", ["ERROR ready() failed; health checks get 503"], id="exception"),
]


@pytest.mark.parametrize("definition", ["def", "async def"])
@pytest.mark.parametrize(("body", "lines"), REPORTS)
def test_problem_is_logged_once(
    serve: Serve, caplog: pytest.LogCaptureFixture, definition: str, body: str, lines: list[str]
) -> None:
    client = serve(f"{definition} ready(): {body}\ndef handler(): return ''")
    for _ in range(3):
        client.request(target="/health/ready")
    assert [f"{record.levelname} {record.message}" for record in caplog.records] == lines


def test_each_change_of_a_problem_is_logged(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    client = serve("""
        state = True
        def alive():
            if isinstance(state, Exception): raise state
            return state
        def handler(): return ""
    """)
    problem = (False, "no database")
    states = [True, problem, problem, OSError("a"), OSError("a"), OSError("b"), problem, True, True, problem]
    statuses = []
    for state in states:
        sys.modules["handler"].__dict__["state"] = state
        statuses.append(client.request(target="/health/live").status)
    assert statuses == [200 if state is True else 503 for state in states]
    reports, failed = (
        "alive() reports a problem; health checks get 503: no database",
        "alive() failed; health checks get 503",
    )
    assert [record.message for record in caplog.records] == [
        reports,
        failed,
        failed,
        reports,
        "alive() no longer reports a problem; health checks get 200 again",
        reports,
    ]


def test_hook_that_hangs_holds_up_nothing_else(serve: Serve) -> None:
    client = serve("""
        import threading
        go = threading.Event()

        def ready(): go.wait(10)
        def handler(): return ""
    """)

    async def probe() -> list[int]:
        asking = [asyncio.ensure_future(client.send(target="/health/ready")) for _ in range(3)]
        others = [await client.send(target="/health/live"), await client.send()]
        sys.modules["handler"].go.set()
        return [answer.status for answer in [*others, *await asyncio.gather(*asking)]]

    assert client.runner.run(probe()) == [200] * 5


@pytest.mark.parametrize("definition", ["def", "async def"])
def test_start_and_stop(serve: Serve, definition: str) -> None:
    client = serve(f"""
        seen = []
        {definition} start(): seen.append("start")
        {definition} stop(): seen.append("stop")
        def handler(): return seen
    """)
    assert client.request().json() == ["start"]
    client.runner.run(client.app.shutdown())
    assert sys.modules["handler"].seen == ["start", "stop"]


def test_start_that_fails_is_reported(serve: Serve) -> None:
    with pytest.raises(StartFailedError, match=r"`start` in the module of `handler\.handler` raised ZeroDivisionError"):
        serve("def start(): 1 / 0\ndef handler(): return ''")


@pytest.mark.parametrize("code", ["start = 7\nclass stop: pass\ndef handler(): return ''", "def start(): return ''"])
def test_what_is_no_hook(serve: Serve, code: str) -> None:
    client = serve(code, handler="handler.handler" if "handler" in code else "handler.start")
    assert client.request().status == 200


def test_start_that_is_cancelled_has_not_failed(load_function: Callable[..., LoadedFunction]) -> None:
    function = load_function("""
        import asyncio
        begun = asyncio.Event()

        async def start():
            begun.set()
            await asyncio.sleep(60)

        def handler(): ...
    """)
    app = FunctionApp(function, Settings.from_env({}))

    async def cancel() -> bool:
        task = asyncio.ensure_future(app.startup())
        await asyncio.wait_for(function.module.begun.wait(), 5)
        task.cancel()
        await asyncio.wait({task})
        return task.cancelled()

    assert asyncio.run(cancel())
