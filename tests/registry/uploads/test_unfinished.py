"""What a draft's page tells of uploads that are not its files yet, and what can be done about them."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.urls import reverse

from registry.artifacts.folder import FolderBlobStore
from registry.errors import OperatorError
from registry.jobs.runner import run_job
from registry.messages import message
from registry.models import Account, Job, JobState, ModelVersion, Upload
from registry.services import cancel_upload
from registry.services import uploads as services
from registry.uploads import hashers
from registry.uploads.admission import used_bytes
from registry.uploads.selectors import unfinished_uploads
from registry.uploads.storage import partial_files
from tests.registry.uploads.test_finishing import DATA, DIGEST
from tests.registry.uploads.tus import TusClient, metadata, part_of, stored_digest


@pytest.fixture
def url(tus: TusClient, draft: ModelVersion) -> str:
    return tus.created(draft, length=len(DATA))


def send_all(tus: TusClient, url: str, data: bytes = DATA) -> None:
    tus.patch(url, 0, data[:5])
    assert tus.patch(url, 5, data[5:])["Upload-Offset"] == "10"


class TestFinishing:
    @pytest.fixture(autouse=True)
    def _short_patience(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(services, "INLINE_HASH_BYTES", 4)
        monkeypatch.setattr(hashers, "MOST_KEPT", 0)

    def test_one_that_cannot_be_finished_says_why_and_keeps_no_other_back(
        self, tus: TusClient, draft: ModelVersion, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = FolderBlobStore.adopt

        def refuse_one(store: FolderBlobStore, path: Path, sha256: str) -> None:
            if sha256 == DIGEST:
                raise OperatorError("s3.denied")
            real(store, path, sha256)

        send_all(tus, url)
        send_all(tus, tus.created(draft, "other.onnx"), b"helloWORLD")
        job, pk = Job.objects.get(kind="finish_uploads"), url.rsplit("/", 1)[-1]
        with monkeypatch.context() as broken:
            broken.setattr(FolderBlobStore, "adopt", refuse_one)
            run_job(job_id=job.pk)

        retry, remove = (reverse(f"registry:upload_{verb}", args=[draft.pk, pk]) for verb in ("retry", "cancel"))
        page = tus.client.get(reverse("registry:draft_files", args=[draft.pk])).content.decode()
        rows = tus.client.get(reverse("registry:draft_file_rows", args=[draft.pk])).content.decode()
        why = str(message("s3.denied", {}).title)
        assert [file.path for file in draft.files.all()] == ["other.onnx"]
        assert (page.count(f"<span>{why}</span>"), rows.count(f'data-reason="{why}"')) == (1, 1)
        assert f'formaction="{retry}"' in page
        assert f'formaction="{remove}"' in page

        assert tus.client.post(retry, headers={"Accept": "application/json"}).status_code == 204
        assert (
            "computing its digest" in tus.client.get(reverse("registry:draft_files", args=[draft.pk])).content.decode()
        )
        assert (
            'data-reason="' not in tus.client.get(reverse("registry:draft_file_rows", args=[draft.pk])).content.decode()
        )
        run_job(job_id=job.pk)
        assert stored_digest(draft, "model.onnx") == DIGEST

    def test_one_that_cannot_be_finished_gives_its_room_back(
        self, tus: TusClient, draft: ModelVersion, url: str, ada: Account
    ) -> None:
        send_all(tus, url)
        Job.objects.update(state=JobState.FAILED, last_error="s3.denied")
        pk = url.rsplit("/", 1)[-1]
        for verb in ("cancel", "retry"):
            tus.client.post(reverse(f"registry:upload_{verb}", args=[draft.pk, pk]))
        assert used_bytes(ada) == 0
        assert Job.objects.get().state == JobState.FAILED, "nothing is left to try"


class TestPages:
    def test_unfinished_uploads_are_listed_with_what_is_needed_to_go_on(
        self, tus: TusClient, draft: ModelVersion
    ) -> None:
        raw = metadata(filename="a/b.onnx", version=draft.pk, modified="1700000000000")
        url = tus.create(draft, Upload_Metadata=raw)["Location"]
        tus.patch(url, 0, b"he")
        tus.upload(draft, "done.onnx", DATA)
        (listed,) = unfinished_uploads(version=draft)
        assert (listed.url, listed.path, listed.size, listed.offset) == (url, "a/b.onnx", 10, 2)
        assert listed.modified == "1700000000000"
        assert listed.remove_url.endswith(f"{url.rsplit('/', 1)[-1]}/cancel/")

    @pytest.mark.django_db(transaction=True)
    def test_cancelling_frees_everything(self, tus: TusClient, draft: ModelVersion, url: str, ada: Account) -> None:
        tus.patch(url, 0, b"he")
        pk = Upload.objects.get().pk
        cancel_upload(upload_id=pk, version=draft, actor=ada)
        cancel_upload(upload_id=pk, version=draft, actor=ada)
        assert tus.head(url).status_code == 404
        assert not part_of(url).exists()
        assert used_bytes(ada) == 0

    @pytest.mark.usefixtures("url")
    def test_another_cancels_nothing(self, draft: ModelVersion, bob: Account) -> None:
        cancel_upload(upload_id=Upload.objects.get().pk, version=draft, actor=bob)
        assert Upload.objects.count() == 1

    @pytest.mark.django_db(transaction=True)
    def test_discarding_the_uploads_of_a_file_leaves_the_others(self, tus: TusClient, draft: ModelVersion) -> None:
        urls = [tus.created(draft, path) for path in ("a.onnx", "b.onnx")]
        for url in urls:
            tus.patch(url, 0, b"he")
        services.discard_uploads(version=draft, path="a.onnx")
        assert [tus.head(url).status_code for url in urls] == [404, 200]
        services.discard_uploads(version=draft)
        assert not list(partial_files().ids())
