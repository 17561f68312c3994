"""The error texts of projects, credentials and permissions, word by word."""

from __future__ import annotations

from funcpack import deployment_errors as errors

CASES = [
    (
        errors.NoProjectError(),
        2,
        """\
No project
Neither --project nor GOOGLE_CLOUD_PROJECT nor CLOUDSDK_CORE_PROJECT names a project of Google Cloud.

Name it with --project PROJECT. This command lists your projects: gcloud projects list""",
    ),
    (
        errors.ProjectError("My Shop", "--project"),
        2,
        """\
Invalid project
--project is 'My Shop', which is not the ID of a project.

Use the ID, which has lowercase letters, digits and dashes. This command lists your projects and their IDs: gcloud projects list""",
    ),
    (
        errors.LocationError("europe", "GOOGLE_CLOUD_LOCATION"),
        2,
        """\
Invalid location
GOOGLE_CLOUD_LOCATION is 'europe', which is not the name of a region.

Use the name of a region, such as us-central1. This command lists them: gcloud run regions list""",
    ),
    (
        errors.EndpointError("CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN", "https://run.googleapis.com/"),
        2,
        """\
Invalid endpoint
CLOUDSDK_API_ENDPOINT_OVERRIDES_RUN is not the base URL of the API.

Set it to a URL of this form, or unset it: https://run.googleapis.com/""",
    ),
    (
        errors.NoGoogleAuthError(),
        1,
        """\
The extra 'gcp' is not installed
CLOUDSDK_AUTH_ACCESS_TOKEN is not set, and Application Default Credentials need the package google-auth.

Install it: pip install 'funcpack[gcp]'
Or set CLOUDSDK_AUTH_ACCESS_TOKEN to the output of: gcloud auth print-access-token""",
    ),
    (
        errors.NoCredentialsError("Your default credentials were not found."),
        1,
        """\
No credentials for Google Cloud
Your default credentials were not found.

Log in: gcloud auth application-default login
Or set GOOGLE_APPLICATION_CREDENTIALS to a file with credentials, for example in CI.""",
    ),
    (
        errors.InvalidTokenError(),
        2,
        """\
Invalid access token
CLOUDSDK_AUTH_ACCESS_TOKEN contains spaces or characters that are not ASCII.

Set it to the output of: gcloud auth print-access-token""",
    ),
    (
        errors.MissingPermissionsError(
            [
                errors.MissingPermission("you", "run.services.create", "project shop", "gcloud projects x"),
                errors.MissingPermission("you", "iam.serviceAccounts.actAs", "service account a@b", "gcloud iam y"),
                errors.MissingPermission("you", "run.services.update", "project shop", "gcloud projects x"),
            ]
        ),
        1,
        """\
Missing permissions
Nothing was changed. Google reports that permissions are missing:

WHO   LACKS                       ON
you   run.services.create         project shop
you   iam.serviceAccounts.actAs   service account a@b
you   run.services.update         project shop

Ask an administrator to run this, and wait a minute before you run the command again:

  gcloud projects x
  gcloud iam y""",
    ),
]
