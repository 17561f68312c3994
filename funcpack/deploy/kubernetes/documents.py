"""Manifests as text: YAML documents for `kubectl apply --filename -`, or a JSON array."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable

    from funcpack.deploy.kubernetes.workload import Manifest

# Plain texts that PyYAML reads as texts, but other readers of YAML 1.1 and 1.2, kubectl's among them, read as booleans or numbers.
OTHER_VALUES = re.compile(r"[yYnN]|[-+]?(\.?[0-9][0-9_.:]*([eE][-+]?[0-9]+)?|0[xob][0-9a-fA-F_]+)")


class _Dumper(yaml.SafeDumper):
    """Writes lists indented, and quotes texts that a reader could misread."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - PyYAML's signature
        super().increase_indent(flow, indentless=False)


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    # Readers do not agree on line breaks other than "\n", and fold those in plain texts.
    style = '"' if OTHER_VALUES.fullmatch(text) or not text.isprintable() else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def as_yaml(manifests: Iterable[Manifest]) -> str:
    """Return YAML documents: the same bytes for the same manifests."""
    documents = (
        yaml.dump(manifest, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=sys.maxsize)
        for manifest in manifests
    )
    return "---\n".join(documents)


def as_json(manifests: Iterable[Manifest]) -> str:
    """Return a JSON array."""
    return json.dumps(list(manifests), indent=2, ensure_ascii=False) + "\n"
