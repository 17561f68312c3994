"""The checks of the first project's end-to-end suite, each with its number U1 to U11."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tools.places import ROOT

if TYPE_CHECKING:
    from tests.images.conftest import MakeApp, Workshop

TEMPLATES = ROOT / "templates" / "python"
GREETING = 'def {name}(req):\n    return "Hello World!"\n'
ECHO = "def {name}(data, attributes):\n    return attributes, data\n"
JSON = {"Content-Type": "application/json"}
BINARY = {"ce-specversion": "1.0", "ce-id": "A234-1234-1234", "ce-source": "local", "ce-type": "hello"}
KAPOW = {
    "specversion": "1.0",
    "source": "local",
    "type": "hello",
    "id": "A234-1234-1234",
    "datacontenttype": "text/plain",
    "data": "Kapow!",
}
INNER_EVENT = (
    '{"specversion":"1.0","type":"org.springframework","source":"https://spring.io/","id":"A234-1234-1234",'
    '"datacontenttype":"application/json","data":{"firstName":"John","lastName":"Doe"}}'
)
PLACES = pytest.mark.parametrize(
    ("path", "variable"),
    [
        pytest.param("func.main", "BP_FUNCTION", id="BP_FUNCTION"),
        pytest.param("mymodule.myfunc", "PYTHON_HANDLER", id="PYTHON_HANDLER"),
    ],
)


def test_u1_u2_an_http_function_answers_get_and_post(workshop: Workshop, greeting_image: str) -> None:
    with workshop.run(greeting_image) as function:
        assert function.request("GET", "/").body == b"Hello World!"
        assert function.request("POST", "/", JSON, b"").body == b"Hello World!"


def test_u3_a_cloudevent_function_echoes_text(workshop: Workshop, echo_image: str) -> None:
    with workshop.run(echo_image) as function:
        answer = function.request("POST", "/", {**BINARY, "Content-Type": "text/plain"}, b"python test data")

    assert (answer.status, answer.body) == (200, b"python test data")
    assert BINARY.items() <= answer.headers.items()


def test_u4_the_http_template_greets(workshop: Workshop) -> None:
    with workshop.run(workshop.build(TEMPLATES / "http").image) as function:
        get, post = function.request("GET", "/"), function.request("POST", "/", JSON, b"")

    assert (get.status, post.status) == (200, 200)
    assert get.body
    assert get.body == post.body


def test_u5_the_cloudevent_template_takes_an_event_in_the_data_as_data(workshop: Workshop) -> None:
    with workshop.run(workshop.build(TEMPLATES / "cloudevent").image) as function:
        answer = function.request("POST", "/", {**BINARY, **JSON}, INNER_EVENT.encode())

    assert answer.status == 200
    assert b'{"firstName": "John", "lastName": "Doe"}' in answer.body


@PLACES
def test_u6_u8_an_http_function_at_another_place(
    workshop: Workshop, make_app: MakeApp, path: str, variable: str
) -> None:
    module, name = path.split(".")
    app = make_app({f"{module}.py": GREETING.format(name=name)})

    with workshop.run(workshop.build(app, "--env", f"{variable}={path}").image) as function:
        answer = function.request("POST", "/", JSON, b"")
        health = [function.request("GET", f"/health/{name}").status for name in ("ready", "live")]

    assert (answer.status, answer.body) == (200, b"Hello World!")
    assert health == [200, 200]


@PLACES
def test_u7_u8_a_cloudevent_function_at_another_place(
    workshop: Workshop, make_app: MakeApp, path: str, variable: str
) -> None:
    module, name = path.split(".")
    app = make_app({f"{module}.py": ECHO.format(name=name)})

    with workshop.run(workshop.build(app, "--env", f"{variable}={path}").image) as function:
        answer = function.request("POST", "/", JSON, json.dumps(KAPOW).encode())
        health = [function.request("GET", f"/health/{name}").status for name in ("ready", "live")]

    assert (answer.status, answer.body) == (200, b"Kapow!")
    assert health == [200, 200]


def test_u9_without_a_handler_detection_fails(workshop: Workshop, make_app: MakeApp) -> None:
    failed = workshop.attempt(make_app({"other.py": "x = 1\n"}))

    assert failed.code != 0
    assert "No buildpack groups passed detection." in failed.log
    assert "handler.py" in failed.log


def test_u10_a_second_build_serves_the_new_code(workshop: Workshop, make_app: MakeApp) -> None:
    app = make_app({"handler.py": GREETING.format(name="handler")})
    image = workshop.build(app).image
    make_app({"handler.py": GREETING.format(name="handler").replace("Hello World!", "Bye world!")}, app)
    workshop.build(app, image=image)

    with workshop.run(image) as function:
        answer = function.request("POST", "/", JSON, b"")

    assert (answer.status, answer.body) == (200, b"Bye world!")


def test_u11_the_log_names_the_buildpack(workshop: Workshop, make_app: MakeApp) -> None:
    assert "funcpack/python" in workshop.build(make_app({"handler.py": GREETING.format(name="handler")})).log
