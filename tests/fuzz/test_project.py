"""Files of a project into the reader and the static check: a result, or an error with a title, what was found and what to do."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from hypothesis import given
from hypothesis import strategies as st

from funcpack.check.handler import check_handler
from funcpack.errors import UserError, render
from funcpack.project.project import Project
from funcpack.project.python_request import expected_minor
from tests.fuzz.profile import examples

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SCALARS = st.sampled_from([
    "", "1", "true", "3.12", ">=3.11", "orders", "a==1", "a b", "src", ".", "..", "/etc", "handler.handler", "x:y()", "é",
    "${HOME}", "https://u:p@x/y", "file:a", "git+https://x/y@z", "\x00", "\x1b[31m", "\u202e", "a" * 300, "~=3", "==3.*",
    "pypy3.11", "3.14t", "python-3.12.1", "9" * 300, "3." * 60 + "1", "-r a.txt", "-e .", "*", "[", "}}", "{}", "%", "\\",
])  # fmt: skip
QUOTED = SCALARS.map(
    lambda text: '"' + text.replace("\\", "\\\\").replace("\x00", "\\u0000").replace("\x1b", "\\u001b") + '"'
)
TOML_VALUES = st.recursive(
    QUOTED | st.sampled_from(["1", "1.5", "true", "1979-05-27", "inf", "-0", "''", '"""a"""', "0x1", "[]", "{}", "[" * 2000 + "]" * 2000]),
    lambda inner: st.lists(inner, max_size=3).map(lambda values: f"[{', '.join(values)}]")
    | st.lists(st.tuples(st.sampled_from(["name", "path", "git", "url", "a-b", "workspace", "version"]), inner), max_size=2).map(
        lambda pairs: f"{{{', '.join(f'{key} = {value}' for key, value in dict(pairs).items())}}}"
    ),
    max_leaves=4,
)  # fmt: skip


def toml(tables: list[str], keys: list[str]) -> st.SearchStrategy[str]:
    """Write a TOML file of these tables and keys."""
    pair = st.tuples(st.sampled_from(keys), TOML_VALUES).map(" = ".join)
    table = st.tuples(st.sampled_from(["", *tables]), st.lists(pair, max_size=4)).map(
        lambda part: "\n".join([part[0], *part[1]])
    )
    return st.lists(table, max_size=4).map(lambda parts: "\n".join(parts) + "\n")


PYPROJECT = toml(
    [
        "[project]", "[build-system]", "[tool.uv]", "[tool.uv.sources]", "[tool.uv.workspace]", "[[tool.uv.index]]",
        "[project.optional-dependencies]", "[dependency-groups]", "[tool.poetry.dependencies]", "[tool.funcpack]",
    ],
    [
        "name", "version", "dependencies", "requires-python", "dynamic", "package", "members", "url", "requires",
        "orders", "dev", "default-groups", "build-backend", "exclude", "index-url", "readme", "python",
    ],
)  # fmt: skip
LOCK = toml(
    [
        "[[package]]",
        "[[packages]]",
        "[manifest]",
        "[package.source]",
        "[options]",
        "[[package.wheels]]",
        "[packages.vcs]",
    ],
    ["version", "name", "source", "requires-python", "dependencies", "lock-version", "wheels", "marker", "hashes"],
)
PROJECT_TOML = toml(
    ["[_]", "[project]", "[[build.env]]", "[[io.buildpacks.build.env]]", "[build]", "[[project.licenses]]", "[io]"],
    ["name", "value", "id", "schema-version", "version", "env", "exclude", "labels", "authors"],
)
WORDS = st.sampled_from([
    "orders", "orders==1.0", "orders>=1,<2 ; python_version < '3.12'", "orders[a, b]~=1.0", "-r other.txt", "-c other.txt",
    "-r requirements.txt", "--requirement=other.txt", "-e .", "-e ./pkg", "./pkg", "pkg @ file:./pkg", "--pre", "\\", "#x",
    "--index-url https://u:${TOKEN}@x/simple", "--extra-index-url", "--find-links wheels", "--hash=sha256:00", "--require-hashes",
    "git+https://x/y.git@main#egg=z", "https://x/a-1-py3-none-any.whl", "--trusted-host x", "-f", "== 1", "orders @", "-", "--",
    "--no-binary :all:", "-i", "${A}", "$A", "/etc/passwd", "../x", "é", "\ufeff", "\x0c", "a" * 500, "-r " + "x" * 300, "pkg/",
])  # fmt: skip
REQUIREMENTS = st.lists(st.lists(WORDS | SCALARS, max_size=3).map(" ".join), max_size=5).flatmap(
    lambda lines: st.sampled_from(["\n", "\r\n", "\r", " \\\n"]).map(lambda end: end.join(lines))
)
YAML = st.lists(
    st.tuples(
        st.sampled_from(["", "  ", "    ", "- ", "  - ", "\t"]),
        st.sampled_from(["run:", "build:", "envs:", "buildEnvs:", "name:", "value:", "runtime:", "specVersion:", "&a", "<<:", "|", ">"]),
        SCALARS | QUOTED | st.sampled_from(["|", ">-", "[a, b]", "{name: A, value: b}", "*a", "'it''s'", "# x", "{{ env:A }}"]),
    ),
    max_size=8,
).map(lambda lines: "".join(f"{indent}{key} {value}\n" for indent, key, value in lines))  # fmt: skip
FRAGMENTS = st.sampled_from([
    "def handler(req): ...", "async def handler(data, *, x=1): ...", "import os", "from . import a", "from .. import b",
    "from a import handler", "import a.b", "handler = lambda req: 1", "handler = 5", "class handler: ...", "@x", "    pass",
    "if True:", "else:", "def f(:", "exec('')", "from x import *", "handler: int", "del handler", "handler = handler",
    "global handler", "for handler in []: pass", "with x as handler: pass", "try:", "except* E:", "match x:", "  case handler:",
    "type X = int", "def handler[T](req: T): ...", "f'{x!r:{y}}'", "(" * 300, "-" * 5000 + "1", "x = " + "[" * 150, "\x00",
    "\x0c", "# coding: latin-1", "# coding: utf-7", "# coding: hex", "\\", "'''", "return", "await x", "yield", "\t", "é = 1",
    "def handler(event: 'Request | None'): ...", "from flask import Request", "def handler(r: Request): ...", "\U0001d4bdandler = 1",
    "handler = make()", "handler: X = make", "(handler := 1)", "import handler", "from handler import handler", "__all__ = []",
    "def handler(req): return 1" + "+1" * 3000, "1" * 5000, "0777", "x = '" + "\\N{x}" + "'",
])  # fmt: skip
SOURCE = st.lists(FRAGMENTS, max_size=6).map("\n".join)
VERSIONS = st.lists(
    SCALARS | st.sampled_from(["3.12", "# x", "3.11.9 # y", "3.x", "cpython-3.12-linux-x86_64-gnu"]), max_size=3
)

FILES: dict[str, st.SearchStrategy[str]] = {
    "handler.py": SOURCE,
    "a.py": SOURCE,
    "a/__init__.py": SOURCE,
    "src/handler.py": SOURCE,
    "func.py": SOURCE,
    "requirements.txt": REQUIREMENTS,
    "other.txt": REQUIREMENTS,
    "pyproject.toml": PYPROJECT,
    "pkg/pyproject.toml": PYPROJECT,
    "project.toml": PROJECT_TOML,
    "uv.lock": LOCK,
    "pylock.toml": LOCK,
    "uv.toml": PYPROJECT,
    "func.yaml": YAML,
    ".python-version": VERSIONS.map("\n".join),
    "Pipfile": PYPROJECT,
    "setup.cfg": REQUIREMENTS,
    "pip.conf": REQUIREMENTS,
    "runtime.txt": VERSIONS.map("\n".join),
}
BYTES = st.sampled_from(
    [b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\x00", b"\n", b"\r", b'"', b"[", b"\\", b"\xed\xa0\x80", b" " * 50]
)


@st.composite
def mutated(draw: st.DrawFn, text: str) -> bytes:
    """Change the bytes of a file in a few places."""
    data = text.encode("utf-8", "surrogatepass")
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        place = draw(st.integers(0, len(data)))
        data = data[:place] + draw(BYTES) + data[place + draw(st.integers(0, 3)) :]
    return data


def _file(name: str) -> st.SearchStrategy[tuple[str, bytes | str]]:
    """Return the content of a file, as bytes, or what it is a link to."""
    target = st.sampled_from(["missing", name, "..", "/etc/hostname", ".", "handler.py", "x" * 300])
    content: st.SearchStrategy[bytes | str] = st.integers(0, 15).flatmap(
        lambda choice: target if choice == 0 else FILES[name].flatmap(mutated)
    )
    return st.tuples(st.just(name), content)


T = TypeVar("T")

PROJECTS = st.lists(st.sampled_from(list(FILES)).flatmap(_file), min_size=1, max_size=5).map(dict)
ENVIRONMENTS = st.dictionaries(
    st.sampled_from([
        "PYTHON_HANDLER", "BP_FUNCTION", "BP_PYTHON_VERSION", "BP_CHECK_IMPORT", "PIP_CONSTRAINT", "UV_CONSTRAINT", "TOKEN",
        "UV_INDEX_URL", "PIP_INDEX_URL",
    ]),
    SCALARS | st.sampled_from(["a:handler", "a.handler", "handler:handler.x", "a:handler()"]),
    max_size=2,
)  # fmt: skip


def write(app: Path, files: Mapping[str, bytes | str]) -> None:
    for name, content in files.items():
        file = app / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            file.symlink_to(content)
        else:
            file.write_bytes(content)


def assert_helpful(error: UserError) -> None:
    """Check the texts of an error: each line can be printed, and none of them is a crash's."""
    assert error.title.isprintable()
    assert error.found.strip()
    assert error.remedy.strip()
    for line in render(error):
        assert line.replace("\t", "").isprintable(), line
    assert sum(map(len, render(error))) < 20_000


def or_error(attempt: Callable[[], T]) -> T | UserError:
    try:
        return attempt()
    except UserError as error:
        assert_helpful(error)
        return error


@examples(300)
@given(PROJECTS, ENVIRONMENTS)
def test_project_is_read_and_checked(files: Mapping[str, bytes | str], environ: Mapping[str, str]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        app = Path(directory, "app")
        app.mkdir()
        write(app, files)
        project = or_error(lambda: Project.read(app, environ, {}))
        if isinstance(project, UserError):
            return
        target = expected_minor(project.python, None)
        or_error(lambda: check_handler(project.handler, app, target, {"flask"}, project.dependencies))
