"""Queues the names of new objects that look like secrets, for the encrypter (../sqs-lambda)."""

import json
import os
from typing import Any

import storage
from notification import Location, location


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
    url = os.environ.get("QUEUE_URL")
    if not url:
        raise storage.NotReadyError("QUEUE_URL is not set; set it to the URL of the encrypter's queue")
    return url


def ready() -> tuple[bool, str]:
    """Return whether QUEUE_URL is set, and the reason if not (GET /health/ready)."""
    try:
        queue_url()
    except storage.NotReadyError as error:
        return False, str(error)
    return True, ""
