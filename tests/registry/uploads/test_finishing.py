"""From the last byte to the file of a version, whatever breaks on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from registry.artifacts.folder import FolderBlobStore
from registry.backends import blob_store
from registry.errors import PortalError, TransientError
from registry.jobs.runner import run_job
from registry.models import Account, Blob, Job, JobState, ModelVersion, Upload, VersionFile
from registry.services import finishing, store_form_file
from registry.services import uploads as services
from registry.services.drafts import attach_file
from registry.uploads import hashers
from registry.uploads.admission import used_bytes
from registry.uploads.partial_files import PartialFile, PartialFiles
from registry.uploads.storage import partial_files
from registry.uploads.sweeping import expire_uploads
from tests.registry.uploads.tus import TusClient, code, part_of, stored_digest

DATA = b"helloworld"
DIGEST = hashlib.sha256(DATA).hexdigest()


class KilledError(BaseException):
    """Stands for the end of the process: nothing of the portal catches it."""


@pytest.fixture
def url(tus: TusClient, draft: ModelVersion) -> str:
    return tus.created(draft, length=len(DATA))


def stored_bytes(sha256: str) -> bytes:
    with blob_store().open(sha256) as blob:
        return blob.read()


def kill_after(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    real = getattr(owner, name)

    def then_die(*args: Any, **kwargs: Any) -> None:
        real(*args, **kwargs)
        raise KilledError

    monkeypatch.setattr(owner, name, then_die)


def kill_before(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str) -> None:
    def die(*_args: Any, **_kwargs: Any) -> None:
        raise KilledError

    monkeypatch.setattr(owner, name, die)


DEATHS: dict[str, tuple[Callable[[pytest.MonkeyPatch, Any, str], None], Any, str]] = {
    "before the digest is written down": (kill_before, services, "adopt"),
    "before the blob has a row": (kill_before, finishing, "remember_blob"),
    "before the bytes are in the store": (kill_after, finishing, "remember_blob"),
    "when the bytes are in the store": (kill_after, FolderBlobStore, "adopt"),
    "inside the last transaction": (kill_after, finishing, "attach_file"),
}


@pytest.mark.parametrize("death", DEATHS)
@pytest.mark.parametrize("healer", ["the client", "the sweep"])
@pytest.mark.django_db(transaction=True)
def test_a_kill_between_any_two_steps_is_healed(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, death: str, healer: str
) -> None:
    tus: TusClient = request.getfixturevalue("tus")
    draft: ModelVersion = request.getfixturevalue("draft")
    url: str = request.getfixturevalue("url")
    kill, owner, name = DEATHS[death]
    monkeypatch.setattr(hashers, "MOST_KEPT", 0)  # what the dead one had read, its successor has not
    with monkeypatch.context() as dying:
        kill(dying, owner, name)
        with pytest.raises(KilledError):
            tus.patch(url, 0, DATA)
    assert not VersionFile.objects.exists()
    assert used_bytes(draft.registered_model.owner) == len(DATA)
    assert tus.offset(url) == len(DATA)

    if healer == "the client":
        assert tus.patch(url, len(DATA), b"").status_code == 204
    else:
        for job_id in expire_uploads():
            run_job(job_id=job_id)

    assert stored_digest(draft, "model.onnx") == DIGEST
    assert stored_bytes(DIGEST) == DATA
    assert not part_of(url).exists()
    assert tus.offset(url) == len(DATA)
    assert used_bytes(draft.registered_model.owner) == len(DATA)
    assert Upload.objects.get().finished_at is not None


class TestEnd:
    def test_the_last_byte_makes_the_file_and_its_checks_due(
        self, tus: TusClient, draft: ModelVersion, url: str
    ) -> None:
        assert tus.patch(url, 0, DATA)["Upload-Offset"] == "10"
        assert stored_digest(draft, "model.onnx") == DIGEST
        assert Blob.objects.get(pk=DIGEST).size == len(DATA)
        assert stored_bytes(DIGEST) == DATA
        assert not part_of(url).exists()
        assert Job.objects.filter(kind="check_draft", state=JobState.QUEUED, subject_id=draft.pk).exists()

    def test_a_lost_answer_can_be_asked_for_again(self, tus: TusClient, draft: ModelVersion, url: str) -> None:
        tus.patch(url, 0, DATA)
        assert tus.offset(url) == len(DATA)
        assert tus.patch(url, len(DATA), b"").status_code == 204
        assert tus.patch(url, 0, DATA).status_code == 409
        assert not part_of(url).exists()
        assert draft.files.count() == 1

    def test_it_can_be_asked_for_again_after_the_submission(self, tus: TusClient, url: str) -> None:
        tus.patch(url, 0, DATA)
        ModelVersion.objects.update(state="submitted")
        assert tus.patch(url, len(DATA), b"").status_code == 204

    def test_what_the_draft_refuses_by_now_is_told_and_gone(
        self, tus: TusClient, draft: ModelVersion, url: str, ada: Account
    ) -> None:
        sha256, size = blob_store().put(iter([b"twin"]))
        attach_file(version=draft, actor=ada, path="MODEL.onnx", sha256=sha256, size=size)
        response = tus.patch(url, 0, DATA)
        assert (response.status_code, code(response)) == (409, "file.case_twin")
        assert tus.head(url).status_code == 404
        assert used_bytes(ada) == len(b"twin") + len(DATA), "the refused bytes are in the store for a day"

    def test_bytes_that_left_the_store_are_noticed(
        self, tus: TusClient, draft: ModelVersion, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def lose(self: FolderBlobStore, path: Any, sha256: str) -> None:
            path.unlink()

        monkeypatch.setattr(FolderBlobStore, "adopt", lose)
        response = tus.patch(url, 0, DATA)
        assert (response.status_code, code(response)) == (503, "upload.bytes_missing")
        assert not draft.files.exists()


class TestDigest:
    def test_chunks_are_hashed_as_they_come(
        self, tus: TusClient, draft: ModelVersion, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        kill_before(monkeypatch, finishing, "digest_of")
        for offset in range(len(DATA)):
            assert tus.patch(url, offset, DATA[offset : offset + 1]).status_code == 204
        assert stored_digest(draft, "model.onnx") == DIGEST

    def test_chunks_of_several_processes_are_hashed_at_the_end(
        self, tus: TusClient, draft: ModelVersion, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(hashers, "MOST_KEPT", 0)
        for offset in (0, 3, 6):
            tus.patch(url, offset, DATA[offset : offset + 3])
        tus.patch(url, 9, DATA[9:])
        assert stored_digest(draft, "model.onnx") == DIGEST

    def test_a_digest_of_another_offset_is_not_carried_on(self, tus: TusClient, draft: ModelVersion, url: str) -> None:
        tus.patch(url, 0, DATA[:3])
        with partial_files().writer(Upload.objects.get().pk) as partial:
            partial.append(DATA[3:6])  # by another process
        tus.patch(url, 6, DATA[6:])
        assert stored_digest(draft, "model.onnx") == DIGEST

    def test_a_file_made_anew_is_hashed_anew(self, tus: TusClient, draft: ModelVersion, url: str) -> None:
        tus.patch(url, 0, b"XXXXX")
        part_of(url).rename(part_of(url).with_suffix(".lost"))
        part_of(url).write_bytes(DATA[:5])
        tus.patch(url, 5, DATA[5:])
        assert stored_digest(draft, "model.onnx") == DIGEST

    def test_a_discarded_chunk_is_not_in_the_digest(self, tus: TusClient, draft: ModelVersion, url: str) -> None:
        tus.patch(url, 0, DATA[:5])
        assert tus.patch(url, 5, b"WRONG", Upload_Checksum="sha1 " + "A" * 27 + "=").status_code == 460
        tus.patch(url, 5, DATA[5:])
        assert stored_digest(draft, "model.onnx") == DIGEST

    def test_few_hashers_are_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(hashers, "MOST_KEPT", 2)
        for number in range(3):
            hashers.keep_hasher((str(number), 0, 0), 5, hashlib.sha256())
        assert hashers.hasher_at(("0", 0, 0), 5) is None
        assert hashers.hasher_at(("1", 0, 0), 5) is not None


class TestLongFile:
    """A file that no client should wait for while it is hashed."""

    @pytest.fixture(autouse=True)
    def _short_patience(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(services, "INLINE_HASH_BYTES", 4)
        monkeypatch.setattr(hashers, "MOST_KEPT", 0)

    def send_all(self, tus: TusClient, url: str) -> None:
        tus.patch(url, 0, DATA[:5])
        assert tus.patch(url, 5, DATA[5:])["Upload-Offset"] == "10"

    def test_a_job_finishes_it(self, tus: TusClient, draft: ModelVersion, url: str, ada: Account) -> None:
        self.send_all(tus, url)
        assert not draft.files.exists()
        assert tus.offset(url) == len(DATA)
        assert used_bytes(ada) == len(DATA)
        job = Job.objects.get(kind="finish_uploads")
        due = run_job(job_id=job.pk)
        assert stored_digest(draft, "model.onnx") == DIGEST
        assert due == tuple(Job.objects.filter(kind="check_draft").values_list("pk", flat=True))
        job.refresh_from_db()
        assert job.state == JobState.SUCCEEDED

    def test_a_job_leaves_incomplete_ones_alone(self, tus: TusClient, draft: ModelVersion, url: str) -> None:
        self.send_all(tus, url)
        other = tus.created(draft, "other.onnx")
        tus.patch(other, 0, b"he")
        run_job(job_id=Job.objects.get(kind="finish_uploads").pk)
        assert [file.path for file in draft.files.all()] == ["model.onnx"]
        assert tus.offset(other) == 2

    def test_one_that_the_draft_refuses_does_not_stop_the_others(
        self, tus: TusClient, draft: ModelVersion, url: str, ada: Account
    ) -> None:
        self.send_all(tus, url)
        self.send_all(tus, tus.created(draft, "other.onnx"))
        sha256, size = blob_store().put(iter([b"twin"]))
        attach_file(version=draft, actor=ada, path="MODEL.onnx", sha256=sha256, size=size)
        run_job(job_id=Job.objects.get(kind="finish_uploads").pk)
        assert {file.path for file in draft.files.all()} == {"MODEL.onnx", "other.onnx"}
        assert tus.head(url).status_code == 404

    def test_one_that_failed_is_repeated_by_who_asks_and_not_by_every_sweep(
        self, tus: TusClient, draft: ModelVersion, url: str
    ) -> None:
        self.send_all(tus, url)
        job = Job.objects.get(kind="finish_uploads")
        Job.objects.update(state=JobState.FAILED)
        assert job.pk not in expire_uploads()
        assert tus.patch(url, len(DATA), b"").status_code == 204
        run_job(job_id=job.pk)
        assert draft.files.count() == 1

    def test_one_that_is_being_written_is_waited_for(self, tus: TusClient, draft: ModelVersion, url: str) -> None:
        self.send_all(tus, url)
        job_id = Job.objects.get(kind="finish_uploads").pk
        with partial_files().writer(Upload.objects.get().pk):
            run_job(job_id=job_id)
        assert not draft.files.exists()
        assert job_id in expire_uploads()
        run_job(job_id=job_id)
        assert draft.files.count() == 1


def test_two_that_finish_at_once_leave_one_file(
    tus: TusClient, draft: ModelVersion, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at the file and its lock, another process finishes the upload."""
    tus.patch(url, 0, DATA[:9])
    with partial_files().writer(Upload.objects.get().pk) as partial:
        partial.append(DATA[9:])
    writer = PartialFiles.writer

    def finish_first(files: PartialFiles, upload_id: UUID) -> AbstractContextManager[PartialFile]:
        monkeypatch.undo()
        finishing.finish_upload(upload_id=upload_id)
        return writer(files, upload_id)

    monkeypatch.setattr(PartialFiles, "writer", finish_first)
    finishing.finish_upload(upload_id=Upload.objects.get().pk)
    assert draft.files.count() == 1
    assert not part_of(url).exists()


class TestForm:
    def test_a_file_is_stored(self, draft: ModelVersion, ada: Account) -> None:
        file = SimpleUploadedFile("model.onnx", DATA)
        due = store_form_file(version=draft, actor=ada, path="model.onnx", uploaded_file=file)
        assert due == tuple(Job.objects.filter(kind="check_draft").values_list("pk", flat=True))
        assert stored_digest(draft, "model.onnx") == DIGEST
        assert not list(partial_files().ids())

    @pytest.mark.parametrize(
        ("limits", "path", "reason"),
        [
            ({"form_upload_max_bytes": 9}, "model.onnx", "upload.form_too_large"),
            ({"max_file_bytes": 9}, "model.onnx", "upload.too_large"),
            ({"account_quota_bytes": 9}, "model.onnx", "upload.quota"),
            ({"max_version_bytes": 9}, "model.onnx", "file.version_too_large"),
            ({"disk_reserve_bytes": 1 << 60}, "model.onnx", "upload.disk_full"),
            ({}, "../model.onnx", "gate.name_parent"),
            ({}, "model.pkl", "gate.pickle"),
        ],
    )
    def test_the_rules_are_those_of_every_upload(
        self, draft: ModelVersion, limit: Callable[..., None], limits: Any, path: str, reason: str
    ) -> None:
        limit(**limits)
        ada = draft.registered_model.owner
        with pytest.raises(PortalError) as refused:
            store_form_file(version=draft, actor=ada, path=path, uploaded_file=SimpleUploadedFile("model.onnx", DATA))
        assert refused.value.code == reason
        assert not Upload.objects.exists()
        assert used_bytes(ada) == 0

    def test_the_draft_of_another_is_unknown(self, draft: ModelVersion, bob: Account) -> None:
        with pytest.raises(PortalError) as refused:
            store_form_file(
                version=draft, actor=bob, path="model.onnx", uploaded_file=SimpleUploadedFile("model.onnx", DATA)
            )
        assert refused.value.code == "version.unknown"


def test_attaching_bytes_that_are_not_there_waits(draft: ModelVersion, ada: Account) -> None:
    upload = services.create_upload(actor=ada, version_id=draft.pk, path="model.onnx", length=10)
    Upload.objects.update(sha256=DIGEST)
    with pytest.raises(TransientError):
        finishing.attach(upload_id=upload.pk)
