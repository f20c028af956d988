"""The steps of a draft over HTTP, without any script: what is typed is saved, kept, or told apart."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from registry import services
from registry.models import Account, Job, ModelVersion, Upload, VersionState
from registry.services.uploads import create_upload
from tests.factories import CARD, CONFIRMED, IRIS, make_draft, make_model, model_bytes
from tests.registry.scene import checked, fresh, submitted
from tests.registry.views.pages import text_of, to

pytestmark = pytest.mark.django_db
BASICS = {"summary": "Good?", "task": "tabular-classification", "licence": "MIT"}
RESOURCES = {"cpu_millis": 500, "memory_mib": 256}


def test_from_a_name_to_a_submission_without_script(web: Client, vera: Account) -> None:
    """The whole way by plain forms, each leading to the next."""
    answer = web.post(to("submit"), {"name": "iris", "summary": "Which iris?", "task": "tabular-classification"})
    draft = ModelVersion.objects.get()
    assert answer["Location"] == to("draft_files", draft.pk)
    answer = web.post(to("draft_basics", draft.pk), BASICS)
    assert answer["Location"] == to("draft_files", draft.pk)
    answer = web.post(to("file_add", draft.pk), {"files": SimpleUploadedFile("model.json", model_bytes())})
    assert answer["Location"] == to("draft_files", draft.pk)
    answer = web.post(to("draft_card", draft.pk) + "?view=text", {"card_source": CARD})
    assert answer["Location"] == to("draft_examples", draft.pk)
    example = {"title": IRIS.title, "request": IRIS.request, "expected": IRIS.expected, "tolerance": 0.5}
    answer = web.post(to("draft_examples", draft.pk) + "?view=text", {"examples": json.dumps([example]), **RESOURCES})
    assert answer["Location"] == to("draft", draft.pk)
    checked(fresh(draft))

    answer = web.post(to("version_submit", draft.pk), CONFIRMED, follow=True)

    assert "Submitted." in text_of(answer)
    found = fresh(draft)
    assert (found.state, found.submitted_by, found.memory_bytes) == (VersionState.SUBMITTED, vera, 256 << 20)
    assert found.registered_model.summary == "Good?"


class TestForms:
    def test_a_taken_name_is_told_beside_the_field_and_nothing_typed_is_lost(self, web: Client, vera: Account) -> None:
        make_model(vera, "iris")

        answer = web.post(to("submit"), {"name": "iris", "summary": "Typed words", "task": "tabular-classification"})

        assert answer.status_code == 400
        assert "You already have a model called “iris”" in answer.context["form"].errors["name"][0]
        assert "Typed words" in text_of(answer)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("licence", "Proprietary"),
            ("task", "magic"),
            ("summary", "x" * 201),
        ],
    )
    def test_a_bad_value_is_told_beside_its_field(self, web: Client, vera: Account, field: str, value: str) -> None:
        draft = make_draft(owner=vera)

        answer = web.post(to("draft_basics", draft.pk), {**BASICS, field: value})

        assert answer.status_code == 400
        assert list(answer.context["form"].errors) == [field]
        assert fresh(draft).updated_at == draft.updated_at

    @pytest.mark.parametrize(
        "examples", ["{", "3", '[{"title": "x"}]', '[{"request": {}, "expected": {}, "tolerance": "a"}]']
    )
    def test_examples_that_are_none_stay_in_the_field(self, web: Client, vera: Account, examples: str) -> None:
        draft = make_draft(owner=vera)

        answer = web.post(to("draft_examples", draft.pk) + "?view=text", {"examples": examples, **RESOURCES})

        assert answer.status_code == 400
        assert answer.context["form"]["examples"].value() == examples
        assert answer.context["form"].errors["examples"]
        assert draft.examples.count() == 1

    def test_an_empty_draft_gets_an_example_to_begin_with(self, web: Client, vera: Account) -> None:
        draft = make_draft(owner=vera, examples=())

        shown = web.get(to("draft_examples", draft.pk) + "?view=text").context["form"]["examples"].value()

        assert json.loads(shown)[0]["expected"] == {"outputs": []}


class TestFiles:
    def test_a_file_is_listed_with_its_digest_and_can_be_removed(self, web: Client, vera: Account) -> None:
        draft = make_draft(owner=vera)
        file = draft.files.get()

        page = text_of(web.get(to("draft_files", draft.pk)))
        assert file.blob_id[:12] in page
        web.post(to("file_remove", draft.pk, file.pk))

        assert not draft.files.exists()
        assert web.post(to("file_remove", draft.pk, file.pk)).status_code == 302, "twice is no error"

    def test_an_upload_that_waits_is_shown_and_can_be_dropped(self, web: Client, vera: Account) -> None:
        draft = make_draft(owner=vera)
        upload = create_upload(actor=vera, version_id=draft.pk, path="big.json", length=99)

        assert "big.json" in text_of(web.get(to("draft_files", draft.pk)))
        for _ in range(2):
            assert web.post(to("upload_cancel", draft.pk, upload.pk)).status_code == 302

        assert not Upload.objects.exists()

    def test_a_form_without_its_csrf_token_is_refused_in_words(self, vera: Account) -> None:
        draft = make_draft(owner=vera)
        strict = Client(enforce_csrf_checks=True)
        strict.force_login(vera)

        answer = strict.post(to("draft_delete", draft.pk))

        assert answer.status_code == 403
        assert ModelVersion.objects.exists()
        assert "Traceback" not in text_of(answer)


class TestProgress:
    def fragment(self, web: Client, version: ModelVersion) -> Any:
        return web.get(to("version_progress", version.pk), headers={"HX-Request": "true"})

    def test_it_asks_to_be_loaded_again_only_while_work_is_under_way(self, web: Client, vera: Account) -> None:
        draft = make_draft(owner=vera)
        services.check_again(version=draft, actor=vera)

        assert "hx-trigger" in text_of(self.fragment(web, draft))
        checked(draft)
        assert "hx-trigger" not in text_of(self.fragment(web, draft))

    @pytest.mark.parametrize(
        ("job", "text", "waiting"),
        [
            ({"state": "queued"}, "Waiting for a free worker", True),
            ({"state": "running", "phase": "scan", "progress_done": 1, "progress_total": 3}, "Second opinion", True),
            ({"state": "queued", "last_error": "job.unexpected"}, "It is tried again in a moment.", True),
            ({"state": "failed", "last_error": "job.deadline"}, "This took longer than it may.", False),
            ({"state": "failed", "last_error": "no.such_code"}, "no.such_code", False),
        ],
    )
    def test_what_it_says(self, web: Client, vera: Account, job: dict[str, Any], text: str, *, waiting: bool) -> None:
        draft = make_draft(owner=vera)
        services.check_again(version=draft, actor=vera)
        Job.objects.update(**job)

        answer = self.fragment(web, draft)

        assert text in text_of(answer)
        assert answer.context["waiting"] is waiting

    def test_a_failed_check_tells_what_to_do(self, web: Client, vera: Account, fakes: Any) -> None:
        draft = make_draft(owner=vera)
        fakes.scanner.failing = True
        with pytest.raises(AssertionError, match="scan"):
            checked(draft)

        page = web.get(to("draft", draft.pk))
        assert (page.context["ready"], page.context["failed_count"]) == (False, 1)
        answer = web.post(to("version_submit", draft.pk), CONFIRMED)
        assert "Some checks failed: scan." in text_of(answer)
        assert fresh(draft).state == VersionState.DRAFT


@pytest.mark.parametrize("route", ["draft", "draft_basics", "draft_files", "draft_card", "draft_examples"])
def test_the_steps_of_a_frozen_version_lead_to_its_page(web: Client, vera: Account, route: str) -> None:
    version = submitted(owner=vera)

    answer = web.get(to(route, version.pk))

    assert answer["Location"] == to("version", owner=vera.username, name="iris", number=1)
