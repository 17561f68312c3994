"""The sample events: what common services send to a function, as CloudEvents in the JSON format.

The shapes are those of the services' documentation; all names and ids are made up. Services that do not send CloudEvents
themselves have the types of the common sources: Knative's for GitHub and for Amazon's S3 and SQS, TriggerMesh's for
EventBridge, Eventarc's for Google Cloud.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from typing import Any

# Of `invoke` for a CloudEvent function.
DEFAULT = "cloudevents"

TITLES = {
    "s3": "Amazon S3: an object was created",
    "sqs": "Amazon SQS: a message of a queue",
    "github": "GitHub: a push to a repository",
    "pubsub": "Google Cloud Pub/Sub: a message was published",
    "storage": "Google Cloud Storage: an object was written",
    "cloudevents": "CloudEvents: an order was created",
    "dapr": "Dapr: a message of a pub/sub topic",
    "eventbridge": "Amazon EventBridge: an object was created",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample event.

    Attributes:
        name: for the command line.
        title: one line about it.
        text: the event in the JSON format.

    """

    name: str
    title: str
    text: str

    @property
    def event(self) -> dict[str, Any]:
        """Return the event in the JSON format, parsed."""
        event: dict[str, Any] = json.loads(self.text)
        return event

    @property
    def type(self) -> str:
        """Return the type of the event."""
        return str(self.event["type"])


def load(name: str) -> Sample:
    """Return the sample of a name in `TITLES`."""
    file = resources.files("funcpack.calls") / "samples" / f"{name}.json"
    return Sample(name, TITLES[name], file.read_text("utf-8"))
