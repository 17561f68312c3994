"""Accepts webhooks that are signed the way GitHub signs them, and rejects all others.

https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
"""

import hashlib
import hmac
import json
import logging
import os
from collections.abc import Mapping

log = logging.getLogger(__name__)


def handler(body: bytes, headers: Mapping[str, str]) -> tuple[str, int]:
    """Return 202 for a signed delivery, 401 if the signature is missing or wrong, and 400 if the body is not JSON."""
    secret = os.environ.get("WEBHOOK_SECRET", "")
    if not secret:
        log.error("WEBHOOK_SECRET is not set: all deliveries are rejected")
        return "this receiver is not configured", 503
    if not is_signed(body, headers.get("X-Hub-Signature-256", ""), secret):
        return "the signature is missing or wrong", 401
    try:
        delivery = json.loads(body)
    except ValueError:
        return "the body is not JSON", 400
    log.info("%r from %r", headers.get("X-GitHub-Event"), repository_of(delivery))
    return "accepted", 202


def repository_of(delivery: object) -> str | None:
    """Return the name of the repository in a delivery, or None if there is no repository."""
    match delivery:
        case {"repository": {"full_name": str(name)}}:
            return name
    return None


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """Return whether the signature is valid for the body. The comparison takes constant time to prevent timing attacks."""
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"sha256={expected}".encode(), signature.encode())
