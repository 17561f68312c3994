"""The image of a function: it runs as any user on a read-only root, has valid bytecode, and contains no build tools."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from images.recipe import BUILD

if TYPE_CHECKING:
    from tests.images.conftest import MakeApp, Workshop

EVENT = {"ce-specversion": "1.0", "ce-id": "1", "ce-source": "/test", "ce-type": "test", "content-type": "text/plain"}
LOCKED_DOWN = (
    "--read-only",
    "--user",
    "12345:0",
    "--tmpfs",
    "/tmp",
    "--cap-drop",
    "ALL",
    "--security-opt",
    "no-new-privileges",
)


def test_an_http_function_answers_locked_down(workshop: Workshop, greeting_image: str) -> None:
    with workshop.run(greeting_image, *LOCKED_DOWN) as function:
        answer = function.request("GET", "/")

    assert (answer.status, answer.body) == (200, b"Hello World!")


def test_a_cloudevent_function_answers_locked_down(workshop: Workshop, echo_image: str) -> None:
    with workshop.run(echo_image, *LOCKED_DOWN) as function:
        answer = function.request("POST", "/", EVENT, b"data")

    assert (answer.status, answer.body, answer.headers["ce-id"]) == (200, b"data", "1")


def test_the_container_stops_at_once_and_in_order(workshop: Workshop, greeting_image: str) -> None:
    with workshop.run(greeting_image) as function:
        workshop.engine.run("stop", "--time", "20", function.name)

        assert workshop.engine.run("inspect", "--format", "{{.State.ExitCode}}", function.name) == "0", function.logs()


def test_the_variables_of_the_platform_win(workshop: Workshop, make_app: MakeApp) -> None:
    functions = "def handler(req):\n    return 'default'\n\n\ndef other(req):\n    return 'other'\n"
    image = workshop.build(make_app({"handler.py": functions})).image

    with workshop.run(image, "--env", "PYTHON_HANDLER=handler.other") as function:
        assert function.request("GET", "/").body == b"other"


# PEP 552: the header of a .pyc is magic number, flags, and either time and size of the source or a hash of it.
BYTECODE = """
import importlib.util, json, pathlib
def is_valid(source):
    pyc = pathlib.Path(importlib.util.cache_from_source(source))
    if not pyc.exists():
        return False
    header, content = pyc.read_bytes()[:16], source.read_bytes()
    if header[:4] != importlib.util.MAGIC_NUMBER:
        return False
    if int.from_bytes(header[4:8], "little") & 1:
        return header[8:] == importlib.util.source_hash(content)
    stat = source.stat()
    return header[8:] == int(stat.st_mtime).to_bytes(4, "little") + len(content).to_bytes(4, "little")
sources = [path for root in ("/workspace", "/layers") for path in pathlib.Path(root).rglob("*.py") if path.parent.name != "bin"]
print(json.dumps({"sources": [str(path) for path in sources], "invalid": [str(path) for path in sources if not is_valid(path)]}))
"""


def test_every_module_has_bytecode_that_is_not_stale(workshop: Workshop, greeting_image: str) -> None:
    found = json.loads(workshop.python_in(greeting_image, BYTECODE))

    assert "/workspace/handler.py" in found["sources"]
    assert [path for path in found["sources"] if path.endswith("/funcpack_invoker/app.py")]
    assert found["invalid"] == []


BUILD_TOOLS = """
import os, re
unwanted = re.compile(r"(pip3?(\\..*)?|uvx?|gcc.*|cc|ld|make|apt.*|dpkg|ensurepip|setuptools|wheel|.*\\.whl|\\.cache|\\.git)$")
print([os.path.join(root, name) for top in ("/usr/bin", "/usr/local", "/layers", "/workspace", "/home", "/tmp", "/root", "/var/cache")
       for root, directories, files in os.walk(top) for name in directories + files if unwanted.match(name)])
"""


def test_nothing_of_the_build_is_in_the_image(workshop: Workshop, greeting_image: str) -> None:
    assert workshop.python_in(greeting_image, BUILD_TOOLS) == "[]"


def test_the_search_for_build_tools_finds_them_where_they_are(workshop: Workshop) -> None:
    assert "/usr/bin/gcc" in workshop.python_in(BUILD.name, BUILD_TOOLS)


def test_a_credential_of_the_build_is_nowhere(workshop: Workshop, make_app: MakeApp) -> None:
    app = make_app({"handler.py": "def handler():\n    return 'hello'\n"})
    built = workshop.build(app, "--env", "PIP_INDEX_URL=https://user:hunter2@127.0.0.1/simple")

    assert "hunter2" not in built.log
    assert "hunter2" not in workshop.engine.run("history", "--no-trunc", built.image)
    assert "hunter2" not in workshop.engine.run("image", "inspect", built.image)
