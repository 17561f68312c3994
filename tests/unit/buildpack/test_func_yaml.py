"""The variables in kn func's func.yaml, in every form in which YAML can be written."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from funcpack.project.func_yaml import FuncYaml
from funcpack.project.yaml_blocks import Node

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.buildpack.builds import Platform

VALUE = "run:\n  envs:\n  - name: A\n    value: "

# Line breaks, quotes, and what YAML uses as marks, often at the beginning of a line.
TEXTS = st.text(
    st.sampled_from(["a", "b", " ", "\n", "\t", "'", '"', "\\", "#", ":", "-", "|", ">", "%", "{", "[", "\x1b", "ä", "\U0001f600"]),
    min_size=1,
    max_size=40,
)  # fmt: skip


def read(directory: Path, text: str | bytes) -> FuncYaml:
    (directory / "func.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return FuncYaml.read(directory / "func.yaml")


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        pytest.param("", {}, id="empty"),
        pytest.param("run:\n  envs:\n  - name: A\n    value: b\n", {"A": "b"}, id="as-kn-func-writes"),
        pytest.param("---\nrun:\n    envs:\n        - value: b\n          name: A\n", {"A": "b"}, id="other-indent-and-order"),
        pytest.param("# a\n---\nrun:\n  envs:\n  - name: A\n    value: b\n---\nrun: []\n", {"A": "b"}, id="first-document"),
        pytest.param("run:\n  envs:\n  -\n    name: A\n    value: b\n  -\n    name: B\n    value: c\n", {"A": "b", "B": "c"}, id="dashes-alone"),
        pytest.param("'run':\n  \"envs\":\n  - \"name\": A\n    'value' : b\n", {"A": "b"}, id="keys-in-quotes"),
        pytest.param("run:\n  envs:\n  - name: A\n    value: b # c\n  # d\n\n  - name: B\n# e\n    value: c\n", {"A": "b", "B": "c"}, id="comments"),
        pytest.param("run:\n  envs:\n  - name: A\n    value: '{{ secret:s:k }}'\n  - value: '{{ configMap:c }}'\n  - name: B\n    value: '{{ env:B }}'\n", {}, id="references"),
        pytest.param("run:\n  envs:\n  - name: A\n    value: 'Dear {{ name }}'\n", {"A": "Dear {{ name }}"}, id="braces-in-a-text"),
        pytest.param("build:\n  buildEnvs:\n  - name: A\n    value: b\nenvs:\n- name: C\n  value: d\n", {}, id="other-lists"),
        pytest.param("run:\n  volumes:\n  - secret: s\n    path: /s\n  envs:\n  - name: A\n    value: b\n  startTimeout: 1m\n", {"A": "b"}, id="neighbours"),
        pytest.param("about: |\n  run:\n    envs:\n    - name: A\n      value: b\nrun:\n  options: {a: [b, *c]}\n", {}, id="keys-in-a-block"),
        pytest.param("run:\n  envs: [] # none\nbuild: {}\n", {}, id="no-entries"),
        pytest.param("run:\n  envs:\n", {}, id="no-list"),
        pytest.param("run:\n  envs:\n  - name: A\n    value: 10\n  - name: B\n", {"A": "10"}, id="no-value"),
        pytest.param("run:\r\n  envs:\r\n  - name: A\r\n    value: |\r\n      b\r\n      c\r\n", {"A": "b\nc\n"}, id="crlf"),
    ],
)  # fmt: skip
def test_variables_of_func_yaml(tmp_path: Path, text: str, variables: dict[str, str]) -> None:
    found = read(tmp_path, text)
    assert found.run_variables == variables
    assert not found.not_understood


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param('"x \\"y\\" # z" # comment', 'x "y" # z', id="double-quotes"),
        pytest.param("'it''s # \\n' # comment", "it's # \\n", id="single-quotes"),
        pytest.param('"\\x1b\\e\\u00e4\\U0001f600\\ \\_\\L"', "\x1b\x1bä\U0001f600 \xa0\u2028", id="escapes"),
        pytest.param('"a \\\n      \\ b\n      c\n\n      d"', "a  b c\nd", id="lines-in-double-quotes"),
        pytest.param("'a\n      b\n\n\n      c'", "a b\n\nc", id="lines-in-single-quotes"),
        pytest.param("a b\n      c#d\n\n      e # comment\n      # comment", "a b c#d\ne", id="plain-lines"),
        pytest.param("\n      # comment\n      a", "a", id="on-the-next-line"),
        pytest.param("https://host/a:b?c=d", "https://host/a:b?c=d", id="plain-url"),
        pytest.param("-1", "-1", id="negative-number"),
        pytest.param("|-\n      -----BEGIN KEY-----\n      a: b\n      # no comment\n\n      -----END KEY-----\n    # comment", "-----BEGIN KEY-----\na: b\n# no comment\n\n-----END KEY-----", id="key"),
        pytest.param("|\n      a\n        b\n\n", "a\n  b\n", id="literal"),
        pytest.param("|+ # comment\n      a\n\n", "a\n\n\n", id="literal-with-all-line-breaks"),
        pytest.param("|2-\n        a\n      b", "  a\nb", id="literal-with-indent"),
        pytest.param(">\n      a\n      b\n\n      c\n        d\n      e\n", "a b\nc\n  d\ne\n", id="folded"),
        pytest.param(">-\n      a\n      b", "a b", id="folded-without-line-break"),
        pytest.param('""', "", id="empty"),
        pytest.param("'~'", "~", id="tilde-in-quotes"),
        pytest.param("~", None, id="tilde"),
        pytest.param("null # nothing", None, id="null"),
        pytest.param("# comment", None, id="comment"),
    ],
)  # fmt: skip
def test_value_has_the_meaning_that_it_has_in_yaml(tmp_path: Path, text: str, value: str | None) -> None:
    document = f"{VALUE}{text}\n  - name: B\n    value: c\n"
    found = read(tmp_path, document)
    assert found.run_variables == ({"B": "c"} if value is None else {"A": value, "B": "c"})
    assert not found.not_understood
    assert yaml.safe_load(document)["run"]["envs"][0]["value"] == (int(value) if value == "-1" else value)


@given(value=TEXTS, style=st.sampled_from([None, "'", '"', "|", ">"]), width=st.sampled_from([10, 80]))
def test_values_that_a_yaml_writer_writes(value: str, style: str | None, width: int) -> None:
    entries = [{"name": "A", "value": value}]
    for document in (
        yaml.safe_dump({"run": {"envs": entries}}, default_style=style, width=width),
        yaml.safe_dump({"run": {"envs": entries}}, default_style=style, width=width, allow_unicode=True, indent=4),
    ):
        (entry,) = Node.document(document).mapping()["run"].mapping()["envs"].items()
        assert entry.mapping()["value"].text() == yaml.safe_load(document)["run"]["envs"][0]["value"]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        pytest.param(f"{VALUE}[a]\n", [(3, "the value of 'A'")], id="list"),
        pytest.param(f"{VALUE}{{a: b}}\n", [(3, "the value of 'A'")], id="mapping"),
        pytest.param(f"{VALUE}\n      a: b\n", [(3, "the value of 'A'")], id="mapping-in-lines"),
        pytest.param(f"{VALUE}\n    - a\n", [(3, "the value of 'A'")], id="list-in-lines"),
        pytest.param(f"{VALUE}&a b\n", [(3, "the value of 'A'")], id="anchor"),
        pytest.param(f"{VALUE}*a\n", [(3, "the value of 'A'")], id="alias"),
        pytest.param(f"{VALUE}!!str 1\n", [(3, "the value of 'A'")], id="tag"),
        pytest.param(f"{VALUE}a: b\n", [(3, "the value of 'A'")], id="two-colons"),
        pytest.param(f"{VALUE}'a\n", [(3, "the value of 'A'")], id="open-quote"),
        pytest.param(f'{VALUE}"a" b\n', [(3, "the value of 'A'")], id="after-quotes"),
        pytest.param(f'{VALUE}"\\q"\n', [(3, "the value of 'A'")], id="unknown-escape"),
        pytest.param(f'{VALUE}"\\U00110000"\n', [(3, "the value of 'A'")], id="no-character"),
        pytest.param(f'{VALUE}"\\ud800"\n', [(3, "the value of 'A'")], id="surrogate"),
        pytest.param(f'{VALUE}"a\\0"\n', [(3, "the value of 'A'")], id="null-character"),
        pytest.param(f"{VALUE}|x\n      a\n", [(3, "the value of 'A'")], id="unknown-block"),
        pytest.param(f"{VALUE}'{{{{ name }}}}'\n", [(3, "the value of 'A'")], id="unknown-reference"),
        pytest.param(f"{VALUE}p\xe4ss\n".encode("latin-1"), [(3, "the value of 'A'")], id="not-utf-8"),
        pytest.param("run:\n  envs:\n  - name: not a name\n    value: x\n", [(3, "the name 'not a name'")], id="name"),
        pytest.param("run:\n  envs:\n  - value: x\n", [(3, "a variable without a name")], id="no-name"),
        pytest.param("run:\n  envs:\n  - {name: A, value: b}\n", [(3, "a variable")], id="variable-in-brackets"),
        pytest.param("run:\n  envs:\n  - A=b\n", [(3, "a variable")], id="no-mapping"),
        pytest.param("run:\n  envs: [{name: A, value: b}]\n", [(2, "'envs' in 'run', or a line above it")], id="list-in-brackets"),
        pytest.param("run:\n  envs:\n    A: b\n", [(3, "'envs' in 'run', or a line above it")], id="mapping-of-variables"),
        pytest.param("run: {envs: []}\n", [(1, "'envs' in 'run', or a line above it")], id="section-in-brackets"),
        pytest.param('{"run": {"envs": []}}', [(1, "'buildEnvs' in 'build', or a line above it"), (1, "'envs' in 'run', or a line above it")], id="json"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_named(tmp_path: Path, text: str | bytes, places: list[tuple[int, str]]) -> None:
    found = read(tmp_path, text)
    assert not found.run_variables
    assert list(found.not_understood) == places


def test_variables_for_the_build(tmp_path: Path) -> None:
    text = "build:\n  buildEnvs:\n  - name: A\n    value: b\nrun:\n  envs:\n  - name: C\n    value: d\n"
    assert read(tmp_path, text) == FuncYaml({"A": "b"}, {"C": "d"})


def test_named_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "func.yaml")
    assert FuncYaml.read(tmp_path / "func.yaml") == FuncYaml({}, {})


def test_no_func_yaml(tmp_path: Path) -> None:
    assert FuncYaml.read(tmp_path / "func.yaml") == FuncYaml({}, {})


def test_build_warns_of_what_it_does_not_understand(rebuilt: Platform) -> None:
    variables = "".join(f"  - name: A{n}\n    value: *x\n" for n in range(11))
    key = "  - name: KEY\n    value: |-\n      a\n      b\n"
    rebuilt.write({"handler.py": "def handler(req): ...", "func.yaml": f"run:\n  envs:\n{key}{variables}"})
    section = rebuilt.build_well().section("Function")
    start = section.index("Warning: ignoring these parts of func.yaml, which the build cannot read:")
    assert section[start + 1] == "  line 7: the value of 'A0'"
    assert section[start + 10 : start + 13] == [
        "  line 25: the value of 'A9'",
        "  and 1 more",
        "Write each variable as 'name: NAME' and 'value: \"VALUE\"', in two lines.",
    ]
    assert (rebuilt.layers / "function" / "env.launch" / "KEY.default").read_text() == "a\nb"
