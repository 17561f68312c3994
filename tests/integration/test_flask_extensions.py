"""Extensions of Flask that a function initializes with `current_app` at import, as on functions-framework."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests.environments import installed
from tests.integration.test_releases import SERVER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.conftest import Server, StartServer

EXTENSIONS = [
    "flask-caching==2.5.1",
    "flask-compress==1.25",
    "flask-cors==6.0.5",
    "flask-limiter==4.1.1",
    "flask-login==0.6.3",
    "flask-sqlalchemy==3.1.1",
    "prometheus-flask-exporter==0.23.2",
]

FUNCTION = """
import itertools

from flask import current_app, render_template, url_for
from flask_caching import Cache
from flask_compress import Compress
from flask_cors import CORS
from flask_limiter import Limiter
from flask_login import LoginManager, UserMixin, current_user, login_user
from flask_sqlalchemy import SQLAlchemy
from prometheus_flask_exporter import PrometheusMetrics

current_app.config.update(
    SECRET_KEY="key", SQLALCHEMY_DATABASE_URI="sqlite:///:memory:", CACHE_TYPE="SimpleCache", COMPRESS_MIN_SIZE=10
)
cache = Cache(current_app)
compress = Compress(current_app)
cors = CORS(current_app, origins=["https://example.com"])
db = SQLAlchemy()
db.init_app(current_app._get_current_object())
login = LoginManager(current_app)
limiter = Limiter(lambda: "everybody", storage_uri="memory://")
limiter.init_app(current_app)
metrics = PrometheusMetrics(current_app)
numbers = itertools.count(1)

class Person(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String)

db.create_all()
db.session.add(Person(name="ada"))
db.session.commit()

@login.user_loader
def load(name):
    user = UserMixin()
    user.id = name
    return user

@cache.memoize()
def number(path):
    return next(numbers)

@limiter.limit("2 per day")
def limited():
    return "served"

def called(path):
    if path == "/cached":
        return [number(path), number(path)]
    if path == "/people":
        return [person.name for person in db.session.execute(db.select(Person)).scalars()]
    if path == "/large":
        return "x" * 1000
    if path == "/login":
        login_user(load("ada"))
        return "logged in"
    if path == "/user":
        return getattr(current_user, "id", "nobody")
    if path == "/limited":
        return limited()
    if path == "/fails":
        raise ValueError("x")
    return render_template("page.html", url=url_for("static", filename="a.css"))
"""

HTTP = f"{FUNCTION}\ndef handler(req):\n    return called(req.path)\n"
ASYNC = f"{FUNCTION}\nasync def handler(req):\n    return called(req.path)\n"
EVENT = f"{FUNCTION}\ndef handler(attributes):\n    return called('/' + attributes['type'])\n"


@pytest.fixture(scope="module")
def python() -> Path:
    return installed("flask-extensions", sys.executable, ["flask", "cloudevents", *SERVER, *EXTENSIONS])


@pytest.fixture(scope="module", params=["on", "off"], ids=["lazy", "ordinary"])
def lazy(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module", params=[HTTP, ASYNC], ids=["def", "async"])
def http(start_shared_server: StartServer, python: Path, request: pytest.FixtureRequest, lazy: str) -> Server:
    return start_shared_server(request.param, python=python, environment={"FUNCTION_LAZY_IMPORTS": lazy})


def test_cors_headers_are_on_every_response(http: Server) -> None:
    for path, status in (("/people", 200), ("/fails", 500)):
        answer = http.get(path, origin="https://example.com")
        assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (status, "https://example.com")
        assert "Access-Control-Allow-Origin" not in http.get(path, origin="https://example.org").headers


def test_cache_is_kept_between_calls(http: Server) -> None:
    first = json.loads(http.get("/cached").body)
    assert first[0] == first[1]
    assert json.loads(http.get("/cached").body) == first


def test_database_that_was_filled_at_import_is_read(http: Server) -> None:
    assert json.loads(http.get("/people").body) == ["ada"]


def test_response_is_compressed(http: Server) -> None:
    assert http.get("/large", accept_encoding="gzip").headers["Content-Encoding"] == "gzip"


def test_user_is_logged_in(http: Server) -> None:
    assert http.get("/user").body == b"nobody"
    cookie = http.get("/login").headers["Set-Cookie"].partition(";")[0]
    assert http.get("/user", cookie=cookie).body == b"ada"


def test_limit_is_enforced(http: Server) -> None:
    assert [http.get("/limited").status for _ in range(3)] == [200, 200, 429]


def test_view_of_an_extension_is_served(http: Server) -> None:
    assert b"flask_http_request_total" in http.get("/metrics").body


def test_event_function_has_the_extensions(start_server: StartServer, python: Path, lazy: str) -> None:
    server = start_server(EVENT, python=python, environment={"FUNCTION_LAZY_IMPORTS": lazy})
    found = {}
    for kind in ("people", "cached", "cached", "fails"):
        answer = server.get("/", "POST", ce_specversion="1.0", ce_id="1", ce_source="/here", ce_type=kind)
        found[kind] = answer.status, answer.body
    assert found == {
        "people": (200, b'["ada"]'),
        "cached": (200, b"[1, 1]"),
        "fails": (500, b"Internal Server Error\n"),
    }
