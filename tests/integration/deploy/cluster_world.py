"""What exists in a cluster, and what a user may do there, as the answers of its API server to a deployment."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tests.integration.deploy.cluster_server import Reply, failure, kubeconfig, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.deploy.cluster_server import Request

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

    def answer(self, request: Request) -> Reply:
        """Return the answer to a request."""
        path = urlsplit(request.path).path
        body: Any = json.loads(request.body or b"null")
        if path == REVIEWS:
            attributes = body["spec"]["resourceAttributes"]
            parts = (attributes["resource"], attributes.get("subresource"))
            permission = f"{attributes['verb']} {'/'.join(filter(None, parts))}"
            self.reviewed.append(permission)
            return Reply(201, {"status": {"allowed": permission not in self.denied}})
        if request.method == "PATCH":
            self.applied[path] = body
            self.found.setdefault(path, {**body, "metadata": {**body["metadata"], "uid": "1", "generation": 1}})
            return Reply(200, self.found[path])
        if path in self.forbidden:
            return failure(403, "forbidden")
        return Reply(200, self.found[path]) if path in self.found else failure(404, "not found")


@contextmanager
def cluster_world(directory: Path) -> Iterator[tuple[World, Path]]:
    """Serve a cluster, and yield it with a kubeconfig that selects it."""
    world = World()
    with served(world.answer) as url:
        yield world, kubeconfig(directory, url)
