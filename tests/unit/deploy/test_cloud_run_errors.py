"""The error texts of Cloud Run, word by word."""

from __future__ import annotations

from funcpack import deployment_errors as errors

CASES = [
    (
        errors.RegistryConflictError(
            "config.json",
            {"cloudbuild.artifact_registry": "a-docker.pkg.dev/p/r/i", "deploy.artifact_registry": "other"},
        ),
        2,
        """\
Two different registries
config.json: cloudbuild.artifact_registry is 'a-docker.pkg.dev/p/r/i'.
config.json: deploy.artifact_registry is 'other'.

Keep cloudbuild.artifact_registry, and remove the other. Nothing was built or sent.""",
    ),
    (
        errors.ForeignRegistryError("config.json", "europe-docker.pkg.dev/images/apps/hello", "images", "shop"),
        2,
        """\
The registry of another project needs a service account
config.json: the registry 'europe-docker.pkg.dev/images/apps/hello' belongs to the project 'images', the deployment to the project 'shop',
and cloudbuild.serviceAccount is not set.

Set cloudbuild.serviceAccount to the email address of a service account ACCOUNT that builds, and grant it:

  gcloud projects add-iam-policy-binding shop --member serviceAccount:ACCOUNT --role roles/storage.objectViewer
  gcloud artifacts repositories add-iam-policy-binding apps --project images --location europe --member serviceAccount:ACCOUNT --role roles/artifactregistry.writer""",
    ),
    (
        errors.ForeignBucketError("run-sources-shop-us-central1", "123", "shop"),
        1,
        """\
The bucket of sources belongs to another project
The bucket 'run-sources-shop-us-central1' exists and belongs to the project with the number 123. \
Whoever owns it could read and replace your source: nothing was uploaded.

Name a bucket of the project 'shop': --set deploy.artifact_bucket=BUCKET""",
    ),
    (
        errors.ForeignBucketError("run-sources-shop-us-central1", None, "shop"),
        1,
        """\
The bucket of sources belongs to another project
The bucket 'run-sources-shop-us-central1' exists and denies the access that the project 'shop' grants you. \
Whoever owns it could read and replace your source: nothing was uploaded.

Name a bucket of the project 'shop': --set deploy.artifact_bucket=BUCKET""",
    ),
    (
        errors.ImageNameError("hello", "does not have the form HOST/PATH:TAG or HOST/PATH@sha256:DIGEST"),
        2,
        """\
The name of the image is not valid
'hello' does not have the form HOST/PATH:TAG or HOST/PATH@sha256:DIGEST.

Name the registry and the digest, for example: --image us-docker.pkg.dev/PROJECT/REPOSITORY/IMAGE@sha256:DIGEST
'funcpack build --publish' prints the name of the image that it has published.""",
    ),
    (
        errors.ImageNotFoundError("us-docker.pkg.dev/shop/apps/hello:1", 404),
        1,
        """\
The image is not available
'us-docker.pkg.dev/shop/apps/hello:1': the registry does not have it. Nothing was deployed.

Check the name and the tag, or publish the image: funcpack build --tag IMAGE --publish""",
    ),
    (
        errors.ImageNotFoundError("ghcr.io/shop/hello:1", 401),
        1,
        """\
The image is not available
'ghcr.io/shop/hello:1': the registry requires a login. Nothing was deployed.

Name the image by its digest: --image IMAGE@sha256:DIGEST""",
    ),
    (
        errors.FailedOperationError(
            "Wait until the new revision is ready",
            "The container failed to start (FAILED_PRECONDITION).",
            "https://console.cloud.google.com/logs/viewer?project=shop",
        ),
        1,
        """\
The operation failed
Wait until the new revision is ready: The container failed to start (FAILED_PRECONDITION).
Log: https://console.cloud.google.com/logs/viewer?project=shop

What served before goes on serving. Correct what the message names, and run the command again.
The last lines of the function are shown by: funcpack logs""",
    ),
    (
        errors.FailedBuildError(
            "b-1", "Step 0 failed: docker, exit code 1 (FAILURE).", "https://console.cloud.google.com/b-1"
        ),
        1,
        """\
The build failed
Build b-1: Step 0 failed: docker, exit code 1 (FAILURE).
Log: https://console.cloud.google.com/b-1

Read the log, correct the cause, and run the command again. What served before goes on serving.""",
    ),
    (
        errors.FailedBuildError("b-1", "The status is TIMEOUT, without a message.", None),
        1,
        """\
The build failed
Build b-1: The status is TIMEOUT, without a message.

Read the log, correct the cause, and run the command again. What served before goes on serving.""",
    ),
    (
        errors.NotServingError("hello", "Revision 'hello-2' is not ready.", {"hello-1": 100}, None),
        1,
        """\
The new revision does not serve
Service 'hello': Revision 'hello-2' is not ready.
Traffic: hello-1 100 %.

Correct what the reason names, and run the command again. The last lines of the function are shown by: funcpack logs""",
    ),
    (
        errors.NotServingError("hello", "Its state is not known yet.", {}, "https://console.cloud.google.com/b-1"),
        1,
        """\
The new revision does not serve
Service 'hello': Its state is not known yet.
Log: https://console.cloud.google.com/b-1
Traffic: no revision.

Correct what the reason names, and run the command again. The last lines of the function are shown by: funcpack logs""",
    ),
    (
        errors.UnhealthyAddressError("https://hello.run.app/health/ready", 500),
        1,
        """\
The function does not answer
The function is deployed, but https://hello.run.app/health/ready answers 500.

See why: funcpack logs
To go back to what served before: funcpack rollback""",
    ),
    (
        errors.SmokeFileError("smoke.json", "No such file or directory"),
        2,
        """\
The saved request cannot be read
smoke.json: No such file or directory.

Name a file that `funcpack invoke --save` has written, for example: --smoke tests/events/order.json""",
    ),
    (
        errors.SmokeError("smoke.json", ['-  "status": 200', '+  "status": 500'], "The traffic is as it was."),
        1,
        """\
The smoke request failed
The answer of the new revision is not the one in smoke.json:
    -  "status": 200
    +  "status": 500
The traffic is as it was.

Correct the function, or the answer in smoke.json, and run the command again.""",
    ),
    (
        errors.PrivateSmokeError(
            "smoke.json", ['-  "status": 200', '+  "status": 403'], "The traffic is as it was.", 403
        ),
        1,
        """\
The smoke request was refused
The answer to the request in smoke.json is 403: the service is private, unless the function itself answers so,
and the request has no identity token. The traffic is as it was.

If everybody may call the service, deploy it once without --smoke, with roles/run.invoker for allUsers in 'bindings'.
Otherwise, add the header Authorization to a copy of the file that nobody else can read. Its value is 'Bearer', a space,
and what this command prints: gcloud auth print-identity-token""",
    ),
    (
        errors.NothingToRollBackToError("hello"),
        1,
        """\
There is nothing to roll back to
'hello' has no ready revision that has served and is older than the one that serves now.

Deploy the source that you want to serve: funcpack deploy""",
    ),
    (
        errors.PollIntervalError("FUNCPACK_POLL_INTERVAL", "soon"),
        2,
        """\
Invalid interval
FUNCPACK_POLL_INTERVAL is 'soon', which is not a positive number of seconds.

Unset it, or set it to a number: FUNCPACK_POLL_INTERVAL=2""",
    ),
]
