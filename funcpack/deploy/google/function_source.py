"""The source that Cloud Functions builds: the app, the generated entry module and the invoker, as one archive."""

from __future__ import annotations

from typing import TYPE_CHECKING

from funcpack.deploy.google.function_plan import Wanted
from funcpack.deploy.google.function_resource import resource
from funcpack.deploy.google.runtimes import runtime
from funcpack.deploy.packing.archive import files_of_function, pack, source_label
from funcpack.deploy.packing.entry_module import entry
from funcpack.deployment_errors import FunctionSourceSizeError

if TYPE_CHECKING:
    from funcpack.check.local import Inspection
    from funcpack.deploy.google.function import Function
    from funcpack.deploy.google.generations import Generation
    from funcpack.deploy.plan.note import Note
    from funcpack.deploy.plan.steps import Upload
    from funcpack.deploy.settings.target import Target

_NO_TRIGGER = (
    "The function takes CloudEvents. It is deployed as an HTTP function, and no trigger is created: let a subscription or another "
    "sender of events call its URL."
)


def wanted(target: Target, inspection: Inspection, function: Function, note: Note) -> Wanted:
    """Return what a deployment sends: the resource, which the configuration is merged into, and the archive.

    Raises:
        UserError: The configuration does not fit the resource, or the app cannot be packed.

    """
    generation, configuration = function.generation, target.configuration
    name = runtime(configuration, generation.runtimes, inspection, minimum=generation.minimum, note=note)
    archive = _archive(target, inspection, generation)
    body = resource(
        generation, configuration, project=function.place.project, runtime=name, source=source_label(archive)
    )
    if inspection.checked.takes_events:
        note(_NO_TRIGGER)
    return Wanted(function, body, archive)


def _archive(target: Target, inspection: Inspection, generation: Generation) -> Upload:
    archive = pack(
        inspection.project.app,
        excluded=[target.options.config] if target.options.config else [],
        extra=entry(inspection),
        required=files_of_function(inspection),
    )
    size, limit = len(archive.content), generation.largest_source
    if limit is not None and size > limit:
        raise FunctionSourceSizeError(size, limit)
    return archive
