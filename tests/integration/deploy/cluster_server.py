"""A server with the answers of a cluster's API to a deployment: what exists, and what a user may do."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import yaml

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

NAMESPACE = "shop"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

Resource = dict[str, Any]


@dataclass
class World:
    """The resources and lists of a cluster by their paths, paths and permissions that the user lacks, and what was applied."""

    found: dict[str, Resource] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    reviewed: list[str] = field(default_factory=list)
    applied: dict[str, Resource] = field(default_factory=dict)

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Resource]:
        """Return the status and the body of an answer."""
        if path == REVIEWS:
            attributes = body["spec"]["resourceAttributes"]
            parts = (attributes["resource"], attributes.get("subresource"))
            permission = f"{attributes['verb']} {'/'.join(filter(None, parts))}"
            self.reviewed.append(permission)
            return 201, {"status": {"allowed": permission not in self.denied}}
        if method == "PATCH":
            self.applied[path] = body
            self.found.setdefault(path, {**body, "metadata": {**body["metadata"], "uid": "1", "generation": 1}})
            return 200, self.found[path]
        if path in self.forbidden:
            return 403, {"kind": "Status", "message": "forbidden"}
        return (200, self.found[path]) if path in self.found else (404, {"kind": "Status", "message": "not found"})


@contextmanager
def cluster_server(directory: Path) -> Generator[tuple[World, Path]]:
    """Serve a cluster, and return it with a kubeconfig that selects it."""
    world = World()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("content-length") or 0))
            path = urlsplit(self.path).path
            status, body = world.answer(self.command, path, json.loads(content) if content else None)
            sent = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def do_GET(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            self.answer()

        def do_PATCH(self) -> None:
            self.answer()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        try:
            yield world, kubeconfig(directory, f"http://127.0.0.1:{listening.server_address[1]}")
        finally:
            listening.shutdown()


def kubeconfig(directory: Path, server: str) -> Path:
    """Write a kubeconfig and return its path."""
    content = {
        "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": server}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test", "namespace": NAMESPACE}}],
        "users": [{"name": "test", "user": {"token": "secret"}}],
    }
    file = directory / "kubeconfig"
    file.write_text(yaml.safe_dump(content))
    return file
