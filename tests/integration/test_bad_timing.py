"""Two people at once, the same click twice, and content that changes under a page, an upload or an approval."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from django.test import Client

from deployer.backends import serving_backend
from deployer.interfaces import CupSpec, ServingResponse
from deployer.models import Endpoint
from registry.backends import blob_store
from registry.checklist import CHECKLIST
from registry.messages import message
from registry.models import Account, Event, Job, ModelVersion, Review, Upload, VersionFile, VersionState
from registry.uploads.sweeping import remove_orphan_files
from tests.factories import CONFIRMED, IRIS, make_account, make_draft, make_model
from tests.fakes.serving import FakeServingBackend
from tests.integration.people import checked, helpful, traces, words, work
from tests.registry.uploads.tus import TusClient

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_real_gate")]


def in_review(web: Client, ada: Account, *, expected_sum: bool = True) -> ModelVersion:
    """A submitted version after checks and trial; the fake model server answers what the example expects, or not."""
    backend = cast(FakeServingBackend, serving_backend())
    if expected_sum:
        backend.answer = as_expected
    draft = make_draft(owner=ada, registered_model=make_model(ada, "iris"))
    checked(web, draft)
    web.post(f"/versions/{draft.pk}/submit/", CONFIRMED)
    work()
    draft.refresh_from_db()
    return draft


def as_expected(spec: CupSpec, method: str, path: str, body: bytes) -> ServingResponse:
    del spec, method, path, body
    return ServingResponse(status=200, content_type="application/json", body=json.dumps(IRIS.expected).encode())


@pytest.fixture
def reviewers() -> list[Client]:
    clients = [Client(), Client()]
    for client, name in zip(clients, ("rita", "rolf"), strict=True):
        client.force_login(make_account(name, groups=["reviewers"]))
    return clients


def decision(version: ModelVersion, what: str = "approve", comment: str = "", **digests: str) -> dict[str, Any]:
    seen = {"content_digest": version.content_digest, "image_digest": version.image_digest}
    return {"decision": what, "comment": comment, "checklist": list(CHECKLIST), **seen, **digests}


class TestDeciding:
    def test_wrong_answers_send_the_version_back_with_the_example_named(self, web: Client, ada: Account) -> None:
        version = in_review(web, ada, expected_sum=False)

        assert version.state == VersionState.CHANGES_REQUESTED
        text = words(web.get(f"/models/ada/iris/versions/{version.number}/"))
        assert "The model\u2019s answer" in text or "The model's answer is not the expected one." in text
        assert "1 of 1 examples differ, first \u201cA setosa\u201d." in text

    def test_the_second_of_two_reviewers_hears_that_it_is_decided(
        self, web: Client, ada: Account, reviewers: list[Client]
    ) -> None:
        version = in_review(web, ada)
        first, second = reviewers

        assert first.post(f"/reviews/{version.pk}/", decision(version)).status_code == 302
        before = traces()
        late = second.post(f"/reviews/{version.pk}/", decision(version, "reject", "No, since it is wrong."))

        helpful(late, says="This version is not waiting for a decision.")
        assert "No, since it is wrong." in late.content.decode()
        assert traces() == before
        assert Review.objects.count() == 1

    def test_a_double_click_submits_once(self, web: Client, ada: Account) -> None:
        draft = make_draft(owner=ada)
        checked(web, draft)

        web.post(f"/versions/{draft.pk}/submit/", CONFIRMED)
        again = web.post(f"/versions/{draft.pk}/submit/", CONFIRMED, follow=True)

        assert "This version is frozen and cannot be changed." in words(again)
        assert Event.objects.filter(tag="version:submitted").count() == 1
        assert Job.objects.filter(kind="check_frozen").count() == 1

    def test_submitting_before_the_checks_are_done_says_to_wait(self, web: Client, ada: Account) -> None:
        draft = make_draft(owner=ada)
        before = traces()
        answer = web.post(f"/versions/{draft.pk}/submit/", CONFIRMED, follow=True)
        assert "The checks of the newest content are not finished." in words(answer)
        assert traces() == before

    def test_nobody_approves_what_was_withdrawn(self, web: Client, ada: Account, reviewers: list[Client]) -> None:
        version = in_review(web, ada)
        seen = decision(version)
        web.post(f"/versions/{version.pk}/withdraw/")
        before = traces()

        helpful(reviewers[0].post(f"/reviews/{version.pk}/", seen), says="not waiting for a decision")
        assert traces() == before

    @pytest.mark.parametrize("field", ["content_digest", "image_digest"])
    def test_nobody_decides_on_what_another_page_showed(
        self, web: Client, ada: Account, reviewers: list[Client], field: str
    ) -> None:
        version = in_review(web, ada)
        before = traces()
        stale = decision(version, comment="I looked at it.", **{field: "sha256:" + "0" * 64})

        refused = reviewers[0].post(f"/reviews/{version.pk}/", stale)

        helpful(refused, says="The version changed since you opened this page.")
        assert traces() == before
        shown = refused.context["form"]
        assert (shown["comment"].value(), shown["decision"].value()) == ("I looked at it.", "comment")
        assert shown[field].value() == getattr(version, field)

    @pytest.mark.parametrize("damage", ["changed", "gone"])
    def test_a_blob_damaged_after_the_approval_is_never_built_from(
        self, web: Client, ada: Account, reviewers: list[Client], damage: str
    ) -> None:
        version = in_review(web, ada)
        reviewers[0].post(f"/reviews/{version.pk}/", decision(version))
        path = blob_store().local_path(VersionFile.objects.get(version=version).blob_id)
        path.chmod(0o644)
        if damage == "gone":
            path.unlink()
        else:
            path.write_bytes(path.read_bytes().replace(b"0", b"1", 1))
        cast(FakeServingBackend, serving_backend()).blobs = blob_store()  # it hashes before it starts, as the real one

        work()

        assert not Endpoint.objects.filter(current__isnull=False).exists()
        failed = Event.objects.filter(tag__in=["image_build:failed", "rollout:failed"]).get()
        assert words(Client().get(f"/log/{failed.pk}/")).count(str(message(failed.reason).title)) == 1
        assert "could not" in words(Client().get("/log/"))


class TestWhileUploading:
    def test_a_draft_deleted_under_an_upload_ends_it(self, web: Client, draft: ModelVersion) -> None:
        tus = TusClient(web)
        url = tus.created(draft, "model.json", 10)
        tus.patch(url, 0, b"12345")

        web.post(f"/drafts/{draft.pk}/delete/")
        answer = tus.patch(url, 5, b"67890")

        assert answer.status_code == 404
        assert answer.json()["title"] == "This upload does not exist."
        remove_orphan_files()
        assert traces()["files"] == []
        assert not Upload.objects.exists()

    def test_a_version_submitted_under_an_upload_refuses_its_rest(self, web: Client, ada: Account) -> None:
        version = make_draft(owner=ada)
        checked(web, version)
        tus = TusClient(web)
        url = tus.created(version, "README.md", 10)
        web.post(f"/versions/{version.pk}/submit/", CONFIRMED)

        answer = tus.patch(url, 0, b"# Hello 12")

        assert answer.status_code == 409
        assert answer.json()["title"] == "This version is frozen and cannot be changed."
        assert list(version.files.values_list("path", flat=True)) == ["model.json"]
