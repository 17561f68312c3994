"""What the manifests of both backends are made from: the name, the image and the environment of a function."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from funcpack.deployment_errors import SecretReferenceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from funcpack.deploy.settings.target import Target

MANAGER = "funcpack"
NAME_LABEL = "app.kubernetes.io/name"
MANAGER_LABEL = "app.kubernetes.io/managed-by"

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class SecretKey:
    """A key of a Kubernetes Secret."""

    secret: str
    key: str


@dataclass(frozen=True, slots=True)
class Workload:
    """A function that runs from an image. `namespace` is None if the user has not named one, and `own_labels` are the user's."""

    name: str
    image: str
    namespace: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, SecretKey] = field(default_factory=dict)
    own_labels: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, target: Target) -> Workload:
        """Return the workload of a target. Without `--image`, for commands that only need names, the image is empty.

        Raises:
            SecretReferenceError: A value of `secrets` is not `secret/key`.

        """
        return cls(
            target.name,
            target.options.image or "",
            target.options.namespace,
            target.configuration.texts,
            {name: _secret_key(name, text, target) for name, text in target.section("secrets").items()},
            target.section("labels"),
        )

    @property
    def selector(self) -> dict[str, str]:
        """The labels that select the pods."""
        return {NAME_LABEL: self.name}

    @property
    def labels(self) -> dict[str, str]:
        """The labels of every resource. Those that find it again are not the user's to change."""
        found_by = {**self.selector, MANAGER_LABEL: MANAGER}
        return {**found_by, **self.own_labels, **found_by}

    def manifest(self, api_version: str, kind: str, spec: Mapping[str, Any], *, name: str | None = None) -> Manifest:
        """Return a manifest with the labels of the function, and its name or another one."""
        metadata: dict[str, Any] = {"name": name or self.name}
        if self.namespace:
            metadata["namespace"] = self.namespace
        metadata["labels"] = self.labels
        return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": dict(spec)}


def _secret_key(name: str, text: str, target: Target) -> SecretKey:
    secret, _, key = text.partition("/")
    if not secret or not key or "/" in key:
        raise SecretReferenceError(target.configuration.file, name)
    return SecretKey(secret, key)
