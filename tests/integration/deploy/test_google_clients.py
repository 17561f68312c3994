"""Google's own clients work against the test server, so that its answers are those of Google's APIs."""

from __future__ import annotations

from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import GoogleAPICallError, NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud import run_v2
from google.cloud.devtools import cloudbuild_v1
from google.cloud.functions_v2 import FunctionServiceClient
from google.cloud.functions_v2 import types as functions_v2
from google.iam.v1 import iam_policy_pb2, policy_pb2  # type: ignore[import-untyped]
from google.oauth2.credentials import Credentials
from google.protobuf.field_mask_pb2 import FieldMask
from googleapiclient.discovery import build  # type: ignore[import-untyped]
from googleapiclient.errors import HttpError  # type: ignore[import-untyped]
from googleapiclient.http import MediaInMemoryUpload  # type: ignore[import-untyped]

from tests.google.failures import FailedBuild
from tests.google.server import LOCATION, NUMBER, PROJECT, TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.google.server import GoogleServer

PARENT = f"projects/{PROJECT}/locations/{LOCATION}"
SERVICE = f"{PARENT}/services/shop"
FUNCTION = f"{PARENT}/functions/shop"
IMAGE = "us-central1-docker.pkg.dev/my-project/apps/shop@sha256:0123"
CREDENTIALS = Credentials(TOKEN)  # type: ignore[no-untyped-call]


@pytest.fixture
def discovered(google: GoogleServer) -> Iterator[Callable[[str, str], Any]]:
    """Return Google's clients that are made from discovery documents, by the API and its version."""
    with ExitStack() as stack:

        def client(api: str, version: str) -> Any:
            endpoint = (
                google.environ["CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE"] if api == "storage" else google.endpoint(api)
            )
            options = ClientOptions(api_endpoint=endpoint)
            made = build(api, version, credentials=CREDENTIALS, static_discovery=True, client_options=options)
            return stack.enter_context(closing(made))

        yield client


def generated(client: Any, google: GoogleServer, api: str) -> Any:
    """Return one of Google's generated clients."""
    options = ClientOptions(api_endpoint=google.endpoint(api).rstrip("/"))
    return client(transport="rest", credentials=CREDENTIALS, client_options=options)


def test_generated_client_of_cloud_run_creates_updates_and_deletes(google: GoogleServer) -> None:
    client = generated(run_v2.ServicesClient, google, "run")
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=IMAGE)])
    created = client.create_service(parent=PARENT, service=run_v2.Service(template=template), service_id="shop").result(
        timeout=60
    )
    assert created.terminal_condition.state == run_v2.Condition.State.CONDITION_SUCCEEDED
    assert created.latest_ready_revision == created.latest_created_revision
    assert (created.uri, created.generation) == (f"{google.url}/serving/shop", 1)

    created.template.containers[0].image = f"{IMAGE}4"
    first = created.latest_ready_revision.rpartition("/")[2]
    kind = run_v2.TrafficTargetAllocationType
    created.traffic = [
        run_v2.TrafficTarget(type_=kind.TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST, percent=25, tag="new"),
        run_v2.TrafficTarget(type_=kind.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION, percent=75, revision=first),
    ]
    updated = client.update_service(service=created).result(timeout=60)
    assert [(status.percent, status.tag, status.revision) for status in updated.traffic_statuses] == [
        (25, "new", ""),
        (75, "", first),
    ]
    assert len(list(generated(run_v2.RevisionsClient, google, "run").list_revisions(parent=SERVICE))) == 2

    client.delete_service(name=SERVICE).result(timeout=60)
    with pytest.raises(NotFound):
        client.get_service(name=SERVICE)


def test_generated_client_of_cloud_run_reads_and_writes_policies(google: GoogleServer) -> None:
    client = generated(run_v2.ServicesClient, google, "run")
    template = run_v2.RevisionTemplate(containers=[run_v2.Container(image=IMAGE)])
    client.create_service(parent=PARENT, service=run_v2.Service(template=template), service_id="shop").result(60)
    policy = client.get_iam_policy(request=iam_policy_pb2.GetIamPolicyRequest(resource=SERVICE))
    policy.bindings.append(policy_pb2.Binding(role="roles/run.invoker", members=["allUsers"]))
    written = client.set_iam_policy(request=iam_policy_pb2.SetIamPolicyRequest(resource=SERVICE, policy=policy))
    assert written.etag != policy.etag
    assert httpx.get(google.service("shop")["uri"]).status_code == 200
    with pytest.raises(GoogleAPICallError, match="concurrent policy changes"):
        client.set_iam_policy(request=iam_policy_pb2.SetIamPolicyRequest(resource=SERVICE, policy=policy))


def test_generated_client_of_cloud_functions_creates_updates_and_deletes(google: GoogleServer) -> None:
    client = generated(FunctionServiceClient, google, "cloudfunctions")
    upload = client.generate_upload_url(request={"parent": PARENT})
    assert httpx.put(upload.upload_url, content=b"zip", headers={"Content-Type": "application/zip"}).status_code == 200
    source = functions_v2.Source(storage_source=upload.storage_source)
    config = functions_v2.BuildConfig(runtime="python311", entry_point="entry", source=source)
    function = functions_v2.Function(name=FUNCTION, build_config=config)
    created = client.create_function(parent=PARENT, function=function, function_id="shop").result(timeout=60)
    assert created.state == functions_v2.Function.State.ACTIVE
    assert created.service_config.service == SERVICE
    assert google.service("shop")["latestReadyRevision"].endswith(created.service_config.revision)

    created.description = "sells"
    mask = FieldMask(paths=["description"])
    updated = client.update_function(function=created, update_mask=mask).result(timeout=60)
    assert (updated.description, updated.build_config.runtime) == ("sells", "python311")

    client.delete_function(name=FUNCTION).result(timeout=60)
    assert google.world.services == {}
    with pytest.raises(NotFound):
        client.get_function(name=FUNCTION)


def test_generated_client_of_cloud_build_runs_builds(google: GoogleServer) -> None:
    client = generated(cloudbuild_v1.CloudBuildClient, google, "cloudbuild")
    step = cloudbuild_v1.BuildStep(name="gcr.io/cloud-builders/docker", args=["build", "."])
    wanted = cloudbuild_v1.Build(steps=[step], images=["us-central1-docker.pkg.dev/my-project/apps/shop:1"])
    for parent in (f"projects/{PROJECT}/locations/global", PARENT):
        request = cloudbuild_v1.CreateBuildRequest(parent=parent, project_id=PROJECT, build=wanted)
        operation = client.create_build(request=request)
        assert operation.metadata.build.status == cloudbuild_v1.Build.Status.QUEUED
        done = operation.result(timeout=60)
        assert done.status == cloudbuild_v1.Build.Status.SUCCESS
        assert [image.name.rpartition("/")[2] for image in done.results.images] == ["shop", "shop:1"]
        assert client.get_build(project_id=PROJECT, id=done.id).log_url == done.log_url


def test_generated_client_of_cloud_build_sees_failures(google: GoogleServer) -> None:
    google.fail("cloudbuild.projects.builds.create", FailedBuild("the step failed"))
    client = generated(cloudbuild_v1.CloudBuildClient, google, "cloudbuild")
    operation = client.create_build(
        project_id=PROJECT, build=cloudbuild_v1.Build(steps=[cloudbuild_v1.BuildStep(name="docker")])
    )
    with pytest.raises(GoogleAPICallError, match="the step failed"):
        operation.result(timeout=60)
    failed = client.get_build(project_id=PROJECT, id=operation.metadata.build.id)
    assert failed.status == cloudbuild_v1.Build.Status.FAILURE
    assert failed.failure_info.detail == "the step failed"


def test_discovered_client_of_cloud_functions_deploys_the_first_generation(
    discovered: Callable[[str, str], Any],
) -> None:
    functions = discovered("cloudfunctions", "v1")
    collection = functions.projects().locations().functions()
    url = collection.generateUploadUrl(parent=PARENT, body={}).execute()["uploadUrl"]
    headers = {"Content-Type": "application/zip", "x-goog-content-length-range": "0,104857600"}
    assert httpx.put(url, content=b"zip", headers=headers).status_code == 200
    body = {
        "name": FUNCTION,
        "runtime": "python311",
        "entryPoint": "entry",
        "httpsTrigger": {},
        "sourceUploadUrl": url,
    }
    operation = collection.create(location=PARENT, body=body).execute()
    while not operation.get("done"):
        operation = functions.operations().get(name=operation["name"]).execute()
    assert operation["response"]["status"] == "ACTIVE"
    assert collection.get(name=FUNCTION).execute()["versionId"] == "1"
    download = collection.generateDownloadUrl(name=FUNCTION, body={"versionId": "1"}).execute()["downloadUrl"]
    assert httpx.get(download).content == b"zip"
    with pytest.raises(HttpError, match="already exists"):
        collection.create(location=PARENT, body=body).execute()


def test_discovered_clients_of_the_other_services(google: GoogleServer, discovered: Callable[[str, str], Any]) -> None:
    project = discovered("cloudresourcemanager", "v1").projects()
    assert project.get(projectId=PROJECT).execute()["projectNumber"] == NUMBER
    google.world.denied = {"run.services.create"}
    asked = {"permissions": ["run.services.create", "run.services.get"]}
    assert project.testIamPermissions(resource=PROJECT, body=asked).execute() == {"permissions": ["run.services.get"]}
    account = f"projects/{PROJECT}/serviceAccounts/runner@{PROJECT}.iam.gserviceaccount.com"
    accounts = discovered("iam", "v1").projects().serviceAccounts()
    assert accounts.testIamPermissions(resource=account, body=asked).execute() == {"permissions": ["run.services.get"]}
    repositories = discovered("artifactregistry", "v1").projects().locations().repositories()
    created = repositories.create(parent=PARENT, repositoryId="apps", body={"format": "DOCKER"}).execute()
    assert "done" not in created
    operations = discovered("artifactregistry", "v1").projects().locations().operations()
    assert [operations.get(name=created["name"]).execute().get("done") for _ in range(2)] == [None, True]
    assert repositories.get(name=f"{PARENT}/repositories/apps").execute()["format"] == "DOCKER"
    google.world.log_entries = [{"textPayload": str(number)} for number in range(3)]
    entries = discovered("logging", "v2").entries()
    request = {"resourceNames": [f"projects/{PROJECT}"], "pageSize": 2, "orderBy": "timestamp desc"}
    page = entries.list(body=request).execute()
    assert [entry["textPayload"] for entry in page["entries"]] == ["2", "1"]


def test_discovered_client_of_storage_uploads_and_downloads(
    google: GoogleServer, discovered: Callable[[str, str], Any]
) -> None:
    storage = discovered("storage", "v1")
    storage.buckets().insert(project=PROJECT, body={"name": "sources"}).execute()
    content = bytes(range(256)) * 3 + b"\r\n"
    media = MediaInMemoryUpload(content, mimetype="application/zip")
    named = storage.objects().insert(bucket="sources", name="a/b.zip", media_body=media)
    described = storage.objects().insert(bucket="sources", body={"name": "c"}, media_body=media)
    for request in (named, described):
        # The client takes the host of uploads from its options, but neither the scheme nor the path.
        request.uri = request.uri.replace(f"https://{google.registry}/", google.endpoint("storage"))
        request.execute()
    assert storage.objects().get_media(bucket="sources", object="a/b.zip").execute() == content
    assert google.world.objects["sources", "c"] == content
    assert [item["name"] for item in storage.objects().list(bucket="sources", prefix="a/").execute()["items"]] == [
        "a/b.zip"
    ]
    storage.objects().delete(bucket="sources", object="c").execute()
    assert storage.buckets().testIamPermissions(bucket="sources", permissions=["storage.objects.create"]).execute() == {
        "permissions": ["storage.objects.create"]
    }


def test_requests_without_a_token_are_rejected_unless_the_server_is_open(google: GoogleServer) -> None:
    url = f"{google.url}/run/v2/{PARENT}/services"
    answers = [httpx.get(url, headers=headers) for headers in ({}, {"Authorization": "Bearer expired"})]
    assert [answer.status_code for answer in answers] == [401, 401]
    google.is_open = True
    options = ClientOptions(api_endpoint=google.endpoint("run").rstrip("/"))
    anonymous = AnonymousCredentials()  # type: ignore[no-untyped-call]
    client = run_v2.ServicesClient(transport="rest", credentials=anonymous, client_options=options)
    assert list(client.list_services(parent=PARENT)) == []
