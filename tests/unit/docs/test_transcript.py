"""The helper that runs the documentation's commands finds what does not fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.docs import transcript
from tests.unit.docs.markdown import blocks

if TYPE_CHECKING:
    from pathlib import Path

ENVIRONMENT = {"PATH": "/usr/bin:/bin"}


def step_of(text: str, directory: Path) -> transcript.Step:
    page = directory / "page.md"
    page.write_text(f"```console\n{text}\n```\n")
    [block] = blocks(page, "console")
    [step] = transcript.steps(block)
    return step


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("$ true", id="nothing"),
        pytest.param("$ echo one\none", id="a-line"),
        pytest.param("$ printf 'one\\n\\ntwo'\none\n\ntwo", id="an-empty-line"),
        pytest.param("$ printf 'one\\ntwo\\nthree'\n...\nthree", id="any-lines-first"),
        pytest.param("$ printf 'one\\ntwo\\nthree'\none\n...", id="any-lines-last"),
        pytest.param("$ printf 'one\\n'\none\n...", id="no-lines"),
        pytest.param("$ printf 'one\\ntwo\\nthree'\none\n...\nthree", id="any-lines-between"),
        pytest.param("$ echo done in 5 s\ndone in ... s", id="any-text"),
        pytest.param("$ printf 'HTTP/1.1\\r\\n\\r\\nbody'\nHTTP/1.1\n\nbody", id="line-ends-of-http"),
        pytest.param("$ echo one \\\n    two\none two", id="backslash"),
        pytest.param("$ echo 'one\ntwo'\none\ntwo", id="quotes"),
    ],
)
def test_what_fits_passes(text: str, tmp_path: Path) -> None:
    transcript.run(step_of(text, tmp_path), tmp_path, ENVIRONMENT)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("$ false", id="exit-code"),
        pytest.param("$ echo one", id="more-than-shown"),
        pytest.param("$ true\none", id="less-than-shown"),
        pytest.param("$ echo One\none", id="another-line"),
        pytest.param("$ printf 'one\\ntwo'\none", id="a-line-too-many"),
        pytest.param("$ printf 'one\\ntwo\\nthree'\none\n...\ntwo", id="another-end"),
        pytest.param("$ echo a.c\na+c", id="not-a-pattern"),
    ],
)
def test_what_does_not_fit_fails(text: str, tmp_path: Path) -> None:
    step = step_of(text, tmp_path)

    with pytest.raises(AssertionError):
        transcript.run(step, tmp_path, ENVIRONMENT)


def test_the_address_is_replaced(tmp_path: Path) -> None:
    step = step_of("$ echo http://127.0.0.1:8080/\nhttp://127.0.0.1:1234/", tmp_path)

    transcript.run(step, tmp_path, ENVIRONMENT, address="127.0.0.1:1234")


def test_a_block_has_its_commands_in_order(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("text\n\n```console\n$ one\nfirst\n$ two\n$ three\nsecond\n```\n")
    [block] = blocks(page, "console")

    assert transcript.steps(block) == [
        transcript.Step("one", "first\n"),
        transcript.Step("two", ""),
        transcript.Step("three", "second\n"),
    ]
