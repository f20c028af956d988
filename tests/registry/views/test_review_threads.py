"""The pages of one review: card views, threads at lines, ticks, and what a revision changed."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from registry import services
from registry.checklist import CHECKLIST
from registry.models import Account, Check, ModelVersion, Review, ReviewThread, ThreadComment
from tests.factories import CARD, make_account
from tests.registry.scene import fresh, in_review, make_reviewer, owner_of, say
from tests.registry.views.conftest import as_browser
from tests.registry.views.pages import count_queries, text_of, to

pytestmark = pytest.mark.django_db
LINE = CARD.split("\n").index("## Evaluation") + 1


@pytest.fixture
def rita() -> Account:
    return make_reviewer("rita")


@pytest.fixture
def desk(rita: Account) -> Client:
    return as_browser(rita)


@pytest.fixture
def version(db: None) -> ModelVersion:
    return in_review()


def remark(version: ModelVersion, **changes: Any) -> dict[str, Any]:
    return {
        "subject": "card", "line": LINE, "body": "Which split?", "content_digest": version.content_digest, **changes
    }  # fmt: skip


class TestComments:
    def test_a_line_leads_to_its_form_and_back(self, desk: Client, version: ModelVersion) -> None:
        here = to("review", version.pk) + "?view=source"
        page = desk.get(f"{here}&comment={LINE}")
        assert [row.new for row in page.context["card_rows"] if row.writing] == [LINE]

        answer = desk.post(to("thread_new", version.pk), remark(version, next=here))

        thread = ReviewThread.objects.get()
        assert answer["Location"] == f"{here}#thread-{thread.pk}"
        after = desk.get(here)
        assert [row.new for row in after.context["card_rows"] if row.threads] == [LINE]
        assert "Which split?" in text_of(after)

    def test_a_refused_comment_comes_back_with_its_words(self, desk: Client, version: ModelVersion) -> None:
        long = "So many words. " * 400

        answer = desk.post(to("thread_new", version.pk), remark(version, body=long))
        stale = desk.post(to("thread_new", version.pk), remark(version, content_digest="sha256:" + "0" * 64))

        assert (answer.status_code, stale.status_code) == (400, 400)
        assert long.strip() in text_of(answer)
        assert "The version changed since you opened this page." in text_of(stale)
        assert "Which split?" in text_of(stale)
        assert not ReviewThread.objects.exists()

    def test_a_file_and_an_example_have_forms_of_their_own(self, desk: Client, version: ModelVersion) -> None:
        for query, title in (
            ("subject=file&path=model.json", "Comment on the file"),
            ("subject=example&position=1", "Comment on example 1"),
            (f"subject=card&line={LINE}", f"Comment on line {LINE} of the card"),
        ):
            assert title in text_of(desk.get(f"{to('thread_new', version.pk)}?{query}"))
        assert desk.get(to("thread_new", version.pk) + "?subject=weights").status_code == 404

    def test_the_owner_answers_and_settles_on_the_public_page(self, desk: Client, version: ModelVersion) -> None:
        desk.post(to("thread_new", version.pk), remark(version))
        thread, owner = ReviewThread.objects.get(), as_browser(owner_of(version))
        model = version.registered_model
        public = to("version", model.owner.username, model.name, version.number)
        assert "Which split?" in text_of(owner.get(public))

        answer = owner.post(to("thread", thread.pk), {"body": "The last fifth.", "next": public})
        owner.post(to("thread_resolve", thread.pk))

        assert answer["Location"] == f"{public}#thread-{thread.pk}"
        thread.refresh_from_db()
        assert thread.resolved_by == owner_of(version)
        visitor = text_of(Client().get(public))
        assert "The last fifth." in visitor
        assert f'action="{to("thread", thread.pk)}"' not in visitor
        assert "The last fifth." in text_of(Client().get(to("thread", thread.pk)))

    def test_an_answer_too_long_comes_back_with_its_words(self, desk: Client, version: ModelVersion) -> None:
        desk.post(to("thread_new", version.pk), remark(version))
        long = "Word by word. " * 400

        answer = desk.post(to("thread", ReviewThread.objects.get().pk), {"body": long})

        assert answer.status_code == 400
        assert long.strip() in text_of(answer)
        assert ThreadComment.objects.count() == 1

    def test_strangers_are_told_that_it_is_not_theirs(self, desk: Client, version: ModelVersion) -> None:
        desk.post(to("thread_new", version.pk), remark(version))
        stranger = as_browser(make_account())

        for address in (to("thread", ReviewThread.objects.get().pk), to("thread_new", version.pk)):
            answer = stranger.post(address, {"body": "x", "subject": "card", "line": 1})
            assert answer.status_code == 403
            assert "Only reviewers and the version's owner" in text_of(answer).replace("&#x27;", "'")


class TestRevisions:
    def test_the_next_one_shows_what_changed_and_keeps_the_threads(self, desk: Client, rita: Account) -> None:
        version = in_review()
        desk.post(to("thread_new", version.pk), remark(version))
        say(version, rita, "request_changes", "See the line.", targets=["card:Evaluation"])
        owner = owner_of(version)
        services.reopen_version(version=fresh(version), actor=owner)
        changed = CARD.replace("# Iris\n", "# Iris\n\nA line more.\n", 1)
        services.update_draft(version=version, actor=owner, card_source=changed, memory_bytes=1 << 31)
        again = in_review(fresh(version))

        page = desk.get(to("review", again.pk))

        text = text_of(page)
        assert "Model card changes since revision 1" in text
        assert "Other changes since revision 1" in text
        assert [row.text for row in page.context["card_rows"] if row.kind == "added"] == ["A line more.", ""]
        (moved,) = [thread for row in page.context["card_rows"] for thread in row.threads]
        assert (moved.line, moved.outdated) == (LINE + 2, False)
        assert page.context["threads_elsewhere"] == []
        assert page.context["form"]["targets"].value() == ["card:Evaluation"]
        conversation = text_of(desk.get(to("review_conversation", again.pk)))
        assert "Model card: Evaluation" in conversation
        assert "About" in conversation
        assert f"{to('review', again.pk)}?since=revision-1#card" in text_of(desk.get(to("review_history", again.pk)))

    def test_what_nobody_settled_meets_the_next_version(self, desk: Client, rita: Account) -> None:
        """With the older version's number; its own pages and the discussion keep it, for everybody."""
        version = in_review()
        desk.post(to("thread_new", version.pk), remark(version))
        assert "1 conversation is not settled." in text_of(desk.get(to("review", version.pk)))
        say(version, rita, "approve")
        owner, model = owner_of(version), version.registered_model
        draft = services.start_version(registered_model=model, actor=owner)

        step = as_browser(owner).get(to("draft_card", draft.pk))
        assert "Which split?" in text_of(step)
        for file in version.files.all():
            services.attach_file(version=draft, actor=owner, path=file.path, sha256=file.blob_id, size=file.blob.size)
        page = desk.get(to("review", in_review(fresh(draft)).pk))
        (carried,) = [thread for row in page.context["card_rows"] for thread in row.threads]
        assert carried.thread.version == version
        assert f"· Version {version.number}</span>" in text_of(page)
        listed = f"/api/v1/versions/{draft.pk}/threads/"
        assert desk.get(listed).json()["items"] == []
        (told,) = desk.get(f"{listed}?carried=true").json()["items"]
        assert (told["version"], told["resolved"]) == (version.pk, False)
        visitor = Client()
        assert "Which split?" in text_of(visitor.get(to("version", model.owner.username, model.name, version.number)))
        talk = text_of(visitor.get(to("model_discussion", model.owner.username, model.name)))
        assert "1 open conversation" in talk

    def test_an_approval_of_an_earlier_one_shows_as_such(self, desk: Client, rita: Account, settings: Any) -> None:
        settings.REQUIRED_APPROVALS = 2
        version = in_review()
        say(version, rita, "approve")
        assert "approved this revision" in text_of(desk.get(to("review", version.pk)))
        services.withdraw_version(version=version, actor=owner_of(version))
        services.reopen_version(version=fresh(version), actor=owner_of(version))
        services.update_draft(version=version, actor=owner_of(version), memory_bytes=1 << 29)
        again = in_review(fresh(version))

        page = desk.get(to("review", again.pk))

        assert "approved an earlier revision" in text_of(page)
        assert "0 of 2 approvals" in text_of(page)
        assert page.context["obstacle"] is None


class TestDecisionForm:
    def test_a_failed_check_takes_approving_away_and_says_so(self, desk: Client, version: ModelVersion) -> None:
        Check.objects.filter(version=version, frozen=True, name="card").update(verdict="fail", code="card.empty")

        page = desk.get(to("review", version.pk))

        text = text_of(page).replace("&#x27;", "'")
        assert "A required check failed, so you can't approve yet." in text
        assert [option.value for option in page.context["options"] if option.disabled] == ["approve"]
        assert page.context["form"]["targets"].value() == ["card"]

    def test_an_unticked_point_is_named_beside_the_list(self, desk: Client, version: ModelVersion) -> None:
        seen = {"content_digest": version.content_digest, "image_digest": version.image_digest}
        ticked = list(CHECKLIST)[2:]

        answer = desk.post(to("review", version.pk), {"decision": "approve", "checklist": ticked, **seen})

        assert answer.status_code == 400
        assert "2 points of the checklist are not ticked." in answer.context["form"].errors["checklist"][0]
        assert answer.context["form"]["checklist"].value() == ticked
        assert not Review.objects.exists()


class TestFiles:
    def test_ticks_count(self, desk: Client, version: ModelVersion) -> None:
        file = version.files.get()
        assert "0 of 1 file viewed" in text_of(desk.get(to("review_files", version.pk)))

        mark = {"viewed": "1", "sha256": file.blob_id}
        answer = desk.post(to("file_viewed", version.pk, file.pk), mark)

        assert answer["Location"] == f"{to('review_files', version.pk)}#file-{file.pk}"
        assert "1 of 1 file viewed" in text_of(desk.get(to("review_files", version.pk)))
        stale = desk.post(to("file_viewed", version.pk, file.pk), {**mark, "sha256": "0" * 64}, follow=True)
        assert "The version changed since you opened this page." in text_of(stale)


def test_the_pages_cost_a_constant_number_of_queries(desk: Client, version: ModelVersion, rita: Account) -> None:
    def talk() -> None:
        for subject in ({"line": LINE}, {"subject": "file", "path": "model.json"}):
            thread = services.post_line_comment(
                version=version, author=make_reviewer(), body="Why?", content_digest=version.content_digest, **subject
            )
            services.reply_to_thread(thread=thread, author=rita, body="So.")
        say(version, make_reviewer(), "comment", "And?")

    routes = ("review", "review_files", "review_conversation", "review_history")
    talk()
    before = [count_queries(desk, to(route, version.pk)) for route in routes]
    talk()

    assert [count_queries(desk, to(route, version.pk)) for route in routes] == before
