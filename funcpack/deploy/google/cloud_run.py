"""Cloud Run as a backend. See https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.services."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from funcpack.deploy.google import bindings, logs, operations, requests, serving, traffic
from funcpack.deploy.google.built_image import built_image
from funcpack.deploy.google.endpoints import Endpoints
from funcpack.deploy.google.place import Place
from funcpack.deploy.google.printed import printed
from funcpack.deploy.google.registry import named_image
from funcpack.deploy.google.revisions import all_revisions, previous
from funcpack.deploy.google.service import Address, current
from funcpack.deploy.google.service_body import check_sections, share
from funcpack.deploy.google.service_changes import changes
from funcpack.deploy.google.service_permissions import explanation, permission_steps
from funcpack.deploy.google.service_plan import OPERATION, ServicePlan, rollback_steps
from funcpack.deploy.packing import container
from funcpack.deploy.packing.archive import files_of_function, pack
from funcpack.deploy.plan.backend import Change, Description, Difference
from funcpack.deploy.plan.smoke import Smoke
from funcpack.deploy.plan.steps import Plan, Step, begun
from funcpack.deploy.plan.values import resolved
from funcpack.deployment_errors import NotDeployedError, NothingToRollBackToError, PermissionDeniedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from funcpack.deploy.google.image import Image
    from funcpack.deploy.packing.container import ContainerSource
    from funcpack.deploy.plan.backend import Backend
    from funcpack.deploy.plan.execution import Execution
    from funcpack.deploy.plan.note import Note
    from funcpack.deploy.plan.values import Answers
    from funcpack.deploy.settings.target import Target

_DELETE = "delete"
_DELETED = "deleted"
_NEW_IMAGE = "the image that is built"


def create(target: Target, note: Note) -> Backend:
    """Return the backend for a target.

    Raises:
        CommandError: the place or a variable is not valid.

    """
    place = Place.of(target.options, target.environ, target.backend)
    address = Address(Endpoints.from_environ(target.environ), place, target.name)
    return CloudRun(target, note, address)


@dataclass(frozen=True)
class CloudRun:
    """A service of Cloud Run."""

    target: Target
    note: Note
    address: Address

    def plan(self) -> Plan:
        """Return the requests of a deployment, without a network and without credentials."""
        return self._service_plan.plan()

    def shown_plan(self, format_: str) -> str:
        """Return the plan as `--dry-run` prints it."""
        return printed(self.plan(), format_)

    def difference(self) -> Difference:
        """Compare the service with what a deployment would send. At most three requests are sent, which only read."""
        plan = self._service_plan
        answers = self._run(Plan((*plan.image.before, self.address.read())))
        service = self._found(answers) or {}
        needs_build = plan.image.is_outdated is not None and plan.image.is_outdated.holds(answers)
        image = _NEW_IMAGE if needs_build else resolved(plan.image.updated, answers)
        wanted = plan.body(image)
        return Difference(
            bool(service),
            needs_build,
            (
                *changes(service, wanted),
                *_traffic_changes(service, plan.share),
                *bindings.changes(self.address.url if service else None, plan.granted, self._run),
            ),
        )

    def deploy(self) -> Description:
        """Deploy, wait unless the options say otherwise, and return what serves."""
        try:
            answers = self._run(self.plan())
        except PermissionDeniedError:
            # The table of all permissions that lack says more than the first that was denied.
            self._run(explanation(self.target, self.note, self.address, self._image))
            raise
        if not self.target.options.no_wait:
            service = serving.served(answers, OPERATION)
            for remark in serving.remarks(service, answers):
                self.note(remark)
            return self._called(answers)
        url = (self._found(answers) or {}).get("uri")
        waiting = "the deployment has begun and was not waited for"
        return Description(self.target.name, self.target.backend, url, None, ready=False, reason=waiting)

    def describe(self) -> Description | None:
        """Return what is deployed, or None if there is no such service."""
        service = self._service()
        return None if service is None else self._description(service)

    def logs(self) -> Iterator[str]:
        """Return the last lines of the service."""
        place = self.address.place
        labels = {"service_name": self.address.name, "location": place.location}
        terms = ['resource.type="cloud_run_revision"']
        terms += [f'resource.labels.{name}="{value}"' for name, value in labels.items()]
        return logs.lines(self._run, self.address.endpoints, place.project, " AND ".join(terms))

    def rollback(self) -> Description:
        """Give the traffic to the newest ready revision that has served and is older than the one that serves now."""
        service = self._found(self._run(Plan((self.address.read(), self.address.settled()))))
        if service is None:
            raise NotDeployedError(self.target.name, self.target.backend)
        revision = previous(service, all_revisions(self.address, self._run))
        if revision is None:
            raise NothingToRollBackToError(self.target.name)
        path = self._health_path if service.get("uri") else None
        return self._called(self._run(rollback_steps(self.address, service, revision, path)))

    def destroy(self) -> bool:
        """Delete the service and wait until it is gone. Return whether there was one."""
        name = self.address.name
        delete = Step(_DELETE, f"Delete the service {name}", "DELETE", self.address.url, accepts=frozenset({404}))
        purpose = f"Wait until the service {name} is gone"
        wait = operations.wait(_DELETED, _DELETE, self.address.api, purpose, condition=begun(_DELETE))
        return self._run(Plan((delete, wait)))[_DELETE].status != 404

    @cached_property
    def _service_plan(self) -> ServicePlan:
        """What the configuration and the options describe; all of it is checked here, before the first request."""
        configuration, options = self.target.configuration, self.target.options
        check_sections(configuration)
        return ServicePlan(
            self.address,
            configuration,
            self._image,
            share(configuration),
            bindings.configured(configuration),
            Smoke.read(options.smoke) if options.smoke else None,
            self._health_path if self._has_address else None,
            not options.no_wait,
            self.note,
            permission_steps(self.target, self.note, self.address, self._image),
        )

    @cached_property
    def _image(self) -> Image:
        if self.target.options.image:
            return named_image(self.target.options.image)
        source = self._container
        for note in source.notes:
            self.note(note)
        config = self.target.options.config
        excluded = (*source.excluded, *((config,) if config else ()))
        upload = pack(self.target.directory, excluded=excluded, extra=source.extra, required=self._required)
        return built_image(self.target.configuration, self.address, source, upload)

    @cached_property
    def _container(self) -> ContainerSource:
        if self.target.inspection is None:
            raise TypeError("the function was not inspected")
        return container.source(self.target.directory, self.target.inspection)

    @property
    def _required(self) -> tuple[str, ...]:
        """The file of the function, without which the archive is of no use; a Dockerfile may use others."""
        inspection = self.target.inspection
        return files_of_function(inspection) if inspection and self._container.kind != "dockerfile" else ()

    @property
    def _health_path(self) -> str:
        """The path that our invoker answers itself; the images of others have none that is known."""
        is_ours = self.target.options.image or self.target.inspection is None or self._container.kind != "dockerfile"
        return serving.HEALTH_PATH if is_ours else "/"

    @property
    def _has_address(self) -> bool:
        return not self.target.section("cloudrun").get("defaultUriDisabled")

    def _run(self, plan: Plan) -> Answers:
        return self._execution.run(plan)

    @cached_property
    def _execution(self) -> Execution:
        return requests.execution(self.target, self.note)

    def _service(self) -> dict[str, Any] | None:
        return self._found(self._run(Plan((self.address.read(),))))

    @staticmethod
    def _found(answers: Answers) -> dict[str, Any] | None:
        received = current(answers)
        return None if received.status == 404 else received.body

    def _called(self, answers: Answers) -> Description:
        """Return what serves, which was called if it has an address."""
        reason = None if serving.CALL in answers else "the service has no address of its own"
        return self._description(serving.served(answers, OPERATION)).uncalled(reason)

    def _description(self, service: Mapping[str, Any]) -> Description:
        failure = serving.not_ready(service)
        return Description(
            self.target.name,
            self.target.backend,
            service.get("uri"),
            serving.serving_revision(service),
            ready=failure is None,
            reason=failure.sentence if failure else None,
        )


def _traffic_changes(service: Mapping[str, Any], share: int) -> tuple[Change, ...]:
    """Return the change of the newest revision's percentage, if there is one."""
    if not service:
        return ()
    current = traffic.percentages(service).get(traffic.ready_revision(service), 0)
    return () if current == share else (Change("traffic", current, share),)
