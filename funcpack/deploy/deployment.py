"""Deployments from Python: the same steps as the commands `deploy`, `describe`, `logs`, `rollback` and `destroy`."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from dataclasses import fields
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from funcpack.deploy.settings.options import Options
from funcpack.deploy.settings.target import read_target
from funcpack.similar_names import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from funcpack.deploy.plan.backend import Backend, Description, Difference
    from funcpack.deploy.plan.note import Note
    from funcpack.deploy.plan.steps import Plan
    from funcpack.deploy.settings.target import Target

# A backend is imported when it is needed: each needs other libraries, which are optional.
_MODULES = {
    "cloudfunction": "funcpack.deploy.google.cloud_functions_v1",
    "cloudfunctionv2": "funcpack.deploy.google.cloud_functions_v2",
    "cloudrun": "funcpack.deploy.google.cloud_run",
    "kubernetes": "funcpack.deploy.kubernetes.plain",
    "knative": "funcpack.deploy.kubernetes.knative",
}
_PATHS = ("config", "smoke")

_CONTINUE = "To continue, run the same command again."
# A second rollback would go back further.
_LOOK = "To see what serves, run: funcpack describe"


class Deployment:
    """A function on a platform.

    The methods raise a `funcpack.errors.UserError`, whose text says what to do, if an option, the configuration or the function is
    not valid, or if the platform does not do what the name of the method says.
    """

    def __init__(
        self,
        directory: str | Path = ".",
        backend: str | None = None,
        *,
        note: Note | None = None,
        environ: Mapping[str, str] | None = None,
        **options: Any,
    ) -> None:
        """Take the function in `directory` and the options of the commands, with `_` for `-`: `no_wait=True`.

        `set` is an assignment such as `cloudrun.traffic=25`, or a list of them. `note` receives each line for people, by default the logger `funcpack.deploy`. `environ`
        are the variables, by default those of the process.

        Raises:
            TypeError: There is no such option.

        """
        self._directory = Path(directory)
        self._options = _options({"backend": backend, **options})
        self._note = note or logging.getLogger("funcpack.deploy").info
        self._environ = os.environ if environ is None else environ

    @property
    def name(self) -> str:
        """The name of the deployment."""
        return self._deployed.name

    @property
    def backend(self) -> str:
        """The name of the backend."""
        return self._deployed.backend

    def plan(self) -> Plan:
        """Return the requests that `deploy` would send, in order. It needs no network and no credentials.

        For Kubernetes and Knative, these are the requests that apply the manifests.
        """
        return self._to_deploy.plan()

    def shown_plan(self, format_: str = "text") -> str:
        """Return the plan as `funcpack deploy --dry-run` prints it, in the format `text` or `json`."""
        return self._to_deploy.shown_plan(format_)

    def difference(self) -> Difference:
        """Compare what is deployed with what `deploy` would send. It sends only GET requests."""
        return self._to_deploy.difference()

    def deploy(self) -> Description:
        """Deploy the function, and return what serves."""
        with self._interruptible(_CONTINUE):
            return self._to_deploy.deploy()

    def describe(self) -> Description | None:
        """Return what is deployed, or None if there is nothing with this name."""
        return _backend(self._deployed, self._note).describe()

    def logs(self) -> Iterator[str]:
        """Return the last lines that the function wrote."""
        return _backend(self._deployed, self._note).logs()

    def rollback(self) -> Description:
        """Give the traffic back to what served before, and return what serves then."""
        with self._interruptible(_LOOK):
            return _backend(self._deployed, self._note).rollback()

    def destroy(self) -> bool:
        """Delete what is deployed, wait until it is gone, and return whether there was anything."""
        with self._interruptible(_CONTINUE):
            return _backend(self._deployed, self._note).destroy()

    @contextmanager
    def _interruptible(self, advice: str) -> Iterator[None]:
        """Note what to do after an interruption."""
        try:
            yield
        except KeyboardInterrupt:
            self._note(advice)
            raise

    @cached_property
    def _to_deploy(self) -> Backend:
        return _backend(self._target(needs_function=True), self._note)

    @cached_property
    def _deployed(self) -> Target:
        return self._target(needs_function=False)

    def _target(self, *, needs_function: bool) -> Target:
        return read_target(self._directory, self._options, self._environ, self._note, needs_function=needs_function)


def _options(values: Mapping[str, Any]) -> Options:
    known = [field.name for field in fields(Options)]
    for name in values:
        if name not in known:
            similar = nearest(name, known)
            raise TypeError(
                f"Deployment() has no option '{name}'." + (f" Did you mean '{similar}'?" if similar else "")
            )
    paths = {name: Path(values[name]) for name in _PATHS if values.get(name) is not None}
    assignments = values.get("set") or ()
    together = (assignments,) if isinstance(assignments, str) else tuple(assignments)
    return Options(**{**values, **paths, "set": together})


def _backend(target: Target, note: Note) -> Backend:
    backend: Backend = import_module(_MODULES[target.backend]).create(target, note)
    return backend
