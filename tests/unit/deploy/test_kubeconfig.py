"""Which cluster is selected: several files, contexts, relative paths, and what is wrong with a kubeconfig."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from funcpack.deploy.kubernetes.kubeconfig import selected_cluster
from funcpack.deployment_errors import KubeconfigError, NoClusterError, UnknownContextError, UnsupportedKubeconfigError

if TYPE_CHECKING:
    from pathlib import Path


def kubeconfig(name: str, *, server: str | None = None, current: bool = True, **user: Any) -> dict[str, Any]:
    cluster = {"server": server or f"https://{name}.example.com", "certificate-authority": "ca.crt"}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        **({"current-context": name} if current else {}),
        "clusters": [{"name": name, "cluster": cluster}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": f"{name}-space"}}],
        "users": [{"name": name, "user": user}],
    }


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
    return path


def environ(*files: Path, home: str = "/nonexistent") -> dict[str, str]:
    return {"KUBECONFIG": os.pathsep.join(map(str, files)), "HOME": home}


def test_the_first_of_several_files_counts(tmp_path: Path) -> None:
    first = write(tmp_path / "first", kubeconfig("a", current=False))
    second = write(tmp_path / "second", kubeconfig("b"))
    third = write(tmp_path / "third", kubeconfig("a", server="https://other.example.com"))
    variables = environ(first, tmp_path / "missing", second, third)
    assert selected_cluster(variables, None).cluster.server == "https://b.example.com"
    selected = selected_cluster(variables, "a")
    assert (selected.cluster.server, selected.namespace) == ("https://a.example.com", "a-space")


def test_paths_are_relative_to_their_file(tmp_path: Path) -> None:
    file = write(tmp_path / "a" / "config", kubeconfig("a", tokenFile="token"))
    selected = selected_cluster(environ(file), None)
    assert selected.cluster.certificate_auth == str(tmp_path / "a" / "ca.crt")
    assert selected.user
    assert selected.user.token_file == str(tmp_path / "a" / "token")


def test_the_file_of_the_home_directory(tmp_path: Path) -> None:
    write(tmp_path / ".kube" / "config", kubeconfig("a"))
    assert selected_cluster({"HOME": str(tmp_path)}, None).context_name == "a"


def test_a_cluster_that_does_not_ask_who_it_is(tmp_path: Path) -> None:
    content = kubeconfig("a")
    del content["contexts"][0]["context"]["user"]
    assert selected_cluster(environ(write(tmp_path / "config", content)), None).user is not None


def test_no_cluster() -> None:
    with pytest.raises(NoClusterError):
        selected_cluster({"HOME": "/nonexistent"}, None)


@pytest.mark.parametrize("context", ["c", None])
def test_unknown_contexts(tmp_path: Path, context: str | None) -> None:
    file = write(tmp_path / "config", kubeconfig("a", current=False))
    with pytest.raises(UnknownContextError) as raised:
        selected_cluster(environ(file), context)
    assert raised.value.contexts == ["a"]


def dangling() -> dict[str, Any]:
    return {**kubeconfig("a"), "clusters": []}


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        ("{", "is not a YAML file"),
        ("text", "is not a kubeconfig"),
        ({"clusters": [{"name": "a"}]}, "an entry in clusters"),
        (dangling(), "has an invalid context 'a'"),
        (kubeconfig("a", token=["x"]), "has an invalid context 'a'"),
    ],
)
def test_invalid_files(tmp_path: Path, content: Any, kind: str) -> None:
    with pytest.raises(KubeconfigError) as raised:
        selected_cluster(environ(write(tmp_path / "config", content)), None)
    assert kind in raised.value.kind


PLUGIN = {"apiVersion": "client.authentication.k8s.io/v2", "command": "login"}


@pytest.mark.parametrize(
    ("cluster", "user", "setting"),
    [
        ({"proxy-url": "http://proxy.example.com:3128"}, {}, "proxy-url"),
        ({"tls-server-name": "internal"}, {}, "tls-server-name"),
        ({}, {"as": "alice"}, "as"),
        ({}, {"auth-provider": {"name": "gcp"}}, "auth-provider"),
        ({}, {"exec": PLUGIN}, "exec.apiVersion"),
    ],
)
def test_settings_that_are_not_supported(
    tmp_path: Path, cluster: dict[str, Any], user: dict[str, Any], setting: str
) -> None:
    content = kubeconfig("a", **user)
    content["clusters"][0]["cluster"] |= cluster
    file = write(tmp_path / "config", content)
    with pytest.raises(UnsupportedKubeconfigError) as raised:
        selected_cluster(environ(file), None)
    assert raised.value.setting == setting
    # Of another context, they do not matter.
    other = write(tmp_path / "other", kubeconfig("b"))
    assert selected_cluster(environ(other, file), None).context_name == "b"


def test_named_files_that_do_not_exist(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError) as raised:
        selected_cluster(environ(tmp_path / "missing"), None)
    assert raised.value.kind == "does not exist"
