"""What may be uploaded at all: rights, names, sizes, the draft's limits and the quota."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from registry.backends import blob_store
from registry.errors import PortalError, QuotaError
from registry.models import Account, ModelVersion, Upload, VersionState
from registry.services import delete_draft, register_model, remove_file
from registry.services.drafts import attach_file
from registry.services.uploads import create_upload, store_form_file
from registry.uploads.admission import used_bytes
from registry.uploads.unnamed import free_unnamed
from tests.registry.uploads.tus import COLLECTION, Body, TusClient, code, metadata, part_of


@pytest.fixture
def url(draft: ModelVersion) -> str:
    upload = create_upload(actor=draft.registered_model.owner, version_id=draft.pk, path="model.onnx", length=10)
    return f"{COLLECTION}{upload.pk}"


@pytest.fixture
def intruder(url: str, ada: Account, bob: Account, who: str) -> TusClient:
    """Somebody who has no right to ada's upload, or does not prove it."""
    client = Client(enforce_csrf_checks=who == "no csrf token")
    if who == "other":
        client.force_login(bob)
    elif who != "anonymous":
        client.force_login(ada)
    if who == "suspended":
        Account.objects.filter(pk=ada.pk).update(is_active=False)
    elif who == "signed out":
        client.session.flush()
    return TusClient(client)


STRANGERS = ["anonymous", "other", "suspended", "signed out"]


class TestWithoutTheRight:
    @pytest.mark.parametrize("who", [*STRANGERS, "no csrf token"])
    def test_nothing_is_created(self, intruder: TusClient, draft: ModelVersion, who: str) -> None:
        assert intruder.create(draft, "other.onnx").status_code == (404 if who == "other" else 403)
        assert Upload.objects.count() == 1

    @pytest.mark.parametrize("who", STRANGERS)
    def test_nothing_is_told(self, intruder: TusClient, url: str, who: str) -> None:
        response = intruder.head(url)
        assert response.status_code == (404 if who == "other" else 403)
        assert "Upload-Offset" not in response
        assert "Upload-Metadata" not in response

    @pytest.mark.parametrize("who", [*STRANGERS, "no csrf token"])
    def test_no_byte_is_read_or_written(self, intruder: TusClient, url: str, who: str) -> None:
        response = intruder.stream(url, 0, Body(AssertionError("the body was read before the right was checked")), 5)
        assert response.status_code == (404 if who == "other" else 403)
        assert not part_of(url).exists()

    @pytest.mark.parametrize("who", [*STRANGERS, "no csrf token"])
    def test_nothing_is_deleted(self, intruder: TusClient, url: str, who: str) -> None:
        assert intruder.delete(url).status_code == (404 if who == "other" else 403)
        assert Upload.objects.count() == 1


@pytest.mark.parametrize("actual", ["GET", "HEAD", "OPTIONS", "TRACE", "POST"])
def test_a_method_override_does_not_get_round_the_csrf_check(ada: Account, url: str, actual: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    assert TusClient(client).send(actual, url, X_HTTP_Method_Override="DELETE").status_code == 403
    assert Upload.objects.count() == 1


def test_the_csrf_token_in_the_header_is_enough(ada: Account, draft: ModelVersion) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(ada)
    token = "a" * 32
    client.cookies["csrftoken"] = token
    tus = TusClient(client)
    url = tus.create(draft, X_CSRFToken=token)["Location"]
    assert tus.patch(url, 0, b"hello", X_CSRFToken=token).status_code == 204
    assert tus.delete(url, X_CSRFToken=token).status_code == 204


def test_the_draft_of_another_is_unknown(tus: TusClient, bob: Account) -> None:
    response = tus.create(register_model(actor=bob, name="theirs"))
    assert (response.status_code, code(response)) == (404, "version.unknown")


@pytest.mark.parametrize("version", ["999999", "x", "-1", "1 ", ""])
def test_no_such_draft(tus: TusClient, draft: ModelVersion, version: str) -> None:
    response = tus.create(draft, Upload_Metadata=metadata(filename="model.onnx", version=version))
    assert response.status_code == (404 if version == "999999" else 400)


@pytest.mark.parametrize("state", [state for state in VersionState if state != VersionState.DRAFT])
def test_a_frozen_version_takes_nothing(tus: TusClient, draft: ModelVersion, state: VersionState) -> None:
    url = tus.created(draft)
    tus.patch(url, 0, b"hello")
    ModelVersion.objects.update(state=state)
    for response in (tus.create(draft, "other.onnx"), tus.patch(url, 5, b"world")):
        assert (response.status_code, code(response)) == (409, "version.frozen")
    assert tus.offset(url) == 5


@pytest.mark.parametrize(
    ("filename", "reason"),
    [
        ("", "gate.name_empty"),
        ("/etc/passwd", "gate.name_absolute"),
        ("../../x.onnx", "gate.name_parent"),
        ("a\\b.onnx", "gate.name_backslash"),
        ("a\nb.onnx", "gate.name_control"),
        ("a\u202e.onnx", "gate.name_bidi"),
        ("x" * 201, "gate.name_long"),
        ("model.pkl", "gate.pickle"),
        ("model.exe", "gate.executable"),
    ],
)
def test_a_bad_name_is_refused_before_a_byte_travels(
    tus: TusClient, draft: ModelVersion, filename: str, reason: str
) -> None:
    response = tus.create(draft, filename)
    assert (response.status_code, code(response)) == (400, reason)


def test_a_name_that_is_not_utf8_is_refused(tus: TusClient, draft: ModelVersion) -> None:
    response = tus.create(draft, Upload_Metadata=f"filename //79,{metadata(version=draft.pk)}")
    assert (response.status_code, code(response)) == (400, "upload.bad_metadata")


def test_an_empty_file_is_refused(tus: TusClient, draft: ModelVersion) -> None:
    response = tus.create(draft, length=0)
    assert (response.status_code, code(response)) == (400, "gate.empty")


class TestLimitsOfTheDraft:
    def test_case_twins_are_refused_even_if_one_is_still_coming(self, tus: TusClient, draft: ModelVersion) -> None:
        tus.created(draft, "Model.onnx")
        response = tus.create(draft, "model.onnx")
        assert (response.status_code, code(response)) == (409, "file.case_twin")

    def test_a_name_cannot_be_a_file_and_a_folder(self, tus: TusClient, draft: ModelVersion) -> None:
        tus.created(draft, "notes.md")
        assert code(tus.create(draft, "notes.md/model.onnx")) == "upload.file_and_folder"

    def test_the_same_name_may_come_again(self, tus: TusClient, draft: ModelVersion) -> None:
        tus.upload(draft, "model.onnx", b"hello")
        tus.upload(draft, "model.onnx", b"world!")
        assert [file.blob.size for file in draft.files.all()] == [6]

    def test_unfinished_uploads_count_as_files(
        self, tus: TusClient, draft: ModelVersion, limit: Callable[..., None]
    ) -> None:
        limit(max_version_files=2)
        tus.created(draft, "a.onnx")
        tus.upload(draft, "b.onnx", b"b")
        assert code(tus.create(draft, "c.onnx")) == "file.too_many"
        assert tus.create(draft, "b.onnx").status_code == 201

    def test_unfinished_uploads_count_towards_the_version(
        self, tus: TusClient, draft: ModelVersion, limit: Callable[..., None]
    ) -> None:
        limit(max_version_bytes=10)
        tus.created(draft, "a.onnx", 4)
        tus.upload(draft, "b.onnx", b"four")
        assert code(tus.create(draft, "c.onnx", 3)) == "file.version_too_large"
        assert tus.create(draft, "c.onnx", 2).status_code == 201


class TestQuota:
    def test_it_is_reserved_at_creation(self, tus: TusClient, draft: ModelVersion, limit: Callable[..., None]) -> None:
        limit(account_quota_bytes=10)
        assert tus.create(draft, "a.onnx", 6).status_code == 201
        response = tus.create(draft, "b.onnx", 5)
        assert (response.status_code, code(response)) == (413, "upload.quota")
        assert tus.create(draft, "b.onnx", 4).status_code == 201

    def test_the_accounts_own_quota_wins(self, tus: TusClient, draft: ModelVersion, ada: Account) -> None:
        Account.objects.filter(pk=ada.pk).update(quota_bytes=0)
        assert code(tus.create(draft, length=1)) == "upload.quota"

    def test_finished_bytes_count_once(self, tus: TusClient, draft: ModelVersion, ada: Account) -> None:
        tus.upload(draft, "a.onnx", b"hello")
        tus.upload(draft, "b.onnx", b"hello")
        assert used_bytes(ada) == 5

    def test_termination_frees_it(self, tus: TusClient, draft: ModelVersion, ada: Account) -> None:
        url = tus.created(draft, length=6)
        assert used_bytes(ada) == 6
        tus.delete(url)
        assert used_bytes(ada) == 0

    @pytest.mark.parametrize("way", ["removed", "replaced", "draft deleted"])
    def test_what_was_removed_counts_as_long_as_it_is_stored(
        self, tus: TusClient, draft: ModelVersion, ada: Account, bob: Account, way: str
    ) -> None:
        tus.upload(draft, "a.onnx", b"hello")
        if way == "removed":
            remove_file(version=draft, actor=ada, path="a.onnx")
        elif way == "replaced":
            tus.upload(draft, "a.onnx", b"world!!")
        else:
            delete_draft(version=draft, actor=ada)

        assert used_bytes(ada) == (12 if way == "replaced" else 5)
        assert used_bytes(bob) == 0
        free_unnamed(ada)
        assert used_bytes(ada) == (7 if way == "replaced" else 0)

    def test_nobody_stores_more_by_removing(
        self, draft: ModelVersion, ada: Account, limit: Callable[..., None]
    ) -> None:
        limit(account_quota_bytes=10)

        for number in range(4):
            file = SimpleUploadedFile("notes.md", bytes([65 + number]) * 9)
            store_form_file(version=draft, actor=ada, path="notes.md", uploaded_file=file)
            assert sum(blob_store().size(digest) for digest in blob_store().digests()) <= 10
            remove_file(version=draft, actor=ada, path="notes.md")

    def test_what_another_uses_by_now_is_not_freed(
        self, tus: TusClient, draft: ModelVersion, ada: Account, bob: Account
    ) -> None:
        tus.upload(draft, "a.onnx", b"hello")
        theirs = register_model(actor=bob, name="theirs")
        attach_file(version=theirs, actor=bob, path="b.onnx", sha256=draft.files.get().blob_id, size=5)
        remove_file(version=draft, actor=ada, path="a.onnx")

        assert free_unnamed(ada) == 0
        assert (used_bytes(ada), used_bytes(bob)) == (0, 5)

    def test_it_takes_three_queries(self, ada: Account, django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(3):
            used_bytes(ada)

    def test_another_accounts_uploads_do_not_count(self, tus: TusClient, draft: ModelVersion, bob: Account) -> None:
        tus.created(draft, length=6)
        assert used_bytes(bob) == 0


@pytest.mark.django_db(transaction=True)
def test_the_quota_cannot_be_raced(limit: Callable[..., None], request: pytest.FixtureRequest) -> None:
    """20 creations of a tenth of the quota at once: 10 fit."""
    limit(account_quota_bytes=1000)
    draft: ModelVersion = request.getfixturevalue("draft")
    owner: Account = draft.registered_model.owner

    def create(number: int) -> str:
        try:
            create_upload(actor=owner, version_id=draft.pk, path=f"{number}.onnx", length=100)
        except QuotaError:
            return "refused"
        except PortalError as error:
            return error.code
        finally:
            connection.close()
        return "created"

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(create, range(20)))
    assert sorted(answers) == ["created"] * 10 + ["refused"] * 10
    assert used_bytes(owner) == 1000
