"""Brings images of the local container engine into the cluster, through a registry or with a command."""

from __future__ import annotations

import secrets
import shlex
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tools.engine import Engine

# Knative looks up no digest for images of this registry, which does not exist.
LOCAL_REGISTRY = "dev.local"
# No cluster has it.
MISSING = f"{LOCAL_REGISTRY}/funcpack-missing:1"


@dataclass(frozen=True, slots=True)
class ClusterImages:
    """Images for the cluster: pushed to `registry`, or given to the command `loader` by name."""

    engine: Engine
    registry: str | None
    loader: str | None
    names: list[str] = field(default_factory=list)

    def bring(self, image: str) -> str:
        """Bring a local image into the cluster and return its name there."""
        # Kubernetes pulls an image without a tag, or with the tag `latest`, at every start.
        name = f"{self.registry or LOCAL_REGISTRY}/funcpack-test-{secrets.token_hex(6)}:1"
        self.engine.run("tag", image, name)
        self.names.append(name)
        if self.registry:
            self.engine.run("push", name)
        else:
            subprocess.run([*shlex.split(self.loader or ""), name], check=True)
        return name

    def remove_all(self) -> None:
        """Remove the names from the local engine."""
        for name in self.names:
            self.engine.ask("image", "rm", name)
