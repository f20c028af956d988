"""Uploads past the portal, from the reservation to the file of a draft, by the API."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen
from uuid import uuid4

import pytest
from django.utils import timezone

from registry.artifacts.s3_direct import S3DirectUploads
from registry.backends import blob_store, direct_uploads
from registry.errors import NotFoundError, OperatorError
from registry.jobs import runner
from registry.jobs.queue import due_job_ids
from registry.models import Job, JobState, ModelVersion, Upload
from registry.uploads.selectors import unfinished_uploads
from registry.uploads.sweeping import end_expired_uploads, finish_complete_uploads
from tests.api.client import ApiClient, client_of
from tests.factories import make_account, make_draft, make_model
from tests.stubs.s3_server import KEY, SECRET, StubS3, running_s3

DATA = b"weights " * 3000
SHA256 = hashlib.sha256(DATA).hexdigest()

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def server() -> Iterator[StubS3]:
    with running_s3() as running:
        yield running


@pytest.fixture
def bucket(server: StubS3, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StubS3:
    """The portal keeps files in a bucket, and lets clients send to it in parts of 10,000 bytes."""
    server.faults.clear()
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    monkeypatch.setattr("moto.s3.models.S3_UPLOAD_PART_MIN_SIZE", 1)
    monkeypatch.setattr(S3DirectUploads, "part_bytes", 10_000)
    s3 = {"bucket": f"direct-{uuid4().hex}", "endpoint_url": server.url, "access_key": KEY, "secret_key": SECRET}
    settings.UPLOADS_DIR = tmp_path / "uploads"
    settings.BACKENDS = {
        **settings.BACKENDS,
        "blob_store": {
            "class": "registry.artifacts.s3.s3_blob_store",
            "options": {**s3, "cache_dir": tmp_path / "cache", "cache_bytes": 1 << 20},
        },
        "direct_uploads": {
            "class": "registry.artifacts.s3_direct.s3_direct_uploads",
            "options": {**s3, "public_url": server.url},
        },
    }
    blob_store().client.call("create_bucket")  # type: ignore[attr-defined]  # it is an S3BlobStore
    return server


@pytest.fixture
def draft(bucket: StubS3) -> ModelVersion:  # where its files will lie
    return make_draft(make_model(make_account("vera"), "sums"), files={})


@pytest.fixture
def api(draft: ModelVersion) -> ApiClient:
    return client_of(draft.registered_model.owner)


def begun(api: ApiClient, draft: ModelVersion, *, length: int = len(DATA)) -> dict[str, Any]:
    answer = api.post(f"versions/{draft.pk}/direct-uploads/", {"path": "model.json", "length": length})
    assert answer.status_code == 201, answer.content
    made: dict[str, Any] = answer.json()
    assert (made["part_bytes"], made["parts"]) == (10_000, -(-length // 10_000))
    return made


def part(number: int) -> bytes:
    return DATA[(number - 1) * 10_000 : number * 10_000]


def send(api: ApiClient, upload_id: str, data: bytes = DATA, *, parts: tuple[int, ...] = (1, 2, 3)) -> None:
    answer = api.post(f"uploads/{upload_id}/parts/", {"parts": parts})
    assert answer.status_code == 200, answer.content
    for signed in answer.json()["parts"]:
        start = (signed["number"] - 1) * 10_000
        assert signed["length"] == len(part(signed["number"]))
        body = data[start : start + 10_000]
        asked = Request(signed["url"], data=body, method="PUT", headers={"Content-Type": ""})  # of the stub
        urlopen(asked, timeout=30).close()  # the same


def completed(api: ApiClient, upload_id: str) -> Any:
    return api.post(f"uploads/{upload_id}/completion/")


def work() -> None:
    for job_id in due_job_ids():
        runner.run_job(job_id=job_id)


def staged() -> list[str]:
    page = blob_store().client.call("list_objects_v2", Prefix="uploads/")  # type: ignore[attr-defined]  # an S3BlobStore
    return [row["Key"] for row in page.get("Contents", ())]


def test_parts_become_a_file_of_the_draft(api: ApiClient, draft: ModelVersion) -> None:
    upload = begun(api, draft)["upload"]
    send(api, upload["id"])
    assert not draft.files.exists()
    for _ in range(2):  # an answer may be lost
        answer = completed(api, upload["id"])
        assert (answer.status_code, answer.json()["offset"], answer.json()["finished"]) == (202, len(DATA), False)
    work()

    (file,) = draft.files.all()
    assert (file.path, file.blob_id, file.blob.size) == ("model.json", SHA256, len(DATA))
    blob_store().verify(SHA256)
    assert api.get(f"uploads/{upload['id']}/").json()["finished"] is True
    assert staged() == []
    assert completed(api, upload["id"]).json()["code"] == "upload.direct_finished"


@pytest.mark.parametrize(
    ("data", "parts"),
    [(DATA, (1, 3)), (DATA[:-1], (1, 2, 3)), (DATA[:15_000], (1, 2))],
    ids=["a part is missing", "the last one is short", "a middle one is short"],
)
def test_what_is_not_whole_is_not_taken(
    api: ApiClient, draft: ModelVersion, data: bytes, parts: tuple[int, ...]
) -> None:
    upload = begun(api, draft)["upload"]
    send(api, upload["id"], data, parts=parts)
    told = api.get(f"uploads/{upload['id']}/parts/").json()
    assert told["arrived"] == [n for n in parts if len(data[(n - 1) * 10_000 : n * 10_000]) == len(part(n))]
    answer = completed(api, upload["id"])
    assert (answer.status_code, answer.json()["code"]) == (409, "upload.direct_incomplete")
    send(api, upload["id"])
    assert completed(api, upload["id"]).status_code == 202
    work()
    assert draft.files.get().blob_id == SHA256


def test_an_upload_is_gone_on_with_by_what_has_arrived(api: ApiClient, draft: ModelVersion) -> None:
    body = {"path": "model.json", "length": len(DATA), "modified": 1_700_000_000_123}
    upload = api.post(f"versions/{draft.pk}/direct-uploads/", body).json()["upload"]
    Upload.objects.update(expires_at=timezone.now() + timedelta(minutes=1))
    send(api, upload["id"], parts=(2,))
    row = Upload.objects.get()
    assert row.expires_at > timezone.now() + timedelta(hours=1)  # whoever sends keeps it alive
    (listed,) = unfinished_uploads(version=draft)
    assert (listed.modified, listed.direct_url) == ("1700000000123", f"/api/v1/uploads/{row.pk}/")
    assert api.get(f"uploads/{row.pk}/parts/").json() == {"part_bytes": 10_000, "parts": 3, "arrived": [2]}

    place = direct_uploads()
    assert place is not None
    place.discard(row.pk.hex, row.direct_session)  # as a lifecycle rule of the bucket does
    assert api.get(f"uploads/{row.pk}/parts/").json()["code"] == "upload.unknown"


def test_a_session_joined_by_a_call_that_died_is_gone_on_with(api: ApiClient, draft: ModelVersion) -> None:
    upload = begun(api, draft)["upload"]
    send(api, upload["id"])
    row, place = Upload.objects.get(), direct_uploads()
    assert place is not None
    place.complete(row.pk.hex, row.direct_session)
    assert completed(api, upload["id"]).status_code == 202
    work()
    assert draft.files.get().blob_id == SHA256


def test_a_large_one_is_kept_in_pieces_and_a_failure_leaves_none_behind(
    bucket: StubS3, api: ApiClient, draft: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("registry.artifacts.s3_direct._COPY_PART", 10_000)
    send(api, begun(api, draft)["upload"]["id"])
    row, place = Upload.objects.get(), direct_uploads()
    assert place is not None
    place.complete(row.pk.hex, row.direct_session)
    bucket.requests.clear()
    bucket.fail("PUT", "partNumber=2", status=403, code="AccessDenied")

    with pytest.raises(OperatorError):
        place.keep(row.pk.hex, SHA256)
    assert "Uploads" not in blob_store().client.call("list_multipart_uploads")  # type: ignore[attr-defined]  # an S3BlobStore
    assert staged()

    bucket.fail("POST", "sha256/.*uploadId=", status=503, done=True)  # its answer is lost, and the session forgotten
    bucket.fail("POST", "sha256/.*uploadId=", status=404, code="NoSuchUpload")
    place.keep(row.pk.hex, SHA256)
    blob_store().verify(SHA256)
    assert staged() == []
    assert len(bucket.asked("PUT")) == 2 + 3


def test_a_bucket_that_is_away_loses_nothing(bucket: StubS3, api: ApiClient, draft: ModelVersion) -> None:
    upload = begun(api, draft)["upload"]
    send(api, upload["id"])
    bucket.fail("GET", "uploads/", status=503, times=5)
    answer = completed(api, upload["id"])
    assert (answer.status_code, answer.json()["code"]) == (503, "s3.busy")
    assert completed(api, upload["id"]).status_code == 202

    bucket.fail("PUT", "sha256/", status=503, times=5)
    work()
    job = Job.objects.get(kind="finish_uploads")
    assert (job.state, job.last_error) == (JobState.QUEUED, "s3.busy")
    assert not draft.files.exists()
    Job.objects.update(run_after=job.created_at)
    work()
    assert draft.files.get().blob_id == SHA256


def test_a_bucket_that_refuses_at_the_beginning_reserves_nothing(
    bucket: StubS3, api: ApiClient, draft: ModelVersion
) -> None:
    bucket.fail("POST", "uploads/", status=503, times=5)
    answer = api.post(f"versions/{draft.pk}/direct-uploads/", {"path": "model.json", "length": 3})
    assert answer.status_code == 503
    assert not Upload.objects.exists()


def test_the_sweep_finishes_what_nobody_finished(api: ApiClient, draft: ModelVersion) -> None:
    upload = begun(api, draft)["upload"]
    send(api, upload["id"])
    completed(api, upload["id"])
    Job.objects.update(state=JobState.RUNNING)
    assert not finish_complete_uploads()
    assert not Job.objects.get().rerun, "the sweep would repeat one that fails for ever"
    Job.objects.all().delete()
    assert finish_complete_uploads()
    work()
    assert draft.files.get().blob_id == SHA256


def test_rules_of_every_upload_hold(api: ApiClient, draft: ModelVersion, settings: Any) -> None:
    settings.LIMITS = {**settings.LIMITS, "account_quota_bytes": 50_000}
    begun(api, draft, length=30_000)
    answer = api.post(f"versions/{draft.pk}/direct-uploads/", {"path": "b.json", "length": 30_000})
    assert (answer.status_code, answer.json()["code"]) == (413, "upload.quota")
    answer = api.post(f"versions/{draft.pk}/direct-uploads/", {"path": "c.json", "length": 0})
    assert (answer.status_code, answer.json()["code"]) == (400, "upload.direct_empty")


@pytest.mark.parametrize("numbers", [[4], [0], [], [1] * 101])
def test_parts_that_there_are_not(api: ApiClient, draft: ModelVersion, numbers: list[int]) -> None:
    upload = begun(api, draft)["upload"]
    assert api.post(f"uploads/{upload['id']}/parts/", {"parts": numbers}).status_code == 400


def test_tus_does_not_take_over(api: ApiClient, draft: ModelVersion) -> None:
    upload = begun(api, draft)["upload"]
    answer = api.ask(
        "PATCH", upload["tus_url"], raw=b"abc",
        Tus_Resumable="1.0.0", Upload_Offset="0", Content_Type="application/offset+octet-stream",
    )  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (409, "upload.direct_only")


def test_one_that_expires_frees_its_room(api: ApiClient, draft: ModelVersion) -> None:
    upload = begun(api, draft)["upload"]
    send(api, upload["id"])
    row = Upload.objects.get()
    Upload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert end_expired_uploads() == 1
    place = direct_uploads()
    assert place is not None
    with pytest.raises(NotFoundError):
        place.arrived(row.pk.hex, row.direct_session)


def test_one_that_is_given_up_frees_its_room(
    api: ApiClient, draft: ModelVersion, django_capture_on_commit_callbacks: Any
) -> None:
    upload = begun(api, draft)["upload"]
    send(api, upload["id"])
    row, place = Upload.objects.get(), direct_uploads()
    assert place is not None
    place.complete(row.pk.hex, row.direct_session)
    assert staged()
    with django_capture_on_commit_callbacks(execute=True):
        assert api.ask("DELETE", f"uploads/{upload['id']}/").status_code == 204
    assert staged() == []


def test_a_portal_without_a_bucket_says_so(api: ApiClient, draft: ModelVersion, settings: Any) -> None:
    settings.BACKENDS = {name: each for name, each in settings.BACKENDS.items() if name != "direct_uploads"}
    answer = api.post(f"versions/{draft.pk}/direct-uploads/", {"path": "model.json", "length": 3})
    assert (answer.status_code, answer.json()["code"]) == (409, "upload.direct_off")
    assert not Upload.objects.exists()
