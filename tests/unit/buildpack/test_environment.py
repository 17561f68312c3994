from __future__ import annotations

import pytest

from funcpack.buildpack.install import environment
from funcpack.buildpack.install.redaction import without_credentials

ALWAYS = {
    "PATH": "/bin",
    "LANG": "C.UTF-8",
    "CFLAGS": "-O2 -g0",
    "CXXFLAGS": "-O2 -g0",
    "SOURCE_DATE_EPOCH": "315532801",
}


@pytest.mark.parametrize(
    ("variables", "env"),
    [
        pytest.param(
            {"TOKEN": "x", "CFLAGS": "-O3", "HTTPS_PROXY": "p"},
            {"TOKEN": "x", "CFLAGS": "-O3", "HTTPS_PROXY": "p"},
            id="kept",
        ),
        pytest.param({"PYTHONPATH": "x", "PYTHONHOME": "x", "VIRTUAL_ENV": "x", "LD_PRELOAD": "x"}, {}, id="left-out"),
        pytest.param(
            {"PIP_TARGET": "x", "PIP_USER": "1", "UV_PYTHON": "x", "UV_CACHE_DIR": "x"}, {}, id="redirections"
        ),
        pytest.param({"PIP_INDEX_URL": "https://a"}, {"UV_DEFAULT_INDEX": "https://a"}, id="index"),
        pytest.param(
            {"PIP_EXTRA_INDEX_URL": "https://a https://b"}, {"UV_INDEX": "https://a https://b"}, id="extra-index"
        ),
        pytest.param(
            {"PIP_INDEX_URL": "https://a", "UV_DEFAULT_INDEX": "https://b"},
            {"UV_DEFAULT_INDEX": "https://b"},
            id="uv-first",
        ),
        pytest.param({"PIP_FIND_LINKS": "a b"}, {"UV_FIND_LINKS": "a,b"}, id="find-links"),
        pytest.param({"PIP_PRE": "1"}, {"UV_PRERELEASE": "allow"}, id="pre"),
        pytest.param({"PIP_TIMEOUT": "30"}, {"UV_HTTP_TIMEOUT": "30"}, id="timeout"),
        pytest.param({"PIP_TIMEOUT": "2.5"}, {"UV_HTTP_TIMEOUT": "3"}, id="timeout-with-a-fraction"),
        pytest.param({"PIP_TIMEOUT": "soon"}, {"UV_HTTP_TIMEOUT": "soon"}, id="timeout-that-is-none"),
        pytest.param(
            {"UV_INDEX_MINE_PASSWORD": "x", "UV_OFFLINE": "1"},
            {"UV_INDEX_MINE_PASSWORD": "x", "UV_OFFLINE": "1"},
            id="uv",
        ),
    ],
)
def test_variables_of_uv(variables: dict[str, str], env: dict[str, str]) -> None:
    assert environment.build_variables({"PATH": "/bin", **variables}) == {**ALWAYS, **env}


@pytest.mark.parametrize(
    ("variables", "arguments"),
    [
        ({}, []),
        ({"PIP_NO_INDEX": "true"}, ["--no-index"]),
        ({"PIP_NO_INDEX": "0"}, []),
        ({"PIP_NO_BINARY": "a,b"}, ["--no-binary=a", "--no-binary=b"]),
        ({"PIP_ONLY_BINARY": ":all:"}, ["--only-binary=:all:"]),
        ({"UV_NO_BINARY": "1"}, ["--no-binary=:all:"]),
        ({"UV_NO_BINARY_PACKAGE": "a b"}, ["--no-binary=a", "--no-binary=b"]),
        ({"UV_NO_BUILD_PACKAGE": "a"}, ["--only-binary=a"]),
        ({"UV_NO_BUILD": "1", "PIP_NO_BINARY": "a"}, ["--no-build", "--no-editable"]),
    ],
)
def test_options_of_uv(variables: dict[str, str], arguments: list[str]) -> None:
    assert environment.pip_arguments(variables) == arguments


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:pass@example.com/simple", "https://***@example.com/simple"),
        ("at https://token@example.com and https://u:p@b.c/", "at https://***@example.com and https://***@b.c/"),
        ("git+ssh://git@example.com/x.git", "git+ssh://***@example.com/x.git"),
        ("https://example.com/a@b", "https://example.com/a@b"),
        ("https://example.com:8080/a@b", "https://example.com:8080/a@b"),
        ("https://user:p@ss@example.com/simple", "https://***@example.com/simple"),
        ("'https://user:pa/ss@example.com/simple'", "'https://***@example.com/simple'"),
        ("https://a.example,https://u:p@b.example/", "https://a.example,https://***@b.example/"),
        ("git+https://u:p@example.com/x.git@main", "git+https://***@example.com/x.git@main"),
        ("get `https://example.com/a.whl?sig=a%2B&se=1`", "get `https://example.com/a.whl?***`"),
        ("https://a.example/?a=b,https://b.example/", "https://a.example/?***,https://b.example/"),
        ("`user:secret@example.com/simple` is no URL", "`***@example.com/simple` is no URL"),
        ("--default-index=u:p@127.0.0.1:8080", "--default-index=***@127.0.0.1:8080"),
        ("git@example.com:a/b.git and x/y:1@sha256:ab", "git@example.com:a/b.git and x/y:1@sha256:ab"),
        ("mail someone@example.com", "mail someone@example.com"),
    ],
)
def test_credentials_are_not_shown(text: str, shown: str) -> None:
    assert without_credentials(text) == shown


def test_settings_that_are_stored_have_no_credentials() -> None:
    stored = environment.index_settings(
        {
            "UV_INDEX": "https://u:secret@a",
            "UV_INDEX_A_PASSWORD": "secret",
            "TOKEN": "secret",
            "UV_INDEX_STRATEGY": "first-index",
        }
    )
    assert stored == "UV_INDEX=https://***@a\nUV_INDEX_STRATEGY=first-index"
