"""A draft saves itself, and the card is one text however it is edited."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from registry import services
from registry.card_sections import read_sections
from registry.editions import edition_of
from registry.models import Account, ModelVersion, VersionState
from tests.factories import CARD, CONFIRMED, make_draft, make_model
from tests.registry.scene import checked, fresh, in_review, in_state, make_reviewer, say
from tests.registry.views.pages import text_of, to

pytestmark = pytest.mark.django_db
SCRIPT = {"X-Autosave": "1"}
INTROSPECTION = {
    "framework": "XGBoost",
    "framework_version": "3.2.0",
    "model_type": "multi:softprob",
    "parameters": 1234,
    "inputs": [{"name": "petals|`x`", "datatype": "FP32", "shape": [-1, 4]}],
    "outputs": [],
}


@pytest.fixture
def draft(vera: Account) -> ModelVersion:
    return make_draft(make_model(vera, summary="Old.", task="ranking"))


def basics(draft: ModelVersion, **changes: str) -> dict[str, str]:
    token = edition_of(fresh(draft), "basics")
    return {"summary": "Old.", "task": "ranking", "licence": "MIT", "token": token, **changes}


class TestSaving:
    @pytest.mark.parametrize(("button", "route"), [("continue", "draft_files"), ("leave", "my_models")])
    def test_each_button_leads_on(self, web: Client, draft: ModelVersion, button: str, route: str) -> None:
        answer = web.post(to("draft_basics", draft.pk), basics(draft, summary="New.", then=button))

        assert answer["Location"] == (to(route) if route == "my_models" else to(route, draft.pk))
        assert fresh(draft).registered_model.summary == "New."

    def test_back_saves_as_well(self, web: Client, draft: ModelVersion) -> None:
        data = {"card_source": "# Kept", "then": "back"}
        answer = web.post(to("draft_card", draft.pk) + "?view=text", data)

        assert (answer["Location"], fresh(draft).card_source) == (to("draft_files", draft.pk), "# Kept")

    def test_a_gap_keeps_nobody_from_leaving_but_from_going_on(self, web: Client, draft: ModelVersion) -> None:
        gap = basics(draft, summary="", licence="")

        assert web.post(to("draft_basics", draft.pk), {**gap, "then": "leave"}).status_code == 302
        assert fresh(draft).licence == ""
        answer = web.post(to("draft_basics", draft.pk), basics(draft, summary="", licence="", then="continue"))
        assert (answer.status_code, set(answer.context["form"].errors)) == (400, {"summary", "licence"})

    def test_the_page_saves_itself_and_gets_the_next_token(self, web: Client, draft: ModelVersion) -> None:
        answer = web.post(to("draft_basics", draft.pk), basics(draft, summary="Typed"), headers=SCRIPT)

        assert answer.json()["token"] == edition_of(fresh(draft), "basics")
        assert fresh(draft).registered_model.summary == "Typed"

    def test_what_cannot_be_saved_is_told_to_the_script_by_field(self, web: Client, draft: ModelVersion) -> None:
        answer = web.post(to("draft_basics", draft.pk), basics(draft, summary="x" * 201), headers=SCRIPT)

        assert answer.status_code == 422
        assert list(answer.json()["errors"]) == ["id_summary"]
        assert answer.json()["labels"] == {"id_summary": "Summary"}

    def test_a_card_in_the_middle_of_a_thought_is_told_with_its_line(self, web: Client, draft: ModelVersion) -> None:
        data = {"card_source": "---\ntags: [\n---\n"}
        answer = web.post(to("draft_card", draft.pk) + "?view=text", data, headers=SCRIPT)

        assert answer.status_code == 422
        assert "line" in answer.json()["errors"]["id_card_source"][0]
        assert fresh(draft).card_source == CARD

    @pytest.mark.parametrize("route", ["draft_card", "draft_examples"])
    @pytest.mark.parametrize("view", ["", "?view=text"])
    def test_what_was_not_sent_is_not_emptied(self, web: Client, draft: ModelVersion, route: str, view: str) -> None:
        assert web.post(to(route, draft.pk) + view, {"then": "leave"}).status_code == 302

        assert (fresh(draft).card_source, draft.examples.count()) == (CARD, 1)


class TestCard:
    def test_the_guided_form_changes_what_it_shows_and_nothing_else(self, web: Client, draft: ModelVersion) -> None:
        page = web.get(to("draft_card", draft.pk))
        form = page.context["form"]
        values = {name: form[name].value() or "" for name in form.fields}

        web.post(to("draft_card", draft.pk), {**values, "limitations": "Fails at night.", "tags": "night, no"})

        expected = CARD.replace("license: MIT\n", "license: MIT\ntags: [night, 'no']\n")
        before, _mark, after = expected.partition("## Limitations\n\n")
        tail = after[after.index("\n## Bias") :]
        assert fresh(draft).card_source == f"{before}## Limitations\n\nFails at night.\n{tail}"
        assert "Fails at night." in fresh(draft).card_html

    def test_an_untouched_form_saves_the_card_to_the_letter(self, web: Client, draft: ModelVersion) -> None:
        form = web.get(to("draft_card", draft.pk)).context["form"]
        values = {name: str(form[name].value() or "").replace("\n", "\r\n") for name in form.fields}

        web.post(to("draft_card", draft.pk), values)

        assert fresh(draft).card_source == CARD

    def test_what_the_file_tells_is_filled_in(self, web: Client, draft: ModelVersion) -> None:
        services.check_again(version=draft, actor=draft.registered_model.owner)
        assert "Your files are still being read." in text_of(web.get(to("draft_card", draft.pk)))
        ModelVersion.objects.filter(pk=draft.pk).update(introspection=INTROSPECTION)

        form = web.get(to("draft_card", draft.pk)).context["form"]

        assert form["interface"].value().startswith("- Framework: XGBoost 3.2.0\n- Type: multi:softprob")
        assert "| `petals  x` | FP32 | [any, 4] | |" in form["interface"].value()
        assert form["library_name"].value() == "xgboost"

    def test_a_section_that_breaks_out_is_refused_beside_its_field(self, web: Client, draft: ModelVersion) -> None:
        answer = web.post(to("draft_card", draft.pk), {**read_sections(CARD), "evaluation": "```\nopen"})

        assert list(answer.context["form"].errors) == ["evaluation"]
        assert fresh(draft).card_source == CARD

    @pytest.mark.parametrize("view", ["", "?view=text"])
    def test_the_licence_is_the_same_everywhere(self, web: Client, draft: ModelVersion, view: str) -> None:
        changed = CARD.replace("license: MIT", "license: apache-2.0")
        data = {"card_source": changed} if view else {**read_sections(CARD), "licence": "Apache-2.0"}
        web.post(to("draft_card", draft.pk) + view, data)

        assert fresh(draft).licence == "Apache-2.0"
        web.post(to("draft_basics", draft.pk), basics(draft, licence="GPL-3.0-or-later"))
        assert "license: GPL-3.0-or-later" in fresh(draft).card_source

    def test_the_buttons_lead_from_one_view_to_the_other(self, web: Client, draft: ModelVersion) -> None:
        address = to("draft_card", draft.pk)
        answer = web.post(address, {**read_sections(CARD), "evaluation": "Kept.", "then": "text"})
        assert answer["Location"] == f"{address}?view=text"
        assert "Kept." in fresh(draft).card_source
        answer = web.post(f"{address}?view=text", {"card_source": "# Short", "then": "guided"})
        assert answer["Location"] == address
        assert web.post(address, {"introduction": "Hi.", "then": "preview"})["Location"] == f"{address}#preview"

    def test_an_unreadable_head_is_shown_as_text(self, web: Client, draft: ModelVersion) -> None:
        ModelVersion.objects.filter(pk=draft.pk).update(card_source="---\ntags: [\n---\n")

        assert "cannot be read" in text_of(web.get(to("draft_card", draft.pk)))

    def test_the_preview_shows_what_is_not_saved(self, web: Client, draft: ModelVersion) -> None:
        shown = web.post(to("card_preview", draft.pk), {**read_sections(CARD), "evaluation": "**New** <script>"})
        assert "<strong>New</strong> &lt;script&gt;" in text_of(shown)
        fault = web.post(to("card_preview", draft.pk), {"card_source": "---\na: [\n---\n"})
        assert "line" in text_of(fault)
        assert fresh(draft).card_source == CARD

    @pytest.mark.parametrize(("line", "shown"), [("2", "license: MIT"), ("0", ""), ("9" * 9, ""), ("x", "")])
    def test_the_line_that_a_reviewer_wrote_about_is_shown(
        self, web: Client, draft: ModelVersion, line: str, shown: str
    ) -> None:
        page = web.get(to("draft_card", draft.pk), {"view": "text", "line": line})

        assert page.context["line_text"] == shown
        assert ("which a reviewer wrote about" in text_of(page)) is bool(shown)

    def test_more_than_the_limit_is_refused_and_kept(self, web: Client, draft: ModelVersion) -> None:
        answer = web.post(to("draft_card", draft.pk), {**read_sections(CARD), "evaluation": "x" * 20_000})

        assert answer.status_code == 400
        assert "x" * 20_000 in text_of(answer)


class TestNames:
    pytestmark = pytest.mark.usefixtures("draft")

    @pytest.mark.parametrize(
        ("typed", "state", "suggestion"),
        [
            ("", "empty", ""),
            ("topics", "free", ""),
            ("iris", "taken", "iris-2"),
            ("Ärticle  Quality!", "bad", "article-quality"),
            ("-a", "bad", ""),
            ("x" * 60, "bad", "x" * 39),
            ("模型", "bad", ""),
        ],
    )
    def test_what_becomes_of_a_name(self, web: Client, typed: str, state: str, suggestion: str) -> None:
        answer = web.get(to("name_check"), {"name": typed})

        offer = answer.context["offer"]
        assert (offer.state, offer.suggestion) == (state, suggestion)
        assert ("/models/vera/topics/" in text_of(answer)) is (typed == "topics")

    def test_without_a_script_the_form_says_it(self, web: Client) -> None:
        answer = web.post(to("submit"), {"name": "Iris Two", "summary": "S", "task": "ranking"})

        assert "iris-two" in text_of(answer)


class TestWhatIsLeft:
    def test_a_failed_check_marks_its_step_and_links_the_field(self, web: Client, vera: Account) -> None:
        draft = make_draft(owner=vera, card_source=CARD.replace("## Evaluation", "## Figures"))
        with pytest.raises(AssertionError, match="card"):
            checked(draft)

        page = web.get(to("draft_files", draft.pk))
        states = {step.label: step.state for step in page.context["steps"]}
        assert (states["Model card"], states["Basics"]) == ("attention", "done")
        problems = web.get(to("draft_card", draft.pk)).context["step_problems"]
        assert [problem.url for problem in problems] == [to("draft_card", draft.pk) + "#id_evaluation"]
        last = text_of(web.get(to("draft", draft.pk)))
        assert f'href="{to("draft_card", draft.pk)}#id_evaluation">Mend this' in last

    def test_nothing_is_asked_of_a_step_that_nobody_began(self, web: Client, vera: Account) -> None:
        draft = services.register_model(actor=vera, name="new")

        steps = web.get(to("draft_basics", draft.pk)).context["steps"]

        assert [step.state for step in steps] == ["current", "todo", "todo", "todo", "todo"]

    def test_submitting_needs_both_confirmations(self, web: Client, vera: Account) -> None:
        draft = checked(owner=vera)

        answer = web.post(to("version_submit", draft.pk), {"may_publish": "on"})

        assert list(answer.context["submit_form"].errors) == ["no_personal_data"]
        assert fresh(draft).state == VersionState.DRAFT

    @pytest.mark.parametrize("change", [{"memory_bytes": 1 << 29}, {"summary": "Something else"}])
    def test_what_changed_in_another_window_is_not_submitted_unseen(
        self, web: Client, vera: Account, change: dict[str, Any]
    ) -> None:
        draft = checked(owner=vera)
        seen = web.get(to("draft", draft.pk)).context["token"]
        services.update_draft(version=draft, actor=vera, **change)
        checked(fresh(draft))

        answer = web.post(to("version_submit", draft.pk), {**CONFIRMED, "token": seen}, follow=True)

        assert "The version changed since you opened this page." in answer.content.decode()
        assert not answer.context["submit_form"].is_bound, "what is ticked would be ticked unseen"
        assert (fresh(draft).state, draft.revisions.count()) == (VersionState.DRAFT, 0)
        web.post(to("version_submit", draft.pk), {**CONFIRMED, "token": answer.context["token"]})
        assert fresh(draft).state == VersionState.SUBMITTED

    def test_checks_that_load_again_submit_what_the_page_showed(self, web: Client, vera: Account) -> None:
        draft = checked(owner=vera)
        page = web.get(to("draft", draft.pk))
        seen = page.context["token"]
        services.update_draft(version=draft, actor=vera, memory_bytes=1 << 29)
        checked(fresh(draft))

        again = web.get(to("version_progress", draft.pk), {"token": seen})
        refused = web.post(to("version_submit", draft.pk), {"may_publish": "on", "token": seen})

        field = f'<input type="hidden" name="token" value="{seen}">'
        assert [field in answer.content.decode() for answer in (page, again, refused)] == [True, True, True]
        assert field not in web.get(to("version_progress", draft.pk)).content.decode()

    def test_what_was_confirmed_is_kept_with_who_and_when(self, web: Client, vera: Account) -> None:
        draft = checked(owner=vera)

        web.post(to("version_submit", draft.pk), CONFIRMED, headers={"Accept-Language": "de"})

        revision = draft.revisions.get()
        assert (revision.submitted_by, revision.submitted_at) == (vera, fresh(draft).submitted_at)
        assert revision.confirmed == [
            "I may publish these files under the licence that I chose.",
            "There is no personal data in the files, the card or the examples.",
        ]

    def test_requested_changes_lead_to_their_field_and_stand_on_each_step(self, web: Client, vera: Account) -> None:
        version = in_review(owner=vera)
        digests = {"content_digest": version.content_digest, "image_digest": version.image_digest}
        services.state_review(
            version=version, reviewer=make_reviewer("rev"), decision="request_changes", comment="Say how well.",
            targets=["card:Evaluation"], **digests,
        )  # fmt: skip

        answer = web.post(to("version_reopen", version.pk))

        assert answer["Location"] == to("draft_card", version.pk) + "#id_evaluation"
        for route in ("draft_basics", "draft_files", "draft_card", "draft_examples", "draft"):
            assert "Say how well." in text_of(web.get(to(route, version.pk)))

    def test_a_message_without_places_leads_to_the_checks(self, web: Client, vera: Account) -> None:
        version = in_state(VersionState.CHANGES_REQUESTED, owner=vera)

        answer = web.post(to("version_reopen", version.pk), follow=True)

        assert answer.redirect_chain[0][0] == to("draft", version.pk)
        assert "Please explain." in text_of(answer)


def test_pages_cost_few_queries(web: Client, vera: Account, django_assert_max_num_queries: Any) -> None:
    version = in_review(owner=vera)
    say(version, make_reviewer("rev"), "request_changes", "Please.")
    services.reopen_version(version=fresh(version), actor=vera)

    for route in ("draft_basics", "draft_files", "draft_card", "draft_examples", "draft"):
        with django_assert_max_num_queries(45):
            web.get(to(route, version.pk))
