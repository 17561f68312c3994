"""The small formats that the buildpack reads and writes: TOML of the specification's files, func.yaml, CycloneDX."""

from __future__ import annotations

import hashlib
import json
import tomllib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from funcpack.buildpack.install import sbom
from funcpack.buildpack.platform import toml
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
