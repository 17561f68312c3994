"""Talking to AWS or a server that speaks its protocols: the client, and what its errors mean to a broker.

Every sample carries its own copy of this file, so that its directory can be copied whole.
"""

import logging
from functools import cache
from typing import Any

import boto3
from botocore import exceptions
from botocore.config import Config

log = logging.getLogger(__name__)

# Errors of the service that another attempt may not meet again; any other 4xx would be the same next time.
RETRYABLE = {
    "ConditionalRequestConflict",
    "ExpiredToken",
    "OperationAborted",
    "PreconditionFailed",
    "RequestThrottled",
    "RequestTimeout",
    "SlowDown",
    "Throttling",
    "ThrottlingException",
}


# Nobody answered, or not to the end.
UNREACHED = (
    exceptions.ConnectionError,
    exceptions.CredentialRetrievalError,
    exceptions.HTTPClientError,
    exceptions.IncompleteReadError,
)


class EventError(Exception):
    """The event asks for something that cannot be done, however often it is sent."""


class NotReadyError(Exception):
    """Something is missing that may be there at the next attempt."""


FAULTS = (EventError, NotReadyError, exceptions.BotoCoreError, exceptions.ClientError)


@cache
def client(service: str) -> Any:
    """Return the client of a service, made at the first event: importing the function needs no network and no settings.

    Endpoint, region and credentials come from the AWS_* variables, or wherever else boto3 looks for them.
    """
    settings = Config(connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 3})
    # A session of its own: two threads may make their first call at once, and boto3's default session is not for that.
    return boto3.Session().client(service, config=settings)


def refusal(fault: Exception) -> tuple[str, int]:
    """Return the answer to an event that was not handled: 503, which a broker retries, or 422, which it does not."""
    status = 503 if _may_pass(fault) else 422
    reason = " ".join(str(fault).split())  # one line, whatever a server wrote into its message
    log.warning("event not handled (%d): %s", status, reason)
    return reason, status


def code(fault: exceptions.ClientError) -> str:
    """Return the service's name of an error: NoSuchKey, AccessDenied, or the status of an answer without a body."""
    return str(fault.response.get("Error", {}).get("Code", ""))


def _may_pass(fault: Exception) -> bool:
    if isinstance(fault, exceptions.ClientError):
        status = fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        return status >= 500 or status == 429 or code(fault) in RETRYABLE
    return isinstance(fault, (NotReadyError, *UNREACHED))
