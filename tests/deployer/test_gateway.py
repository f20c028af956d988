from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from deployer import gateway
from deployer.errors import TransientError
from deployer.interfaces import CupSpec, ServingResponse
from deployer.models import Endpoint, Rollout
from registry.services import retire_version
from tests.deployer import scene

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fakes")]
INFER = "/serve/v2/models/vera-sums/infer"


@pytest.fixture
def web() -> Client:
    return Client(enforce_csrf_checks=True)


def post(web: Client, path: str = INFER, body: Any = scene.REQUEST, **headers: str) -> Any:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return web.post(path, data=data, content_type="application/json", headers=headers)


def test_an_inference_request_reaches_the_current_version(web: Client) -> None:
    rollout = scene.served()

    response = post(web)

    assert response.status_code == 200
    answer = response.json()
    assert answer["outputs"][0]["data"] == [6.0]
    assert (answer["model_name"], answer["model_version"]) == ("vera-sums", "1")
    assert response["X-Model-Version"] == "1"
    assert response["X-Model-Digest"] == rollout.image_digest
    assert response["Content-Type"] == "application/json"


def test_any_origin_may_read_the_answer_and_no_cookie_is_involved(web: Client) -> None:
    scene.served()

    response = post(web)
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "X-Model-Version" in response["Access-Control-Expose-Headers"]
    assert not response.cookies
    assert "Cookie" not in response.get("Vary", "")

    preflight = web.options(INFER, headers={"origin": "https://example.org", "access-control-request-method": "POST"})
    assert (preflight.status_code, preflight.content) == (204, b"")
    assert preflight["Access-Control-Allow-Methods"] == "POST, OPTIONS"
    assert preflight["Access-Control-Allow-Headers"] == "Content-Type"


def test_one_query_a_request(web: Client, django_assert_num_queries: Any) -> None:
    scene.served()
    with django_assert_num_queries(1):
        post(web)


def test_what_the_model_server_says_is_passed_on(web: Client) -> None:
    scene.served()

    response = post(web, body=b'{"nonsense": 1}')

    assert response.status_code == 400
    assert response.json() == {"error": "The request does not follow the protocol."}
    assert response["X-Model-Version"] == "1"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "The request is empty. Send a JSON object"),
        (b"{bad", "not valid JSON: line 1, column 2: Expecting property name"),
        (b"[1]", "Put names and values in braces"),
        (b'\xff\xfe{"inputs"', "not UTF-8 text: look at byte 0"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"inputs": ' + b"9" * 5000 + b"}", "a number that is too long"),
    ],
    ids=["empty", "braces", "list", "utf-16", "deep", "digits"],
)
def test_a_body_that_is_no_json_object_is_explained(web: Client, body: bytes, says: str) -> None:
    scene.served()

    response = post(web, body=body)

    assert response.status_code == 400
    assert says in response.json()["error"]
    assert response["Content-Type"] == "application/json"
    assert response["X-Model-Version"] == "1"


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "application/octet-stream", "text/plain"]
)
def test_a_request_is_json_whatever_the_client_calls_it(
    web: Client, monkeypatch: pytest.MonkeyPatch, content_type: str
) -> None:
    scene.served()
    seen, real = [], scene.serving().request

    def note(*args: Any, **kwargs: Any) -> ServingResponse:
        seen.append(kwargs["content_type"])
        return real(*args, **kwargs)

    monkeypatch.setattr(scene.serving(), "request", note)
    answer = web.post(INFER, data=json.dumps(scene.REQUEST).encode(), content_type=content_type)

    assert (answer.status_code, seen) == (200, ["application/json"])


def test_tensors_in_binary_are_refused_with_the_way_to_send_them(web: Client) -> None:
    scene.served()
    response = post(web, body=b"{}\x00\x00", **{"Inference-Header-Content-Length": "2"})
    assert response.status_code == 415
    assert "as JSON only" in response.json()["error"]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/serve/v2", {"name": "Model Commons", "version": "2", "extensions": []}),
        ("/serve/v2/health/live", {"live": True}),
        ("/serve/v2/health/ready", {"ready": True}),
        ("/serve/v2/models", {"models": ["vera-sums"]}),
        ("/serve/v1/models", {"models": ["vera-sums"]}),
        ("/serve/v2/models/vera-sums", {"name": "vera-sums", "versions": ["1"], "inputs": [], "outputs": []}),
        ("/serve/v2/models/vera-sums/ready", {"name": "vera-sums", "ready": True}),
    ],
)
def test_metadata_and_health(web: Client, path: str, content: object) -> None:
    scene.served()

    response = web.get(path)
    assert (response.status_code, response.json()) == (200, content)
    assert web.head(path).status_code == 200


def test_readiness_costs_the_same_however_many_there_are(
    web: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1) as asked:
        assert web.get("/serve/v2/health/ready").status_code == 200

    assert asked.captured_queries[0]["sql"].endswith("LIMIT 1")


def test_v1_requests_keep_their_path(web: Client) -> None:
    scene.served()
    seen = []

    def note(_spec: CupSpec, method: str, path: str, _body: bytes) -> ServingResponse:
        seen.append((method, path))
        return ServingResponse(status=200, content_type="application/json", body=b'{"predictions": [6.0]}')

    scene.serving().answer = note
    assert post(web, "/serve/v1/models/vera-sums:predict", {"instances": [[1, 2, 3]]}).json() == {"predictions": [6.0]}
    assert web.get("/serve/v1/models/vera-sums").status_code == 200
    assert seen == [("POST", "/v1/models/vera-sums:predict"), ("GET", "/v1/models/vera-sums")]


@pytest.mark.parametrize(
    ("claimed", "shown"),
    [
        ("text/html", "application/octet-stream"),
        ("text/javascript; charset=utf-8", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
        ("Application/JSON; charset=utf-8", "application/json"),
        ("", "application/json"),
    ],
)
def test_no_answer_of_a_model_server_becomes_a_page_or_script_of_the_portal(
    web: Client, claimed: str, shown: str
) -> None:
    scene.served()
    body = b"<script src=/serve/v1/models/vera-sums></script>"
    scene.serving().answer = lambda *_: ServingResponse(status=200, content_type=claimed, body=body)

    for answer in (web.get("/serve/v2/models/vera-sums"), post(web)):
        assert (answer.content, answer["Content-Type"]) == (body, shown)
        assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("post", "/serve/v2/models/nobody/infer", 404),
        ("get", "/serve/v2/models/nobody", 404),
        ("post", "/serve/v1/models/nobody:predict", 404),
        ("get", "/serve/v2/nonsense", 404),
        ("get", "/serve/", 404),
        ("post", "/serve/v2/repository/models/vera-sums/unload", 404),
        ("get", INFER, 405),
        ("delete", INFER, 405),
        ("post", "/serve/v2/models", 405),
    ],
)
def test_errors_are_the_protocols_object(web: Client, method: str, path: str, status: int) -> None:
    scene.served()

    response = getattr(web, method)(path)

    assert response.status_code == status
    assert list(response.json()) == ["error"]
    assert response["Access-Control-Allow-Origin"] == "*"


def test_a_body_over_the_limit_is_refused_unread(web: Client, settings: Any) -> None:
    scene.served()
    settings.LIMITS = {**settings.LIMITS, "gateway_max_bytes": 1000}
    before = len(scene.serving().calls)

    response = post(web, body=b"[" + b"1," * 500 + b"1]")

    assert response.status_code == 413
    assert "1000" in response.json()["error"]
    assert len(scene.serving().calls) == before
    assert post(web).status_code == 200


def test_a_body_larger_than_a_form_may_be_is_read(web: Client, settings: Any) -> None:
    scene.served()
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100

    body = {"inputs": [{"name": "x", "shape": [1, 300], "datatype": "FP64", "data": [1.0] * 300}]}
    assert post(web, body=body).json()["outputs"][0]["data"] == [300.0]


def test_a_body_without_a_length_is_refused(web: Client) -> None:
    scene.served()

    response = web.generic("POST", INFER, headers={"transfer-encoding": "chunked"})

    assert response.status_code == 411


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        (TransientError("serving.timeout", seconds=30), 504, None),
        (TransientError("serving.unreachable"), 503, "5"),
        (TransientError("serving.busy"), 503, "5"),
        (TransientError("serving.answer_too_large", limit=1), 502, None),
    ],
)
def test_a_silent_replica(web: Client, error: TransientError, status: int, retry_after: str | None) -> None:
    scene.served()

    def fail(*_args: object) -> ServingResponse:
        raise error

    scene.serving().answer = fail
    response = post(web)

    assert response.status_code == status
    assert list(response.json()) == ["error"]
    assert response.get("Retry-After") == retry_after


def test_a_killed_replica_is_503_until_it_is_back(web: Client) -> None:
    rollout = scene.served()
    scene.serving().kill(rollout.cup_name)

    response = post(web)

    assert (response.status_code, response["Retry-After"]) == (503, "5")


def test_a_request_that_finds_no_replica_calls_for_it_and_a_crowd_does_so_once(
    web: Client, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway, "HELP_SECONDS", 600.0)
    rollout = scene.served(name="calls-for-help")
    scene.serving().kill(rollout.cup_name)
    path = "/serve/v2/models/vera-calls-for-help/infer"

    with django_capture_on_commit_callbacks() as rung:
        assert [post(web, path).status_code for _request in range(5)] == [503] * 5

    assert len(rung) == 1
    scene.work_off()
    scene.serving().status(rollout.cup_name)
    assert post(web, path).status_code == 200


def test_a_request_that_meets_the_swap_is_answered_by_the_new_version(web: Client) -> None:
    old = scene.served()
    new = scene.served()
    Endpoint.objects.update(current=old)
    scene.serving().delete(old.cup_name)
    calls = []

    class Swapping(type(scene.serving())):  # type: ignore[misc]  # the class is only known at run time
        def request(self, name: str, **kwargs: Any) -> ServingResponse:
            calls.append(name)
            Endpoint.objects.update(current=new)
            answer: ServingResponse = super().request(name, **kwargs)
            return answer

    scene.serving().__class__ = Swapping
    response = post(web)

    assert (response.status_code, response["X-Model-Version"]) == (200, "2")
    assert calls == [old.cup_name, new.cup_name]


def test_an_endpoint_says_why_it_is_silent(web: Client) -> None:
    rollout = scene.served()
    Endpoint.objects.update(current=None)
    Rollout.objects.update(state="applying")
    starting = post(web)
    assert (starting.status_code, starting["Retry-After"]) == (503, "5")

    Rollout.objects.update(state="failed")
    assert post(web).status_code == 404

    Rollout.objects.update(state="ready")
    Endpoint.objects.update(current=rollout)
    retire_version(version=rollout.version, actor=scene.operator())
    gone = post(web)
    assert (gone.status_code, "Retry-After" in gone) == (410, False)
    assert web.get("/serve/v2/models").json() == {"models": []}
