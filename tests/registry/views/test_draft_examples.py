"""Examples as a form or as JSON, tried on the draft at once, without a script."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from registry import selectors, services
from registry.examples import ExampleInput
from registry.models import Account, DraftTrial, Example, Job, ModelVersion
from registry.services import DraftOutcome
from tests.factories import IRIS, make_draft
from tests.registry.scene import fresh
from tests.registry.views.pages import text_of, to

pytestmark = pytest.mark.django_db
SCRIPT = {"X-Autosave": "1"}
ODD = ExampleInput(
    "Odd",
    {
        "id": "kept",
        "inputs": [
            {"name": "x", "shape": [2, 2], "datatype": "FP64", "data": [[1, 2.50], [3, 4]], "parameters": {"a": 1}},
            {"name": "t", "shape": [1], "datatype": "BYTES", "data": ["one, text"]},
        ],
    },
    {"outputs": [{"name": "y", "shape": [2], "datatype": "INT64", "data": [0, 1]}], "model_name": "kept"},
    0.25,
)
HTMX = {"HX-Request": "true"}
ANSWER = {"model_name": "m", "outputs": [{"name": "y", "shape": [1], "datatype": "FP32", "data": [0.5]}]}


@pytest.fixture
def draft(vera: Account) -> ModelVersion:
    return make_draft(owner=vera, examples=(IRIS, ODD))


def filled(web: Client, draft: ModelVersion, **changes: str) -> dict[str, str]:
    """What a browser sends for the page as it stands, with some fields changed."""
    page = web.get(to("draft_examples", draft.pk))
    fields = [part[name] for part in page.context["form"].parts() for name in part.fields]
    values = {field.html_name: str(field.value() if field.value() is not None else "") for field in fields}
    return {**values, "token": page.context["token"], **changes}


def examples_of(draft: ModelVersion) -> list[ExampleInput]:
    return [ExampleInput(e.title, e.request, e.expected, e.tolerance) for e in Example.objects.filter(version=draft)]


class TestForm:
    def test_an_untouched_form_changes_nothing(self, web: Client, draft: ModelVersion) -> None:
        web.post(to("draft_examples", draft.pk), filled(web, draft))

        assert examples_of(draft) == [IRIS, ODD]

    def test_a_change_leaves_the_rest_of_the_json(self, web: Client, draft: ModelVersion) -> None:
        changes = {"example-2-in-0-values": "1, 2, 3, 5", "example-2-tolerance": "0", "example-2-title": "Odder"}

        web.post(to("draft_examples", draft.pk), filled(web, draft, **changes))

        found = examples_of(draft)[1]
        assert (found.title, found.tolerance) == ("Odder", 0)
        assert found.request["inputs"][0] == {**ODD.request["inputs"][0], "data": [1, 2, 3, 5]}
        assert (found.request["id"], found.expected) == ("kept", ODD.expected)

    @pytest.mark.parametrize(
        ("button", "titles"),
        [
            ("add", ["A setosa", "Odd", "Example 3"]),
            ("remove:1", ["Odd"]),
            ("up:2", ["Odd", "A setosa"]),
            ("down:1", ["Odd", "A setosa"]),
            ("up:1", ["A setosa", "Odd"]),
            ("down:9", ["A setosa", "Odd"]),
            ("use:1", ["A setosa", "Odd"]),
        ],
    )
    def test_buttons_add_remove_and_move(
        self, web: Client, draft: ModelVersion, button: str, titles: list[str]
    ) -> None:
        answer = web.post(to("draft_examples", draft.pk), filled(web, draft, then=button))

        assert answer["Location"].startswith(to("draft_examples", draft.pk) + "#example-")
        assert [example.title for example in examples_of(draft)] == titles

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("example-1-in-0-values", "five"),
            ("example-1-in-0-shape", "many"),
            ("example-2-tolerance", "-1"),
            ("memory_mib", "1"),
        ],
    )
    def test_what_cannot_be_read_is_told_beside_its_field_and_kept(
        self, web: Client, draft: ModelVersion, field: str, value: str
    ) -> None:
        sent = filled(web, draft, **{field: value})
        answer = web.post(to("draft_examples", draft.pk), sent)

        assert answer.status_code == 400
        assert f'href="#id_{field}"' in text_of(answer)
        assert f'id="id_{field}_error"' in text_of(answer)
        assert value in text_of(answer)
        assert examples_of(draft) == [IRIS, ODD]
        assert list(web.post(to("draft_examples", draft.pk), sent, headers=SCRIPT).json()["errors"]) == [f"id_{field}"]

    def test_an_empty_draft_begins_with_the_inputs_that_the_file_declares(self, web: Client, vera: Account) -> None:
        draft = make_draft(owner=vera, examples=())
        inputs = [{"name": "petals", "datatype": "FP32", "shape": [-1, 2]}]
        ModelVersion.objects.filter(pk=draft.pk).update(introspection={"inputs": inputs})

        web.post(to("draft_examples", draft.pk), filled(web, draft, **{"example-1-in-0-values": "1, 2"}))

        assert examples_of(draft)[0].request == {
            "inputs": [{"name": "petals", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}]
        }

    def test_the_two_views_are_one_text(self, web: Client, draft: ModelVersion) -> None:
        answer = web.post(to("draft_examples", draft.pk), filled(web, draft, then="text"))
        assert answer["Location"].endswith("?view=text")
        page = web.get(answer["Location"])
        form = page.context["form"]
        assert [item["title"] for item in json.loads(form["examples"].value())] == ["A setosa", "Odd"]
        sent = {name: form[name].value() for name in form.fields}
        back = web.post(answer["Location"], {**sent, "token": page.context["token"], "then": "form"})
        assert back["Location"] == to("draft_examples", draft.pk)
        assert examples_of(draft) == [IRIS, ODD]

    def test_more_inputs_than_a_form_can_carry_are_written_as_json(self, web: Client, vera: Account) -> None:
        inputs = [{"name": f"x{n}", "shape": [1], "datatype": "FP32", "data": [0]} for n in range(50)]
        wide = ExampleInput("Wide", {"inputs": inputs}, {"outputs": []})
        draft = make_draft(owner=vera, examples=[wide] * 10)

        page = web.get(to("draft_examples", draft.pk))

        assert len(json.loads(page.context["form"]["examples"].value())) == 10
        assert "Too many inputs for a form" in text_of(page)

    def test_two_windows_lose_nothing(self, web: Client, draft: ModelVersion) -> None:
        first = filled(web, draft, **{"example-1-title": "First"})
        second = filled(web, draft, **{"example-1-title": "Second"})
        web.post(to("draft_examples", draft.pk), first)

        answer = web.post(to("draft_examples", draft.pk), second)

        assert answer.status_code == 409
        assert "Second" in text_of(answer)
        assert examples_of(draft)[0].title == "First"


def answered(draft: ModelVersion, *, code: str = "", **fields: Any) -> None:
    rows = [
        {
            "request": selectors.request_digest(example.request),
            "answer": ANSWER,
            "latency_ms": 1.5,
            "code": "",
            "params": {},
        }
        for example in examples_of(draft)
    ]
    services.record_draft_trial(version_id=draft.pk, outcome=DraftOutcome(code=code, answers=rows, **fields))


class TestTrying:
    def test_an_example_has_a_button_of_its_own(self, web: Client, draft: ModelVersion) -> None:
        page = text_of(web.get(to("draft_examples", draft.pk)))
        assert 'value="try:2"' in page
        assert 'Try<span class="visually-hidden">: Example 2</span></button>' in page

        answer = web.post(
            to("draft_examples", draft.pk), filled(web, draft, **{"then": "try:2", "example-2-title": "Kept"})
        )

        assert answer["Location"] == to("draft_examples", draft.pk) + "#trial"
        assert Job.objects.filter(kind="try_draft", subject_id=draft.pk).exists()
        assert examples_of(draft)[1].title == "Kept"
        assert selectors.wanted_requests(draft) == [examples_of(draft)[1].request]

    def test_without_scripts_a_page_waits_and_leads_back_when_it_is_done(
        self, web: Client, draft: ModelVersion
    ) -> None:
        waiting = to("draft_trial", draft.pk)
        services.try_draft(version=draft, actor=draft.registered_model.owner)

        page = text_of(web.get(waiting))
        assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in page
        assert "Waiting for a free worker" in page
        assert f'<noscript><meta http-equiv="refresh" content="0;url={waiting}"></noscript>' in text_of(
            web.get(to("draft_examples", draft.pk))
        )

        Job.objects.update(state="succeeded")
        answered(draft)
        assert web.get(waiting)["Location"] == to("draft_examples", draft.pk) + "#trial"
        assert "http-equiv" not in text_of(web.get(to("draft_examples", draft.pk)))

    def test_the_button_saves_and_makes_the_try_due(self, web: Client, draft: ModelVersion) -> None:
        answered(draft)
        answer = web.post(
            to("draft_examples", draft.pk), filled(web, draft, **{"then": "try", "example-1-title": "Kept"})
        )

        assert answer["Location"] == to("draft_examples", draft.pk) + "#trial"
        assert Job.objects.get(kind="try_draft").subject_id == draft.pk
        assert examples_of(draft)[0].title == "Kept"
        assert not DraftTrial.objects.exists()
        assert "Waiting for a free worker" in text_of(web.get(to("draft_trial", draft.pk), headers=HTMX))

    def test_the_page_asks_again_only_while_the_model_is_tried(self, web: Client, draft: ModelVersion) -> None:
        services.try_draft(version=draft, actor=draft.registered_model.owner)
        assert "hx-trigger" in text_of(web.get(to("draft_trial", draft.pk), headers=HTMX))
        Job.objects.update(state="succeeded")
        answered(draft)
        assert "hx-trigger" not in text_of(web.get(to("draft_trial", draft.pk), headers=HTMX))

    def test_a_real_answer_becomes_the_expected_one(self, web: Client, draft: ModelVersion) -> None:
        answered(draft)
        page = web.get(to("draft_examples", draft.pk))
        assert [row.state for row in page.context["answers"]] == ["fail", "fail"]

        web.post(to("draft_examples", draft.pk), filled(web, draft, then="use:2"))

        assert examples_of(draft)[1].expected == {"outputs": ANSWER["outputs"]}
        assert [row.state for row in web.get(to("draft_examples", draft.pk)).context["answers"]] == ["fail", "pass"]

    def test_an_answer_never_stands_beside_another_question(self, web: Client, draft: ModelVersion) -> None:
        answered(draft)

        web.post(to("draft_examples", draft.pk), filled(web, draft, **{"example-1-in-0-values": "0, 0, 0, 0"}))

        rows = web.get(to("draft_examples", draft.pk)).context["answers"]
        assert (rows[0].state, rows[0].usable, rows[1].state) == ("stale", False, "fail")

    def test_without_an_expected_answer_there_is_no_verdict(self, web: Client, vera: Account) -> None:
        draft = make_draft(owner=vera, examples=(ExampleInput("New", IRIS.request, {"outputs": []}),))
        answered(draft)

        (row,) = web.get(to("draft_trial", draft.pk), headers=HTMX).context["answers"]

        assert (row.state, row.usable) == ("none", True)

    @pytest.mark.parametrize(("code", "words"), [("try.checks_failed", "not passed"), ("serving.start_timeout", "")])
    def test_a_model_that_was_not_asked_says_why(self, web: Client, draft: ModelVersion, code: str, words: str) -> None:
        answered(draft, code=code, log_tail="Traceback", params={"seconds": 3})

        page = text_of(web.get(to("draft_trial", draft.pk), headers=HTMX))

        assert words in page
        assert "Traceback" in page

    def test_a_failed_job_says_so(self, web: Client, draft: ModelVersion) -> None:
        services.try_draft(version=draft, actor=draft.registered_model.owner)
        Job.objects.update(state="failed", last_error="job.deadline")

        assert "longer than it may" in text_of(web.get(to("draft_trial", draft.pk), headers=HTMX))

    def test_nothing_is_tried_without_an_example(self, web: Client, draft: ModelVersion) -> None:
        answer = web.post(to("draft_examples", draft.pk) + "?view=text", {"examples": "[]", "then": "try"}, follow=True)

        assert "There is no example to try." in text_of(answer)
        assert not Job.objects.filter(kind="try_draft").exists()

    def test_the_suggested_memory_comes_from_what_was_seen(self, web: Client, draft: ModelVersion) -> None:
        answered(draft, peak_memory_bytes=200 << 20)

        web.post(to("draft_examples", draft.pk), filled(web, draft, then="suggest"))

        assert fresh(draft).memory_bytes == 320 << 20
