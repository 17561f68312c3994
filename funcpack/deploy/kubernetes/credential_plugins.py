"""Credential plugins: the programs that a kubeconfig names, which print a token.

lightkube runs plugins of the versions before v1 only, and does not tell them which version is spoken, which many require. A token
has the same form in all of them.
See https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

GROUP = "client.authentication.k8s.io"
VERSIONS = (f"{GROUP}/v1", f"{GROUP}/v1beta1", f"{GROUP}/v1alpha1")
LIGHTKUBE_VERSION = f"{GROUP}/v1beta1"
# Tells a plugin the version, and that nobody answers its questions.
INFO = "KUBERNETES_EXEC_INFO"


def runnable(plugin: Mapping[str, Any]) -> dict[str, Any]:
    """Return the `exec` of a user so that lightkube runs it as kubectl would."""
    info = {"apiVersion": plugin["apiVersion"], "kind": "ExecCredential", "spec": {"interactive": False}}
    variable = {"name": INFO, "value": json.dumps(info)}
    return {**plugin, "apiVersion": LIGHTKUBE_VERSION, "env": [*(plugin.get("env") or []), variable]}
