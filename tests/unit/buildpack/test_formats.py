"""The small formats that the buildpack reads and writes: TOML of the specification's files, func.yaml, CycloneDX."""

from __future__ import annotations

import hashlib
import json
import os
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcpack.buildpack.install import sbom
from funcpack.buildpack.platform import toml
from funcpack.project import func_yaml
from tests import bills

if TYPE_CHECKING:
    from pathlib import Path

KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
SCALARS = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(st.characters(exclude_categories=["Cs"]))
TABLES = st.recursive(
    st.dictionaries(KEYS, SCALARS | st.lists(SCALARS), max_size=3),
    lambda tables: st.dictionaries(KEYS, SCALARS | tables | st.lists(tables, min_size=1, max_size=2), max_size=3),
    max_leaves=5,
)


@given(TABLES)
def test_toml_reads_back_as_it_was(table: dict[str, Any]) -> None:
    assert tomllib.loads(toml.dumps(table)) == table


def test_toml_has_no_other_types() -> None:
    with pytest.raises(TypeError):
        toml.dumps({"a": 1.5})


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        pytest.param("", {}, id="empty"),
        pytest.param("run:\n  envs:\n  - name: A\n    value: b\n", {"A": "b"}, id="as-kn-func-writes"),
        pytest.param("run:\n    envs:\n        - value: b\n          name: A\n", {"A": "b"}, id="other-indent-and-order"),
        pytest.param("run:\n  envs:\n  - name: A\n    value: b # c\n  # d\n\n  - name: B\n    value: c\n", {"A": "b", "B": "c"}, id="comments"),
        pytest.param("run:\n  envs:\n  - name: A\n    value: \"x \\\"y\\\" # z\"\n  - name: B\n    value: 'it''s'\n", {"A": 'x "y" # z', "B": "it's"}, id="quotes"),
        pytest.param("run:\n  envs:\n  - name: A\n    value: '{{ secret:s:k }}'\n  - value: '{{ configMap:c }}'\n", {}, id="references"),
        pytest.param("build:\n  buildEnvs:\n  - name: A\n    value: b\nenvs:\n- name: C\n  value: d\n", {}, id="other-lists"),
        pytest.param("run:\n  volumes:\n  - secret: s\n    path: /s\n  envs:\n  - name: A\n    value: b\n  startTimeout: 1m\n", {"A": "b"}, id="neighbours"),
        pytest.param("run:\n  envs: []\n", {}, id="no-entries"),
        pytest.param("run:\n  envs:\n  - name: A\n    value: 10\n  - name: not a name\n    value: x\n  - name: B\n", {"A": "10"}, id="odd-entries"),
        pytest.param("run:\r\n  envs:\r\n  - name: A\r\n    value: b\r\n", {"A": "b"}, id="crlf"),
    ],
)  # fmt: skip
def test_variables_of_func_yaml(tmp_path: Path, text: str, variables: dict[str, str]) -> None:
    (tmp_path / "func.yaml").write_text(text, newline="")
    assert func_yaml.run_variables(tmp_path / "func.yaml") == variables


def test_variables_of_func_yaml_for_the_build(tmp_path: Path) -> None:
    text = "build:\n  buildEnvs:\n  - name: A\n    value: b\nrun:\n  envs:\n  - name: C\n    value: d\n"
    (tmp_path / "func.yaml").write_text(text)
    assert func_yaml.build_variables(tmp_path / "func.yaml") == {"A": "b"}


def test_named_pipe_for_a_func_yaml_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "func.yaml")
    assert func_yaml.run_variables(tmp_path / "func.yaml") == {}


def test_no_func_yaml(tmp_path: Path) -> None:
    assert func_yaml.run_variables(tmp_path / "func.yaml") == {}


@pytest.mark.parametrize(
    ("metadata", "licenses"),
    [
        ("License-Expression: MIT OR Apache-2.0", [{"expression": "MIT OR Apache-2.0"}]),
        ("Classifier: License :: OSI Approved :: MIT License", [{"license": {"name": "MIT License"}}]),
        ("License: BSD", [{"license": {"name": "BSD"}}]),
        ("License: Permission is\n        granted", None),
        ("Summary: x", None),
    ],
)
def test_bill_of_materials_is_valid(tmp_path: Path, metadata: str, licenses: list[Any] | None) -> None:
    component = bill_of(tmp_path, metadata)
    assert bills.faults(tmp_path / "bill.cdx.json") == ""
    assert component["purl"] == "pkg:pypi/orders-desk@1.0"
    assert component.get("licenses") == licenses


FILES = "orders.py,sha256=b,1\nOrders_Desk-1.0.dist-info/METADATA,sha256=a,1\n"


@pytest.mark.parametrize(
    ("record", "hashed"),
    [
        pytest.param(FILES, "Orders_Desk-1.0.dist-info/METADATA sha256=a\norders.py sha256=b\n", id="of-the-wheel"),
        pytest.param(
            f"../../../bin/orders,sha256=c,1\n{FILES}Orders_Desk-1.0.dist-info/INSTALLER,sha256=d,2\n"
            "Orders_Desk-1.0.dist-info/direct_url.json,sha256=e,3\nOrders_Desk-1.0.dist-info/RECORD,,\n",
            "Orders_Desk-1.0.dist-info/METADATA sha256=a\norders.py sha256=b\n",
            id="installed",
        ),
        pytest.param('"orders,desk.py",sha256=b,1\n', "orders,desk.py sha256=b\n", id="quoted"),
        pytest.param("orders.py,,\n", None, id="without-hashes"),
    ],
)
def test_bill_of_materials_has_the_digest_of_the_files(tmp_path: Path, record: str, hashed: str | None) -> None:
    component = bill_of(tmp_path, "", record)
    wanted = hashed and [{"alg": "SHA-256", "content": hashlib.sha256(hashed.encode()).hexdigest()}]
    assert component.get("hashes") == wanted


def bill_of(directory: Path, metadata: str, record: str = FILES) -> dict[str, Any]:
    about = directory / "Orders_Desk-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.4\nName: Orders_Desk\nVersion: 1.0\n{metadata}\n\nBody")
    (about / "RECORD").write_text(record)
    sbom.write_sbom(directory / "bill.cdx.json", directory)
    (component,) = json.loads((directory / "bill.cdx.json").read_text())["components"]
    return dict(component)
