"""The test server of Google's APIs: strict about requests, with the behavior and the failures that deployments meet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.google.discovery import identities
from tests.google.failures import Cut, FailedBuild, FailedOperation, FailedRevision, NeverDone, Status
from tests.google.methods import ANSWERS
from tests.google.server import LOCATION, PROJECT, TOKEN
from tests.google.serving import NEVER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.google.server import GoogleServer

PARENT = f"projects/{PROJECT}/locations/{LOCATION}"
SERVICE = f"{PARENT}/services/shop"
FUNCTION = f"{PARENT}/functions/shop"
LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
IMAGE = "us-central1-docker.pkg.dev/my-project/apps/shop@sha256:0123"
CONTAINERS = {"template": {"containers": [{"image": IMAGE}]}}


@pytest.fixture
def http(google: GoogleServer) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=google.url, headers=headers) as client:
        yield client


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "text"),
    [
        (
            "POST",
            f"run/v2/{PARENT}/services?serviceId=a",
            {"nonsense": 1},
            400,
            "Unknown name \"nonsense\" at 'service'",
        ),
        ("POST", f"run/v2/{PARENT}/services?serviceId=a", {"traffic": 25}, 400, "Invalid value at 'service.traffic'"),
        (
            "POST",
            f"run/v2/{PARENT}/services?serviceId=a",
            {"template": {"containers": [{"ports": [{"containerPort": "http"}]}]}},
            400,
            "Invalid value at 'service.template.containers[0].ports[0].containerPort' (int32), 'http'",
        ),
        (
            "POST",
            f"run/v2/{PARENT}/services?serviceId=a",
            {"ingress": "ALL"},
            400,
            "Invalid value at 'service.ingress'",
        ),
        ("POST", f"run/v2/{PARENT}/services?service=a", CONTAINERS, 400, 'Unknown name "service": Cannot bind'),
        ("POST", f"run/v2/{PARENT}/service?serviceId=a", CONTAINERS, 400, "does not exist in the API"),
        ("GET", f"run/v2/{SERVICE}:unknown", None, 400, "does not exist in the API"),
        ("GET", f"run/v1/{SERVICE}", None, 400, "does not exist in the API"),
        ("PUT", f"run/v2/{SERVICE}", CONTAINERS, 400, "does not exist in the API"),
        ("GET", f"run/v2/{PARENT}/services/shop", {}, 400, "takes no body"),
        (
            "POST",
            f"cloudfunctions/v2/{PARENT}/functions",
            {"runtime": "a"},
            400,
            "Unknown name \"runtime\" at 'function'",
        ),
        ("POST", "storage/storage/v1/b/a/o?name=b", {"name": "b"}, 404, "bucket does not exist"),
    ],
)
def test_requests_that_do_not_fit_an_api_are_rejected(
    google: GoogleServer, http: httpx.Client, method: str, path: str, body: Any, status: int, text: str
) -> None:
    answer = http.request(method, path, json=body)
    assert (answer.status_code, text in answer.json()["error"]["message"]) == (status, True), answer.text
    assert len(google.mistakes) == (status == 400)
    google.mistakes.clear()


def test_bodies_without_a_length_are_rejected(google: GoogleServer, http: httpx.Client) -> None:
    assert http.post(f"run/v2/{PARENT}/services?serviceId=a", content=iter([b"{}"])).status_code == 411
    assert len(google.mistakes) == 1
    google.mistakes.clear()


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({"Authorization": f"Bearer {TOKEN}"}, "together with the header Authorization"),
        ({"Content-Type": "application/octet-stream"}, "content type was not signed"),
        ({"x-goog-content-length-range": "0,1"}, "x-goog-content-length-range"),
    ],
)
def test_uploads_with_other_headers_than_the_signed_ones_are_rejected(
    google: GoogleServer, http: httpx.Client, headers: dict[str, str], text: str
) -> None:
    url = http.post(f"cloudfunctions/v1/{PARENT}/functions:generateUploadUrl", json={}).json()["uploadUrl"]
    signed = {"Content-Type": "application/zip", "x-goog-content-length-range": "0,104857600"}
    answer = httpx.put(url, content=b"zip", headers=signed | headers)
    assert text in answer.text
    assert len(google.mistakes) == 1
    google.mistakes.clear()


def test_semantic_errors_are_no_mistakes(http: httpx.Client) -> None:
    for identity in ("1shop", "shop-", "s" * 50):
        assert http.post(f"run/v2/{PARENT}/services?serviceId={identity}", json=CONTAINERS).status_code == 400
    created = f"run/v2/{PARENT}/services?serviceId=shop"
    assert http.post(created, json={"template": {}}).status_code == 400
    assert http.post(created, json={**CONTAINERS, "traffic": [{"percent": 99, "type": LATEST}]}).status_code == 400
    assert http.post(created, json=CONTAINERS).status_code == 200
    assert http.post(created, json=CONTAINERS).status_code == 409


def finished(http: httpx.Client, api: str, operation: dict[str, Any]) -> dict[str, Any]:
    for _ in range(10):
        if operation.get("done"):
            return operation
        operation = http.get(f"{api}/{operation['name']}").json()
    pytest.fail("the operation does not end")


def test_a_revision_that_does_not_start_leaves_the_one_before_in_service(
    google: GoogleServer, http: httpx.Client
) -> None:
    path = f"run/v2/{PARENT}/services?serviceId=shop"
    finished(http, "run/v2", http.post(path, json=CONTAINERS).json())
    ready = google.service("shop")["latestReadyRevision"]
    google.fail("run.projects.locations.services.patch", FailedRevision())
    changed = {"template": {"containers": [{"image": f"{IMAGE}5"}]}}
    operation = finished(http, "run/v2", http.patch(f"run/v2/{SERVICE}", json=changed).json())
    assert "failed to start and listen" in operation["error"]["message"]
    service = http.get(f"run/v2/{SERVICE}").json()
    assert service["terminalCondition"]["state"] == "CONDITION_FAILED"
    assert service["latestReadyRevision"] == ready != service["latestCreatedRevision"]


def test_traffic_alone_creates_no_revision(google: GoogleServer, http: httpx.Client) -> None:
    path = f"run/v2/{PARENT}/services?serviceId=shop"
    finished(http, "run/v2", http.post(path, json=CONTAINERS).json())
    traffic = {"traffic": [{"type": LATEST, "percent": 100, "tag": "now"}]}
    finished(http, "run/v2", http.patch(f"run/v2/{SERVICE}?updateMask=traffic", json=traffic).json())
    service = google.service("shop")
    assert len(google.world.revisions) == 1
    assert service["trafficStatuses"][0]["uri"] == f"{google.url}/serving/now---shop"
    assert (service["generation"], service["template"]["containers"][0]["image"]) == ("2", IMAGE)
    assert http.patch(f"run/v2/{SERVICE}", json={**CONTAINERS, "etag": "old"}).status_code == 409


def test_failures_happen_at_the_call_that_the_test_names(google: GoogleServer, http: httpx.Client) -> None:
    google.fail("run.*.get", Status(503, retry_after=2), call=2)
    google.fail("run.*.create", Cut())
    google.fail("run.*.create", Status(500, is_done=True), call=2)
    google.fail("run.*.create", FailedOperation(message="broken"), call=3)
    assert [http.get(f"run/v2/{SERVICE}").status_code for _ in range(3)] == [404, 503, 404]
    assert [request.status for request in google.requests] == [404, 503, 404]
    path = f"run/v2/{PARENT}/services?serviceId="
    with pytest.raises(httpx.RemoteProtocolError):
        http.post(f"{path}cut", json=CONTAINERS)
    assert google.world.services == {}
    assert http.post(f"{path}half", json=CONTAINERS).status_code == 500
    assert f"{PARENT}/services/half" in google.world.services
    operation = finished(http, "run/v2", http.post(f"{path}shop", json=CONTAINERS).json())
    assert operation["error"] == {"code": 13, "message": "broken"}


def test_the_server_answers_methods_that_exist() -> None:
    assert ANSWERS.keys() <= identities()


def test_addresses_and_uploads_fail_on_demand(google: GoogleServer, http: httpx.Client) -> None:
    google.fail("serving", Status(503))
    google.fail("upload", Cut())
    assert [httpx.get(f"{google.url}/serving/shop").status_code for _ in range(2)] == [503, 404]
    url = http.post(f"cloudfunctions/v1/{PARENT}/functions:generateUploadUrl", json={}).json()["uploadUrl"]
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.put(url, content=b"zip")


def test_time_passes_for_clients_that_look_at_the_resource(http: httpx.Client) -> None:
    http.post(f"run/v2/{PARENT}/services?serviceId=shop", json=CONTAINERS)
    assert [http.get(f"run/v2/{SERVICE}").json()["reconciling"] for _ in range(2)] == [True, False]


def test_calls_without_their_permission_are_rejected(google: GoogleServer, http: httpx.Client) -> None:
    google.world.denied = {
        "run.services.create",
        "storage.buckets.create",
        "cloudfunctions.functions.sourceCodeSet",
        "cloudbuild.builds.create",
        "resourcemanager.projects.get",
        "iam.serviceAccounts.get",
    }
    path = f"run/v2/{PARENT}/services"
    assert "run.services.create" in http.post(f"{path}?serviceId=a", json=CONTAINERS).json()["error"]["message"]
    assert http.get(f"{path}/a").status_code == 404
    assert http.post(f"storage/storage/v1/b?project={PROJECT}", json={"name": "a"}).status_code == 403
    assert http.post(f"cloudfunctions/v2/{PARENT}/functions:generateUploadUrl", json={}).status_code == 403
    assert http.post(f"cloudbuild/v1/projects/{PROJECT}/builds", json={}).status_code == 403
    assert http.post(f"cloudbuild/v1/{PARENT}/builds", json={}).status_code == 403
    assert http.get(f"cloudresourcemanager/v1/projects/{PROJECT}").status_code == 403
    assert http.get(f"iam/v1/projects/{PROJECT}/serviceAccounts/a@b").status_code == 403
    google.world.denied = {"logging.logEntries.list"}
    assert http.post("logging/v2/entries:list", json={"resourceNames": [f"projects/{PROJECT}"]}).status_code == 403
    google.world.denied = {"iam.serviceAccounts.actAs"}
    assert "actas" in http.post(f"{path}?serviceId=a", json=CONTAINERS).json()["error"]["message"].lower()


def test_addresses_serve_who_may_call_and_fail_on_demand(google: GoogleServer, http: httpx.Client) -> None:
    created = http.post(f"run/v2/{PARENT}/services?serviceId=shop", json=CONTAINERS).json()
    address = f"{google.url}/serving/shop/health/ready"
    assert httpx.get(address).status_code == 404
    finished(http, "run/v2", created)
    assert httpx.get(address).status_code == 403
    policy = {"bindings": [{"role": "roles/run.invoker", "members": ["allUsers"]}]}
    http.post(f"run/v2/{SERVICE}:setIamPolicy", json={"policy": policy})
    assert httpx.get(address).json()["path"] == "/health/ready"
    google.world.serving["shop"] = 502
    assert httpx.get(address).status_code == 502
    google.world.serving["shop"] = NEVER
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(address, timeout=httpx.Timeout(20, read=0.1))
    assert http.get(address).status_code == 400
    assert len(google.mistakes) == 1
    google.mistakes.clear()


def test_the_log_has_each_request_without_the_token(google: GoogleServer, http: httpx.Client) -> None:
    http.post(f"run/v2/{PARENT}/services?serviceId=shop", json=CONTAINERS)
    [request] = google.requests
    assert (request.id, request.method, request.status) == ("run.projects.locations.services.create", "POST", 200)
    assert request.url == f"{google.url}/run/v2/{PARENT}/services?serviceId=shop"
    assert request.path == f"/v2/{PARENT}/services"
    assert request.body == CONTAINERS
    assert request.is_authorized
    assert TOKEN not in json.dumps(request.headers)


def test_the_registry_resolves_tags(google: GoogleServer) -> None:
    google.world.images["apps/shop:1"] = "sha256:0123"
    answer = httpx.head(f"http://{google.registry}/v2/apps/shop/manifests/1")
    assert answer.headers["Docker-Content-Digest"] == "sha256:0123"
    assert httpx.head(f"http://{google.registry}/v2/apps/shop/manifests/2").status_code == 404


def test_each_resource_has_a_policy(google: GoogleServer, http: httpx.Client) -> None:
    account = f"projects/{PROJECT}/serviceAccounts/runner@{PROJECT}.iam.gserviceaccount.com"
    repository = f"artifactregistry/v1/{PARENT}/repositories"
    finished(
        http, "artifactregistry/v1", http.post(f"{repository}?repositoryId=apps", json={"format": "DOCKER"}).json()
    )
    http.post(f"storage/storage/v1/b?project={PROJECT}", json={"name": "sources"})
    bindings = [{"role": "roles/owner", "members": ["user:a@example.com"]}]
    for path in (
        f"cloudresourcemanager/v1/projects/{PROJECT}",
        f"cloudresourcemanager/v3/projects/{PROJECT}",
        f"iam/v1/{account}",
        f"{repository}/apps",
    ):
        written = http.post(f"{path}:setIamPolicy", json={"policy": {"bindings": bindings}}).json()
        assert (written["bindings"], len(written["etag"])) == (bindings, 20)
    written = http.put("storage/storage/v1/b/sources/iam", json={"bindings": bindings}).json()
    assert http.get("storage/storage/v1/b/sources/iam").json() == written
    assert http.get("storage/storage/v1/b/others/iam").status_code == 404
    assert google.world.policies.keys() == {
        f"projects/{PROJECT}",
        account,
        f"{PARENT}/repositories/apps",
        "buckets/sources",
    }


@pytest.fixture
def first_generation(http: httpx.Client) -> dict[str, Any]:
    """A function of the first generation that serves."""
    return deployed(http, "post", f"{PARENT}/functions", b"first")


def deployed(http: httpx.Client, method: str, path: str, source: bytes, **more: Any) -> dict[str, Any]:
    url = http.post(f"cloudfunctions/v1/{PARENT}/functions:generateUploadUrl", json={}).json()["uploadUrl"]
    headers = {"Content-Type": "application/zip", "x-goog-content-length-range": "0,104857600"}
    httpx.put(url, content=source, headers=headers)
    fields = {"name": FUNCTION, "runtime": "python311", "entryPoint": "entry", "httpsTrigger": {}, **more}
    operation = http.request(method, f"cloudfunctions/v1/{path}", json={**fields, "sourceUploadUrl": url}).json()
    return finished(http, "cloudfunctions/v1", operation)


def source_of(http: httpx.Client, version: str) -> bytes:
    answer = http.post(f"cloudfunctions/v1/{FUNCTION}:generateDownloadUrl", json={"versionId": version})
    return httpx.get(answer.json()["downloadUrl"]).content


@pytest.mark.usefixtures("first_generation")
def test_each_deployment_of_the_first_generation_is_a_version(google: GoogleServer, http: httpx.Client) -> None:
    deployed(http, "patch", FUNCTION, b"second")
    mask = {"updateMask": "description"}
    operation = http.patch(f"cloudfunctions/v1/{FUNCTION}", params=mask, json={"description": "sells"}).json()
    finished(http, "cloudfunctions/v1", operation)
    assert [source_of(http, version) for version in "123"] == [b"first", b"second", b"second"]
    assert (google.function("shop")["description"], google.function("shop")["runtime"]) == ("sells", "python311")


@pytest.mark.usefixtures("first_generation")
def test_a_failed_build_leaves_the_version_before_in_service(google: GoogleServer, http: httpx.Client) -> None:
    google.fail("cloudfunctions.v1.*.patch", FailedBuild("no such package"))
    operation = deployed(http, "patch", FUNCTION, b"second")
    assert "Build failed: no such package" in operation["error"]["message"]
    assert (google.function("shop")["status"], google.function("shop")["versionId"]) == ("ACTIVE", "1")


def test_triggers_are_exclusive(http: httpx.Client) -> None:
    operation = http.post(
        f"cloudfunctions/v1/{PARENT}/functions",
        json={"name": FUNCTION, "runtime": "python311", "entryPoint": "a", "httpsTrigger": {}, "eventTrigger": {}},
    )
    assert "exactly one of" in operation.json()["error"]["message"]


def test_builds_need_logs_and_the_full_name_of_their_account(http: httpx.Client) -> None:
    account = "builder@my-project.iam.gserviceaccount.com"
    full = f"projects/{PROJECT}/serviceAccounts/{account}"
    logging = {"options": {"logging": "CLOUD_LOGGING_ONLY"}}
    steps = {"steps": [{"name": "docker"}]}
    answers = [
        http.post(f"cloudbuild/v1/{PARENT}/builds", json=body).status_code
        for body in (
            {},
            {**steps, "serviceAccount": account, **logging},
            {**steps, "serviceAccount": full},
            {**steps, "serviceAccount": full, **logging},
        )
    ]
    assert answers == [400, 400, 400, 200]


def test_a_build_without_its_source_fails(google: GoogleServer, http: httpx.Client) -> None:
    source = {"storageSource": {"bucket": "sources", "object": "a.zip"}}
    body = {"steps": [{"name": "docker"}], "source": source}
    operation = finished(http, "cloudbuild/v1", http.post(f"cloudbuild/v1/{PARENT}/builds", json=body).json())
    assert "gs://sources/a.zip" in operation["error"]["message"]
    google.world.objects["sources", "a.zip"] = b"zip"
    operation = finished(http, "cloudbuild/v1", http.post(f"cloudbuild/v1/{PARENT}/builds", json=body).json())
    assert operation["response"]["status"] == "SUCCESS"


def test_operations_take_the_polls_that_the_test_sets(google: GoogleServer, http: httpx.Client) -> None:
    google.world.polls = 3
    name = http.post(f"run/v2/{PARENT}/services?serviceId=shop", json=CONTAINERS).json()["name"]
    assert [http.get(f"run/v2/{name}").json().get("done") for _ in range(4)] == [None, None, None, True]
    google.fail("run.*.patch", NeverDone())
    name = http.patch(f"run/v2/{SERVICE}", json={**CONTAINERS, "labels": {"a": "b"}}).json()["name"]
    assert [http.get(f"run/v2/{name}").json().get("done") for _ in range(10)] == [None] * 10
    google.world.polls = 0
    assert http.patch(f"run/v2/{SERVICE}", json=CONTAINERS).json()["done"]
