"""A connection to the API server of a cluster: one request, and its answer.

lightkube reads the kubeconfig and authenticates. Its HTTP client sends the requests: a plan has whole requests, and of the answers,
which are JSON, only a few fields are read.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from funcpack.deploy.kubernetes import addresses, answers
from funcpack.deploy.kubernetes.kubeconfig import selected_cluster
from funcpack.deploy.plan.steps import Content
from funcpack.deploy.plan.values import Received
from funcpack.deployment_errors import ClusterCredentialsError, MissingKubernetesExtraError, NetworkError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx2

    from funcpack.command_errors import CommandError
    from funcpack.deploy.settings.target import Target

SECONDS_TO_CONNECT = 10.0
SECONDS_TO_ANSWER = 60.0


@dataclass(frozen=True, slots=True)
class Connection:
    """A cluster in a context of the kubeconfig, and the namespace that the context names."""

    server: str
    context: str
    namespace: str
    client: httpx2.Client

    def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: Any,
        *,
        is_authorized: bool,
        timeout: float | None,
    ) -> Received:
        """Send a request and return the answer, whatever its status. If it is not JSON, its body is text.

        Without `is_authorized`, it is sent to the address of a function instead of the cluster.

        Raises:
            UnreachableAddressError: The address of the function cannot be reached from here.
            NetworkError: There is no answer.
            ClusterCredentialsError: There are no credentials.

        """
        import httpx2  # noqa: PLC0415 - the extra `kubernetes`
        from lightkube import ConfigError  # noqa: PLC0415 - the extra `kubernetes`

        if not is_authorized:
            return addresses.send(method, url, headers, body, timeout)
        content = body.content if isinstance(body, Content) else None if body is None else json.dumps(body).encode()
        limit = SECONDS_TO_ANSWER if timeout is None else max(0.1, min(timeout, SECONDS_TO_ANSWER))
        limits = httpx2.Timeout(limit, connect=min(limit, SECONDS_TO_CONNECT))
        try:
            response = self.client.request(method, url, headers=dict(headers), content=content, timeout=limits)
        except httpx2.HTTPError as exc:
            is_sent = not isinstance(exc, httpx2.ConnectError | httpx2.ConnectTimeout)
            raise NetworkError(self.server, str(exc).rstrip(".") or type(exc).__name__, is_sent) from exc
        except (ConfigError, OSError) as exc:  # a plugin of the kubeconfig failed, or is not installed
            raise ClusterCredentialsError(self.server, self.context, str(exc)) from exc
        except (LookupError, TypeError, ValueError) as exc:
            reason = f"the plugin of the kubeconfig returned no token ({type(exc).__name__}: {exc})"
            raise ClusterCredentialsError(self.server, self.context, reason) from exc
        fields = {key.lower(): value for key, value in response.headers.items()}
        return Received(response.status_code, fields, _content(response), response.content)

    def rejection(self, purpose: str, received: Received, *, is_authorized: bool) -> CommandError:  # noqa: ARG002 - what a function answers is accepted
        """Return the error for an answer of the cluster that is not acceptable. `purpose` is that of the step."""
        if received.status == 401:
            return ClusterCredentialsError(self.server, self.context, "the cluster answers 401 Unauthorized")
        return answers.rejection(purpose, received)


def connected(target: Target) -> Connection:
    """Return the connection to the cluster that a target selects. Nothing is sent yet.

    Raises:
        MissingKubernetesExtraError: lightkube is not installed.
        CommandError: The kubeconfig does not select a cluster, or its credentials cannot be read.

    """
    try:
        from lightkube.config.client_adapter import Client, ConnectionParams  # noqa: PLC0415 - the extra `kubernetes`
    except ModuleNotFoundError as exc:
        raise MissingKubernetesExtraError(exc.name or "lightkube") from exc
    from lightkube import ConfigError  # noqa: PLC0415 - the extra `kubernetes`

    config = selected_cluster(target.environ, target.options.context)
    try:
        client = Client(config, ConnectionParams())
    except (ConfigError, OSError, ValueError) as exc:  # of a certificate or a key; ssl.SSLError is an OSError
        raise ClusterCredentialsError(config.cluster.server, config.context_name, str(exc)) from exc
    return Connection(config.cluster.server, config.context_name, config.namespace, client)


def _content(response: httpx2.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return response.text
