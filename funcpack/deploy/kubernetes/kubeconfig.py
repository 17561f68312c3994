"""Which cluster to talk to: the files of KUBECONFIG, `~/.kube/config`, or the service account of the pod, in kubectl's order.

lightkube reads one file, and prefers the service account. kubectl merges several files, and a kubeconfig is a choice of the user.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from funcpack.deploy.kubernetes.credential_plugins import VERSIONS, runnable
from funcpack.deployment_errors import KubeconfigError, NoClusterError, UnknownContextError, UnsupportedKubeconfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from lightkube.config.kubeconfig import SingleConfig

# Paths in a kubeconfig are relative to its directory.
PATHS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
LISTS = ("clusters", "contexts", "users")
# lightkube ignores them, or knows only that it does not support them. Without them, requests would go elsewhere or in another name.
UNSUPPORTED = {
    "cluster": ("proxy-url", "tls-server-name"),
    "user": ("as", "as-groups", "as-uid", "as-user-extra", "auth-provider"),
}
IN_CLUSTER = "KUBERNETES_SERVICE_HOST"


@dataclass(frozen=True, slots=True)
class _Merged:
    """Several kubeconfig files as one. `files` is how errors name them."""

    files: str
    content: Mapping[str, Any]


def selected_cluster(environ: Mapping[str, str], context: str | None) -> SingleConfig:
    """Return the cluster of a context, or of the current one.

    Raises:
        KubeconfigError: A file cannot be read or is not a kubeconfig.
        UnknownContextError: There is no such context, or no current one.
        UnsupportedKubeconfigError: The context has a setting that lightkube does not support.
        NoClusterError: There is no kubeconfig, and the process does not run in a cluster.

    """
    files = list(_files(environ))
    if files:
        return _from(_merged(files), context)
    if environ.get(IN_CLUSTER) and context is None:
        from lightkube import KubeConfig  # noqa: PLC0415 - the extra `kubernetes`

        return _complete(KubeConfig.from_service_account().get())
    raise NoClusterError(context)


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    """Return the files to read. Of a list, files that do not exist are left out, as kubectl does."""
    named = [Path(path) for path in environ.get("KUBECONFIG", "").split(os.pathsep) if path]
    if named and not any(path.exists() for path in named):
        raise KubeconfigError(os.pathsep.join(map(str, named)), "does not exist")
    default = Path(environ.get("HOME") or Path.home()) / ".kube" / "config"
    yield from (path for path in named or [default] if path.exists())


def _merged(files: Iterable[Path]) -> _Merged:
    """Return the files as one. If two files have an entry of the same name, the first one counts."""
    read = [(file, _read(file)) for file in files]
    content: dict[str, Any] = {
        name: list({entry["name"]: entry for _, parsed in reversed(read) for entry in parsed[name]}.values())
        for name in LISTS
    }
    content["current-context"] = next((current for _, parsed in read if (current := parsed["current-context"])), None)
    return _Merged(os.pathsep.join(str(file) for file, _ in read), content)


def _read(file: Path) -> dict[str, Any]:
    try:
        parsed = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as exc:
        raise KubeconfigError(str(file), exc.strerror or str(exc)) from exc
    except (UnicodeDecodeError, yaml.YAMLError) as exc:
        raise KubeconfigError(str(file), "is not a YAML file") from exc
    if not isinstance(parsed, dict):
        raise KubeconfigError(str(file), "is not a kubeconfig: it has no clusters and contexts")
    return {
        "current-context": parsed.get("current-context"),
        **{name: [_absolute(entry, name[:-1], file) for entry in parsed.get(name) or []] for name in LISTS},
    }


def _absolute(entry: Any, kind: str, file: Path) -> dict[str, Any]:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str) or not isinstance(entry.get(kind), dict):
        raise KubeconfigError(str(file), f"has an entry in {kind}s without a name or a {kind}")
    values = {
        key: str((file.parent / value).absolute()) if key in PATHS and value else value
        for key, value in entry[kind].items()
    }
    return {"name": entry["name"], kind: values}


def _from(merged: _Merged, context: str | None) -> SingleConfig:
    from lightkube import KubeConfig  # noqa: PLC0415 - the extra `kubernetes`
    from msgspec import ValidationError  # noqa: PLC0415 - as lightkube, which raises it

    name = context or merged.content["current-context"]
    contexts = [entry["name"] for entry in merged.content["contexts"]]
    if name not in contexts:
        raise UnknownContextError(name, merged.files, contexts)
    _check_supported(merged, name)
    try:
        return _complete(KubeConfig.from_dict(_runnable(merged.content)).get(name))
    except (KeyError, ValidationError) as exc:
        raise KubeconfigError(merged.files, f"has an invalid context '{name}': {exc}") from exc


def _runnable(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a kubeconfig with plugins that lightkube can run. Those of no supported version belong to other contexts."""
    users = [
        {**entry, "user": {**entry["user"], "exec": runnable(plugin)}}
        if (plugin := _plugin(entry["user"])) and plugin.get("apiVersion") in VERSIONS
        else entry
        for entry in content["users"]
    ]
    return {**content, "users": users}


def _check_supported(merged: _Merged, name: str) -> None:
    context = _entry(merged, "context", name)
    for kind, settings in UNSUPPORTED.items():
        entry = _entry(merged, kind, context.get(kind))
        for setting in settings:
            if entry.get(setting):
                raise UnsupportedKubeconfigError(merged.files, name, setting, None)
    version = _plugin(_entry(merged, "user", context.get("user"))).get("apiVersion")
    if version and version not in VERSIONS:
        raise UnsupportedKubeconfigError(merged.files, name, "exec.apiVersion", str(version))


def _entry(merged: _Merged, kind: str, name: str | None) -> Mapping[str, Any]:
    """Return the cluster, the context or the user of a name, or an empty one."""
    entries: list[dict[str, Any]] = merged.content[f"{kind}s"]
    return next((entry[kind] for entry in entries if entry["name"] == name), {})


def _plugin(user: Mapping[str, Any]) -> Mapping[str, Any]:
    plugin = user.get("exec")
    return plugin if isinstance(plugin, dict) else {}


def _complete(config: SingleConfig | None) -> SingleConfig:
    """Return a configuration with a user: lightkube requires one, also for a cluster that does not ask who it is."""
    from lightkube.config.models import User  # noqa: PLC0415 - the extra `kubernetes`

    if config is None:
        raise NoClusterError(None)
    return config if config.user else config._replace(user=User())
