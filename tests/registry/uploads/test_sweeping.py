"""What the sweep ends and clears away, and what it must not touch."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from registry.artifacts.folder import FolderBlobStore
from registry.backends import blob_store
from registry.jobs.runner import run_job
from registry.models import Account, Blob, Lease, ModelVersion, Upload
from registry.services import finishing, remove_file
from registry.services.drafts import attach_file
from registry.uploads import sweeping
from registry.uploads.admission import used_bytes
from registry.uploads.partial_files import PartialFile, PartialFiles
from registry.uploads.storage import partial_files
from registry.uploads.sweeping import (
    ORPHAN_AGE,
    delete_orphan_blobs,
    end_expired_uploads,
    expire_uploads,
    remove_orphan_files,
)
from tests.registry.uploads.tus import TusClient, part_of, stored_digest


def expire_all() -> None:
    Upload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def age_blobs() -> None:
    Blob.objects.update(created_at=timezone.now() - ORPHAN_AGE - timedelta(minutes=1))


class TestExpiry:
    def test_an_expired_upload_frees_its_bytes_and_its_quota(
        self, tus: TusClient, draft: ModelVersion, ada: Account
    ) -> None:
        url = tus.created(draft)
        tus.patch(url, 0, b"hello")
        expire_all()
        assert end_expired_uploads() == 1
        assert not part_of(url).exists()
        assert used_bytes(ada) == 0
        assert tus.head(url).status_code == 404

    def test_one_without_a_byte_expires_as_well(self, tus: TusClient, draft: ModelVersion) -> None:
        url = tus.created(draft)
        expire_all()
        assert end_expired_uploads() == 1
        assert not Upload.objects.exists()
        assert not part_of(url).exists()

    def test_one_that_is_being_written_is_left(self, tus: TusClient, draft: ModelVersion) -> None:
        tus.created(draft)
        expire_all()
        with partial_files().writer(Upload.objects.get().pk):
            assert end_expired_uploads() == 0
        assert Upload.objects.exists()

    def test_one_that_is_extended_at_the_last_moment_is_left(
        self, tus: TusClient, draft: ModelVersion, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Between the sweep's look and its lock somebody sent a chunk, or asked where to send the next part."""
        url = tus.created(draft)
        tus.patch(url, 0, b"hello")
        expire_all()
        Upload.objects.update(direct_session="session")
        writer, freed = PartialFiles.writer, list[Upload]()

        def extended_first(files: PartialFiles, upload_id: UUID) -> AbstractContextManager[PartialFile]:
            Upload.objects.update(expires_at=timezone.now() + timedelta(days=1))
            return writer(files, upload_id)

        monkeypatch.setattr(PartialFiles, "writer", extended_first)
        monkeypatch.setattr(sweeping, "free_direct", freed.append)

        assert end_expired_uploads() == 0

        assert part_of(url).read_bytes() == b"hello"
        assert (Upload.objects.count(), freed) == (1, [])

    def test_a_living_one_is_left(self, tus: TusClient, draft: ModelVersion) -> None:
        url = tus.created(draft)
        tus.patch(url, 0, b"hello")
        expire_uploads()
        assert tus.offset(url) == 5

    def test_the_row_of_a_finished_one_goes_and_its_file_stays(self, tus: TusClient, draft: ModelVersion) -> None:
        tus.upload(draft, "model.onnx", b"hello")
        expire_all()
        end_expired_uploads()
        assert not Upload.objects.exists()
        assert blob_store().has(stored_digest(draft, "model.onnx"))


class TestOrphanFiles:
    def test_bytes_without_an_upload_go(self, tus: TusClient, draft: ModelVersion) -> None:
        kept, lost = tus.created(draft), uuid4()
        tus.patch(kept, 0, b"hello")
        with partial_files().writer(lost) as partial:
            partial.append(b"lost")
        assert remove_orphan_files() == 1
        assert part_of(kept).exists()
        assert not partial_files().path(lost).exists()

    def test_bytes_of_a_deleted_draft_go(self, tus: TusClient, draft: ModelVersion) -> None:
        url = tus.created(draft)
        tus.patch(url, 0, b"hello")
        draft.delete()
        expire_uploads()
        assert not part_of(url).exists()


class TestOrphanBlobs:
    @pytest.fixture
    def blob(self, tus: TusClient, draft: ModelVersion) -> str:
        tus.upload(draft, "model.onnx", b"hello")
        return stored_digest(draft, "model.onnx")

    def test_one_that_a_file_names_stays(self, blob: str) -> None:
        age_blobs()
        assert delete_orphan_blobs() == 0
        assert blob_store().has(blob)

    def test_one_that_no_file_names_goes_after_a_day(self, blob: str, draft: ModelVersion, ada: Account) -> None:
        remove_file(version=draft, actor=ada, path="model.onnx")
        assert delete_orphan_blobs() == 0
        age_blobs()
        assert delete_orphan_blobs() == 1
        assert not blob_store().has(blob)
        assert not Blob.objects.exists()

    def test_one_that_is_about_to_be_attached_stays(
        self, tus: TusClient, draft: ModelVersion, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        url = tus.created(draft, length=5)

        class KilledError(BaseException):
            pass

        def die(**_kwargs: object) -> None:
            raise KilledError

        with monkeypatch.context() as dying:
            dying.setattr(finishing, "attach", die)
            with pytest.raises(KilledError):
                tus.patch(url, 0, b"hello")
        age_blobs()
        assert delete_orphan_blobs() == 0
        tus.patch(url, 5, b"")
        assert draft.files.count() == 1

    @pytest.mark.django_db
    def test_one_that_goes_during_the_walk_is_passed_over(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(FolderBlobStore, "digests", lambda _store: iter(["0" * 64]))
        assert delete_orphan_blobs() == 0
        assert not Blob.objects.exists()

    @pytest.mark.usefixtures("blob")
    def test_one_that_comes_again_has_its_day_anew(self, draft: ModelVersion, ada: Account) -> None:
        remove_file(version=draft, actor=ada, path="model.onnx")
        age_blobs()
        finishing.remember_blob(Upload.objects.get())  # the first step of storing the same bytes again
        assert delete_orphan_blobs() == 0

    @pytest.mark.django_db
    def test_one_without_a_row_has_a_day(self) -> None:
        sha256, size = blob_store().put(iter([b"hello"]))
        assert delete_orphan_blobs() == 0
        assert Blob.objects.get(pk=sha256).size == size
        age_blobs()
        assert delete_orphan_blobs() == 1
        assert not blob_store().has(sha256)

    def test_one_that_is_attached_at_the_last_moment_stays(
        self, draft: ModelVersion, ada: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Between the list of orphans and the second look, somebody names the blob."""
        sha256, size = blob_store().put(iter([b"hello"]))
        Blob.objects.create(sha256=sha256, size=size)
        age_blobs()
        select_for_update = Blob.objects.select_for_update

        def attach_first(*args: object, **kwargs: object) -> object:
            monkeypatch.undo()
            attach_file(version=draft, actor=ada, path="model.onnx", sha256=sha256, size=size)
            return select_for_update()

        monkeypatch.setattr(type(Blob.objects), "select_for_update", lambda _manager, **_kw: attach_first())
        assert delete_orphan_blobs() == 0
        assert blob_store().has(sha256)

    @pytest.mark.django_db
    def test_the_store_is_walked_once_an_hour_by_a_job(self) -> None:
        """A walk over very many blobs must not outlast the sweep's lease."""
        blob_store().put(iter([b"first"]))
        [job_id] = expire_uploads()
        assert Blob.objects.count() == 0
        run_job(job_id=job_id)
        assert Blob.objects.count() == 1

        blob_store().put(iter([b"second"]))
        assert expire_uploads() == ()
        Lease.objects.update(until=timezone.now())
        assert expire_uploads() == (job_id,)
        run_job(job_id=job_id)
        assert Blob.objects.count() == 2
