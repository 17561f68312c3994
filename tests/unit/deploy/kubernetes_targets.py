"""Targets of the backends kubernetes and knative, as the commands read them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import yaml

from funcpack.deploy.kubernetes import knative, plain
from funcpack.deploy.settings.options import Options
from funcpack.deploy.settings.target import read_target

if TYPE_CHECKING:
    from pathlib import Path

    from funcpack.deploy.plan.backend import Backend

CREATE = {"kubernetes": plain.create, "knative": knative.create}
HTTP = "def handler(request): ...\n"
EVENT = "def handler(event): ...\n"
IMAGE = "registry.example.com/orders:1.0.0"


def backend_of(
    directory: Path,
    name: str,
    configuration: dict[str, Any] | None = None,
    function: str = HTTP,
    environ: dict[str, str] | None = None,
    **options: Any,
) -> tuple[Backend, list[str]]:
    """Return a backend for the function `orders`, and the list that its notes go to."""
    (directory / "handler.py").write_text(function)
    (directory / "config.json").write_text(json.dumps({"name": "orders", **(configuration or {})}))
    notes: list[str] = []
    chosen = Options(backend=name, **{"image": IMAGE, **options})
    target = read_target(directory, chosen, environ or {}, notes.append, needs_function=True)
    return CREATE[name](target, notes.append), notes


def manifests_of(directory: Path, name: str, configuration: dict[str, Any] | None = None, **options: Any) -> Any:
    """Return the manifests that a dry run prints, by their kinds."""
    backend, _ = backend_of(directory, name, configuration, **options)
    return {manifest["kind"]: manifest for manifest in yaml.safe_load_all(backend.shown_plan("text"))}
