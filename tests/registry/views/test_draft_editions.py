"""Two windows on one draft lose nothing, and one window does not conflict with itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from registry import services
from registry.card_sections import read_sections
from registry.editions import edition_of
from registry.models import Account, ModelVersion
from tests.factories import CARD, make_draft, make_model
from tests.registry.scene import fresh
from tests.registry.views.pages import text_of, to
from tests.registry.views.test_draft_saving import SCRIPT, basics

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(vera: Account) -> ModelVersion:
    return make_draft(make_model(vera, summary="Old.", task="ranking"))


class TestTwoWindows:
    def test_the_second_one_is_told_and_keeps_its_words(self, web: Client, draft: ModelVersion) -> None:
        first, second = basics(draft, summary="First window"), basics(draft, summary="Second window")
        web.post(to("draft_basics", draft.pk), first)

        script = web.post(to("draft_basics", draft.pk), second, headers=SCRIPT)
        assert (script.status_code, list(script.json())) == (409, ["conflict"])
        answer = web.post(to("draft_basics", draft.pk), second)

        assert answer.status_code == 409
        assert answer.context["form"]["summary"].value() == "Second window"
        assert answer.context["saved_values"] == [("Summary", "First window")]
        assert fresh(draft).registered_model.summary == "First window"
        again = {**second, "token": answer.context["token"]}
        assert web.post(to("draft_basics", draft.pk), again).status_code == 302
        assert fresh(draft).registered_model.summary == "Second window"

    def test_a_form_that_came_back_replaces_nothing_unseen(self, web: Client, draft: ModelVersion) -> None:
        seen = basics(draft, summary="x" * 201)
        web.post(to("draft_basics", draft.pk), basics(draft, summary="Other window"))

        refused = web.post(to("draft_basics", draft.pk), seen)
        mended = web.post(to("draft_basics", draft.pk), {**seen, "summary": "Mine", "token": refused.context["token"]})

        assert (refused.status_code, mended.status_code) == (400, 409)
        marks = [f'data-unsaved="{mark}"' in text_of(answer) for mark, answer in
                 (("refused", refused), ("conflict", mended), ("refused", mended))]  # fmt: skip
        assert marks == [True, True, False]
        assert "data-unsaved" not in text_of(web.get(to("draft_basics", draft.pk)))

    def test_different_steps_do_not_disturb_each_other(self, web: Client, draft: ModelVersion) -> None:
        data = basics(draft, summary="Mine")
        services.set_examples(version=draft, actor=draft.registered_model.owner, examples=[])

        assert web.post(to("draft_basics", draft.pk), data).status_code == 302

    def test_the_cards_two_views_are_one_part(self, web: Client, draft: ModelVersion) -> None:
        token = edition_of(draft, "card")
        web.post(to("draft_card", draft.pk), {**read_sections(CARD), "evaluation": "Better.", "token": token})

        answer = web.post(to("draft_card", draft.pk) + "?view=text", {"card_source": CARD, "token": token})

        assert answer.status_code == 409
        assert "Better." in answer.context["saved_values"][0][1]

    def test_a_token_of_another_part_is_none(self, web: Client, draft: ModelVersion) -> None:
        answer = web.post(to("draft_basics", draft.pk), basics(draft, token="nothing:12"))

        assert answer.status_code == 409


class TestLostAnswers:
    """The request arrived, its answer did not: the page says the same again, from the edition it knows."""

    @pytest.fixture(params=["basics", "card", "card text", "examples", "examples text"])
    def again(self, request: pytest.FixtureRequest, web: Client, draft: ModelVersion) -> Callable[..., Any]:
        step, _space, view = request.param.partition(" ")
        address = to(f"draft_{step}", draft.pk) + (f"?view={view}" if view else "")
        shown = web.get(address).context
        forms = [shown["form"], *getattr(shown["form"], "examples", ())]
        data = {form[name].html_name: str(form[name].value() or "") for form in forms for name in form.fields}
        field, text = {
            "basics": ("summary", "Typed."),
            "card": ("limitations", "Typed."),
            "card text": ("card_source", f"{CARD}\nTyped.\n"),
            "examples": ("memory_mib", "700"),
            "examples text": ("memory_mib", "700"),
        }[request.param]

        def save(more: str = "", **headers: str) -> Any:
            return web.post(address, {**data, field: text + more, "token": shown["token"]}, headers=headers)

        return save

    def test_the_same_words_are_no_conflict_and_bring_the_present_token(
        self, again: Callable[..., Any], draft: ModelVersion
    ) -> None:
        first = again(**SCRIPT)
        stored = fresh(draft).updated_at

        second = again(**SCRIPT)

        assert (first.status_code, second.status_code) == (200, 200)
        assert second.json()["token"] == first.json()["token"]
        assert fresh(draft).updated_at == stored, "nothing was left to write"
        assert again().status_code == 302, "nor for a button"
        assert again("1", **SCRIPT).status_code == 409

    def test_what_another_window_saved_meanwhile_is_one(self, again: Callable[..., Any], draft: ModelVersion) -> None:
        again(**SCRIPT)
        services.update_draft(
            version=draft,
            actor=draft.registered_model.owner,
            summary="Else",
            card_source="# Else",
            memory_bytes=1 << 31,
        )

        assert (again(**SCRIPT).status_code, again().status_code) == (409, 409)
