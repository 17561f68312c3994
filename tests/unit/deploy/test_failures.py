"""Why something at Google failed: from the resources as its APIs return them."""

from __future__ import annotations

from typing import Any

import pytest

from funcpack.deploy.google import failures
from funcpack.deploy.google.failures import Failure

BUILD_LOG = "https://console.cloud.google.com/cloud-build/builds;region=us-central1/4f2?project=123"
RUN_LOG = "https://console.cloud.google.com/logs/viewer?project=shop&resource=cloud_run_revision/service_name/orders"
NOT_LISTENING = (
    "Revision 'orders-00002-abc' is not ready and cannot serve traffic. The user-provided container failed to start and listen "
    "on the port defined provided by the PORT=8080 environment variable."
)
TROUBLESHOOTING = "https://cloud.google.com/run/docs/troubleshooting#container-failed-to-start"

BUILD = {
    "status": "FAILURE",
    "statusDetail": "general",
    "failureInfo": {
        "type": "USER_BUILD_STEP",
        "detail": 'build step 1 "docker" failed: step exited with non-zero status: 2',
    },
    "logUrl": BUILD_LOG,
    "steps": [
        {"name": "fetch", "status": "SUCCESS"},
        {
            "name": "gcr.io/cloud-builders/docker",
            "args": ["--build-arg=TOKEN=s3cret"],
            "status": "FAILURE",
            "exitCode": 2,
        },
        {"name": "later", "status": "QUEUED"},
    ],
}
BUILD_FAILURE = Failure(
    "Step 1 failed: gcr.io/cloud-builders/docker, exit code 2. "
    'build step 1 "docker" failed: step exited with non-zero status: 2 (USER_BUILD_STEP).',
    BUILD_LOG,
)


@pytest.mark.parametrize(
    ("operation", "failure"),
    [
        (None, None),
        ({"done": True, "response": {}}, None),
        ({"done": True, "error": {"code": 7, "message": "Denied."}}, Failure("Denied (PERMISSION_DENIED).", None)),
        ({"done": True, "error": {"code": 13}}, Failure("The status is INTERNAL, without a message.", None)),
        ({"done": True, "error": {"code": 99, "message": "A\n  b"}}, Failure("A b (UNKNOWN).", None)),
        (
            {
                "error": {
                    "code": 9,
                    "message": f"{NOT_LISTENING} \n\nLogs URL: {RUN_LOG} \nFor more information, see {TROUBLESHOOTING}",
                }
            },
            Failure(f"{NOT_LISTENING.rstrip('.')} (FAILED_PRECONDITION).", RUN_LOG),
        ),
        (
            {
                "error": {
                    "code": 3,
                    "message": f"Build failed: No module named x. For more details see the logs at {BUILD_LOG}.",
                }
            },
            Failure("Build failed: No module named x (INVALID_ARGUMENT).", BUILD_LOG),
        ),
        ({"error": {"code": 2, "message": "Build failed"}, "metadata": {"build": BUILD}}, BUILD_FAILURE),
        (
            {"error": {"code": 2, "message": "Timed out"}, "metadata": {"build": {"status": "WORKING"}}},
            Failure("Timed out (UNKNOWN).", None),
        ),
        (
            {
                "error": {"code": 3, "message": "Could not build."},
                "metadata": {
                    "stages": [
                        {"name": "ARTIFACT_REGISTRY", "state": "COMPLETE", "resourceUri": "https://elsewhere"},
                        {
                            "name": "BUILD",
                            "resourceUri": BUILD_LOG,
                            "stateMessages": [{"severity": "ERROR", "message": "x"}],
                        },
                    ]
                },
            },
            Failure("Could not build (INVALID_ARGUMENT).", BUILD_LOG),
        ),
    ],
)
def test_operation(operation: Any, failure: Failure | None) -> None:
    assert failures.operation_failure(operation) == failure


@pytest.mark.parametrize(
    ("build", "failure"),
    [
        ({"status": "SUCCESS"}, None),
        ({"status": "WORKING"}, None),
        (BUILD, BUILD_FAILURE),
        ({"status": "TIMEOUT", "statusDetail": "It took 600 s"}, Failure("It took 600 s (TIMEOUT).", None)),
        ({"status": "CANCELLED"}, Failure("The status is CANCELLED, without a message.", None)),
        (
            {"status": "INTERNAL_ERROR", "steps": [{"id": "image", "name": "x", "status": "TIMEOUT"}]},
            Failure("Step 0 failed: image (INTERNAL_ERROR).", None),
        ),
    ],
)
def test_build(build: Any, failure: Failure | None) -> None:
    assert failures.build_failure(build) == failure


READY = {"type": "Ready", "state": "CONDITION_SUCCEEDED"}
FAILED = {
    "type": "Ready",
    "state": "CONDITION_FAILED",
    "reason": "HEALTH_CHECK_CONTAINER_ERROR",
    "message": NOT_LISTENING,
}


@pytest.mark.parametrize(
    ("service", "failure"),
    [
        ({"terminalCondition": READY}, None),
        ({"terminalCondition": {"type": "Ready", "state": "CONDITION_RECONCILING"}}, None),
        ({"terminalCondition": FAILED}, Failure(f"{NOT_LISTENING.rstrip('.')} (HEALTH_CHECK_CONTAINER_ERROR).", None)),
        (
            {"terminalCondition": {"state": "CONDITION_FAILED"}},
            Failure("The status is UNKNOWN, without a message.", None),
        ),
        (
            {
                "terminalCondition": {
                    "state": "CONDITION_FAILED",
                    "message": "Routes failed.",
                    "revisionReason": "CONTAINER_MISSING",
                },
                "conditions": [READY, {"type": "Routes", "state": "CONDITION_FAILED", "message": "Image not found."}],
            },
            Failure("Routes failed. Image not found (CONTAINER_MISSING).", None),
        ),
        # A revision has only conditions. One that serves may contain an old condition that failed.
        ({"conditions": [FAILED]}, Failure(f"{NOT_LISTENING.rstrip('.')} (HEALTH_CHECK_CONTAINER_ERROR).", None)),
        ({"terminalCondition": READY, "conditions": [FAILED]}, None),
    ],
)
def test_service(service: Any, failure: Failure | None) -> None:
    assert failures.service_failure(service) == failure


@pytest.mark.parametrize(
    ("function", "failure"),
    [
        ({"state": "ACTIVE"}, None),
        (
            {"state": "FAILED", "stateMessages": [{"message": "No https://a.test/o?X-Goog-Signature=4f2a&b=1"}]},
            Failure("No https://a.test/o?X-Goog-Signature=...&b=1 (FAILED).", None),
        ),
        ({"status": "ACTIVE"}, None),
        ({}, Failure("The state is UNKNOWN.", None)),
        ({"status": "OFFLINE"}, Failure("The state is OFFLINE.", None)),
        (
            {"state": "FAILED", "stateMessages": [{"severity": "ERROR", "type": "T", "message": "Service not found."}]},
            Failure("Service not found (FAILED).", None),
        ),
    ],
)
def test_function(function: Any, failure: Failure | None) -> None:
    assert failures.function_failure(function) == failure
