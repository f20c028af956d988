from __future__ import annotations

import pytest
from django.test import Client

from registry.models import Account, Event, RegisteredModel, VersionState
from tests.factories import add_file, make_draft, make_model
from tests.registry.scene import approved, fresh, in_review, in_state
from tests.registry.views.pages import count_queries, text_of, to

pytestmark = pytest.mark.django_db


class TestTakingBack:
    def test_withdrawing_with_a_reason(self, web: Client, vera: Account) -> None:
        version = in_review(owner=vera)

        answer = web.post(to("version_withdraw", version.pk), {"reason": "A typo."}, follow=True)

        assert "Withdrawn." in text_of(answer)
        assert Event.objects.filter(tag="version:withdrawn", reason="A typo.").exists()

    @pytest.mark.parametrize(("verb", "state"), [("version_withdraw", "in_review"), ("version_retire", "approved")])
    def test_a_reason_that_is_too_long_comes_back_whole(
        self, web: Client, vera: Account, verb: str, state: str
    ) -> None:
        version = in_state(state, owner=vera)

        answer = web.post(to(verb, version.pk), {"reason": "x" * 501})

        page = answer.content.decode()
        assert answer.status_code == 400
        assert f'value="{"x" * 501}"' in page
        assert 'href="#id_reason"' in page
        assert "at most 500 characters" in text_of(answer)
        assert "(optional) (optional)" not in " ".join(text_of(answer).split())
        assert fresh(version).state == state

    def test_what_came_too_late_is_told_above_the_next_page(self, web: Client, vera: Account) -> None:
        version = approved(owner=vera)

        answer = web.post(to("version_withdraw", version.pk), follow=True)

        assert answer.status_code == 200
        assert "Somebody else was faster" in text_of(answer)
        assert "Withdrawn." not in text_of(answer)

    def test_reopening_leads_to_the_draft(self, web: Client, vera: Account) -> None:
        version = in_state(VersionState.WITHDRAWN, owner=vera)

        answer = web.post(to("version_reopen", version.pk))

        assert answer["Location"] == to("draft", version.pk)

    def test_retiring_keeps_the_page(self, web: Client, vera: Account) -> None:
        version = approved(owner=vera)

        answer = web.post(to("version_retire", version.pk), {"reason": "Old."}, follow=True)

        assert (answer.status_code, fresh(version).state) == (200, VersionState.RETIRED)

    def test_the_next_version_begins_as_a_draft_of_its_own(self, web: Client, vera: Account) -> None:
        version = approved(owner=vera)
        model = version.registered_model

        answers = [web.post(to("version_start", owner=vera.username, name=model.name)) for _ in range(2)]

        draft = model.versions.get(number=2)
        assert [answer["Location"] for answer in answers] == [to("draft_basics", draft.pk)] * 2

    def test_a_deleted_draft_leads_to_ones_own_models(self, web: Client, vera: Account) -> None:
        draft = make_draft(owner=vera)

        answer = web.post(to("draft_delete", draft.pk), follow=True)

        assert answer.redirect_chain == [(to("my_models"), 302)]
        assert not RegisteredModel.objects.exists()


def test_ones_own_models_cost_a_constant_number_of_queries(web: Client, vera: Account) -> None:
    def one_more(number: int) -> None:
        add_file(make_draft(make_model(vera, f"model-{number}"), files={}), "a.txt", b"a")

    one_more(1)
    before = count_queries(web, to("my_models"))
    for number in range(2, 9):
        one_more(number)

    assert count_queries(web, to("my_models")) == before


def test_what_waits_for_its_owner_comes_first_and_each_row_says_what_to_do(web: Client, vera: Account) -> None:
    steps = {
        "rejected": "Read why, and start a new version if that can be mended",
        "in_review": "Nothing: it waits for a reviewer",
        "draft": "Finish and submit it",
        "retired": "Nothing: it is out of service",
        "changes_requested": "Read what was asked for, and edit it again",
        "submitted": "Nothing: checks and trial run are under way",
        "withdrawn": "Edit it again, or leave it",
        "approved": "Nothing: the portal brings it into production",
    }
    for state in steps:
        make_draft(make_model(vera, f"is-{state.replace('_', '-')}"), state=state)

    rows = web.get(to("my_models")).context["rows"]

    waiting = [row.newest.version.state for row in rows if row.acts]
    assert [row.newest.version.state for row in rows][: len(waiting)] == waiting
    assert waiting == ["changes_requested", "withdrawn", "draft", "rejected"]
    assert [row.newest.version.state for row in rows if not row.acts] == [
        "approved",
        "submitted",
        "retired",
        "in_review",
    ]
    assert {row.newest.version.state: str(row.next_step) for row in rows} == steps
