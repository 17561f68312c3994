"""Files of the app that are named like modules of the standard library do not reach the invoker, whenever it imports."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from funcpack_invoker.standard_library import APP_FIRST, is_library_first

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.conftest import StartServer

EVENT = {"ce_specversion": "1.0", "ce_id": "1", "ce_source": "/here", "ce_type": "com.example.thing"}
NEEDED = sorted(name for name in sys.stdlib_module_names if is_library_first(name) and not name.startswith("_"))

SOURCE = """
    import datetime, decimal, enum, tempfile, uuid
    import profile, statistics

    def http(req):
        import flask
        flask.session
        answer = flask.jsonify(uuid.UUID(int=1), decimal.Decimal("1"), datetime.date(2026, 1, 1), profile.X, statistics.X)
        return flask.make_response(answer)

    def event(data):
        return {"profile": profile.X, "statistics": statistics.X}
"""


@pytest.mark.parametrize(("handler", "lazy"), [("http", "on"), ("http", "off"), ("event", "on"), ("event", "off")])
def test_standard_library_wins_where_the_invoker_needs_it(
    start_server: StartServer, tmp_path: Path, handler: str, lazy: str
) -> None:
    app = tmp_path / "app-0"
    (app / "src").mkdir(parents=True)
    for name in NEEDED:
        ((app / "src") if name > "m" else app).joinpath(f"{name}.py").write_text(
            "raise SystemExit('a file of the app')"
        )
    for name in ("profile", "statistics"):
        (app / f"{name}.py").write_text("X = 'mine'")
    environment = {"PYTHON_HANDLER": f"handler.{handler}", "FUNCTION_LAZY_IMPORTS": lazy}
    server = start_server(SOURCE, environment=environment)
    for _ in range(2):
        answer = server.get("/", "POST", b"{}", content_type="application/json", **EVENT)
        assert answer.status == 200, server.log
        assert b"mine" in answer.body
    assert "the standard library's modules are used instead of the app's: " in server.log


def test_invoker_and_its_libraries_do_not_import_what_the_app_may_provide() -> None:
    program = """
import asyncio, concurrent.futures.thread, email.message, http.client, importlib.metadata, json, logging.handlers
import multiprocessing, sys, tempfile, urllib.request
import cloudevents.core.v1.event, flask, flask.views, gunicorn.app.base, gunicorn.arbiter, httptools, werkzeug
import werkzeug.formparser, werkzeug.serving, werkzeug.test
import pathlib, pkgutil, funcpack_invoker
for module in pkgutil.walk_packages(funcpack_invoker.__path__, "funcpack_invoker."):
    if not module.name.endswith("__main__") and "telemetry" not in module.name:
        __import__(module.name)
print(sorted({name.partition(".")[0] for name in sys.modules}))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert set(json.loads(done.stdout.replace("'", '"'))) & APP_FIRST == set()


@pytest.mark.parametrize(
    "name",
    ["asyncio", "email", "enum", "http", "json", "logging", "queue", "select", "signal", "socket", "typing", "uuid"],
)
def test_standard_library_wins_without_the_option_that_leaves_the_current_directory_out(
    tmp_path: Path, name: str
) -> None:
    """`python -m` puts the current directory first, before the invoker can put the app's there."""
    (tmp_path / f"{name}.py").write_text("raise SystemExit('a file of the app')")
    (tmp_path / "handler.py").write_text("def handler(req): ...")
    done = subprocess.run(
        [sys.executable, "-m", "funcpack_invoker", "check"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.splitlines()[0]) == (
        0, f"handler.handler ({tmp_path / 'handler.py'}) takes HTTP requests and runs on threads.",
    ), done.stderr  # fmt: skip
