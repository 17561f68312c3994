"""The upload of the source to a bucket, from which Cloud Build reads it: as `gcloud run deploy --source` does it.

https://cloud.google.com/storage/docs/json_api/v1
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from funcpack.deploy.google.permissions import PERMISSIONS, project_number
from funcpack.deploy.plan.steps import Step, missing
from funcpack.deploy.plan.values import at
from funcpack.deployment_errors import ForeignBucketError

if TYPE_CHECKING:
    from funcpack.deploy.google.endpoints import Endpoints
    from funcpack.deploy.google.place import Place
    from funcpack.deploy.plan.steps import Condition, Upload
    from funcpack.deploy.plan.values import Answers

BUCKET = "bucket"
NEW_BUCKET = "new_bucket"
UPLOAD = "upload"

_ZIP = {"Content-Type": "application/zip"}


def default_bucket(place: Place) -> str:
    """Return the bucket that gcloud uses, too. A project of an organization has a colon and dots in its name."""
    return f"run-sources-{place.project}-{place.location}".replace(":", "-").replace(".", "-")


def check_owner(answers: Answers, place: Place) -> None:
    """Check that the default bucket belongs to the project. All projects share the names, so somebody else may have taken it.

    Raises:
        ForeignBucketError: it belongs to another project, or denies what the project grants.

    """
    received, number = answers[BUCKET], project_number(answers)
    owner = at(received.body, "projectNumber")
    is_tested = PERMISSIONS in answers and answers[PERMISSIONS].status < 300
    if (owner and number and owner != number) or (received.status == 403 and is_tested):
        raise ForeignBucketError(default_bucket(place), owner, place.project)


def read(endpoints: Endpoints, place: Place, bucket: str, condition: Condition) -> Step:
    """Return the step that looks for the bucket. It checks the owner of the default one."""
    is_default = bucket == default_bucket(place)
    return Step(
        BUCKET,
        "Look for the bucket of sources",
        "GET",
        f"{endpoints.storage}b/{bucket}",
        condition=condition,
        accepts=frozenset({403, 404}),
        review=(lambda answers: check_owner(answers, place)) if is_default else None,
    )


def steps(
    endpoints: Endpoints, place: Place, bucket: str, source: tuple[str, Upload], condition: Condition
) -> list[Step]:
    """Return the steps that create the bucket if it does not exist, and upload a source: an object with its name."""
    name, upload = source
    url = f"{endpoints.storage}b"
    return [
        Step(
            NEW_BUCKET,
            f"Create the bucket {bucket}",
            "POST",
            f"{url}?project={quote(place.project)}",
            _bucket(bucket, place),
            condition=missing(BUCKET),
            on_conflict=BUCKET,
        ),
        Step(
            UPLOAD,
            "Upload the source",
            "POST",
            f"{endpoints.storage_upload}b/{bucket}/o?uploadType=media&name={quote(name, safe='')}",
            upload,
            _ZIP,
            condition,
            # The object has the same name and the same bytes each time.
            is_idempotent=True,
        ),
    ]


def _bucket(name: str, place: Place) -> dict[str, Any]:
    # Access is granted by IAM alone, not by the objects' own lists, and never to the public.
    access = {"uniformBucketLevelAccess": {"enabled": True}, "publicAccessPrevention": "enforced"}
    return {"name": name, "location": place.location, "iamConfiguration": access}
