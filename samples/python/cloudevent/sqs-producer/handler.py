"""Queues the names of new objects that look like secrets, for the encrypter (../sqs-lambda)."""

import json
from typing import Any

import storage
from notification import location
from settings import readiness, setting
from source import Location, source_bucket


def handler(data: Any) -> Any:
    """Handle an event com.amazon.s3.objectcreated: queue the object if its key contains "secret"."""
    try:
        created = location(data)
        if "secret" not in created.key.lower():
            return None
        message_id = queue(created)
    except storage.FAULTS as fault:
        return storage.refusal(fault)
    attributes = {"type": "com.example.secret.queued", "source": "urn:example:sqs-producer"}
    return attributes, {**created._asdict(), "message": message_id}


def queue(secret: Location) -> str:
    """Send a message for the encrypter and return its ID."""
    body = json.dumps(secret._asdict())
    return storage.client("sqs").send_message(QueueUrl=queue_url(), MessageBody=body)["MessageId"]


def queue_url() -> str:
    """Return the URL of the queue, from the variable QUEUE_URL."""
    return setting("QUEUE_URL", "the URL of the encrypter's queue")


def ready() -> tuple[bool, str]:
    """Return whether SOURCE_BUCKET and QUEUE_URL are set, and the reason if not (GET /health/ready)."""
    return readiness(source_bucket, queue_url)
