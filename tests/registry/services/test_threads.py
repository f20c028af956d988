"""Threads about lines, files and examples, from their first comment to the next revision."""

from __future__ import annotations

from typing import Any

import pytest

from registry import services
from registry.errors import ConflictError, ForbiddenError, UserError
from registry.models import Account, Event, ModelVersion, ReviewThread, ThreadComment, VersionState
from registry.selectors import desk, threads
from registry.services import threads as service
from tests.factories import CARD, make_account
from tests.registry.scene import OTHER_DIGEST, fresh, in_review, in_state, log_of, make_reviewer, owner_of, say
from tests.registry.services.test_drafts import code_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fakes")]
LINE = CARD.split("\n").index("## Evaluation") + 1


def comment_on(version: ModelVersion, author: Account | None = None, **changes: Any) -> ReviewThread:
    said = {"body": "Which **split**?", "content_digest": version.content_digest, "line": LINE, **changes}
    return services.post_line_comment(version=version, author=author or make_reviewer(), **said)


def resubmitted(version: ModelVersion, **changes: Any) -> ModelVersion:
    say(version, make_reviewer(), "request_changes", "See the lines.")
    services.reopen_version(version=fresh(version), actor=owner_of(version))
    services.update_draft(version=version, actor=owner_of(version), **changes)
    return in_review(fresh(version))


class TestOpening:
    def test_a_line_is_kept_with_its_words(self) -> None:
        version, rita = in_review(), make_reviewer("rita")

        thread = comment_on(version, rita)

        assert (thread.line, thread.line_text, thread.section) == (LINE, "## Evaluation", "Evaluation")
        assert thread.comments.get().body_html == "<p>Which <strong>split</strong>?</p>\n"
        event = Event.objects.latest("pk")
        assert (event.tag, event.actor, event.reason) == ("review:line_comment", rita, "Which **split**?")
        assert (event.subject, event.public, event.version) == (f"thread:{thread.pk}", True, version)

    @pytest.mark.parametrize(
        ("place", "code"),
        [
            ({"line": 0}, "thread.no_such_line"),
            ({"line": 10_000}, "thread.no_such_line"),
            ({"line": None}, "thread.no_such_place"),
            ({"subject": "file", "path": "nothing"}, "file.unknown"),
            ({"subject": "example", "position": 9}, "thread.no_such_place"),
            ({"subject": "example"}, "thread.no_such_place"),
            ({"subject": "weights"}, "thread.no_such_place"),
            ({"body": " \n"}, "review.message_needed"),
            ({"content_digest": OTHER_DIGEST}, "review.content_changed"),
        ],
    )
    def test_what_is_not_there_is_refused(self, place: dict[str, Any], code: str) -> None:
        version = in_review()

        assert code_of(lambda: comment_on(version, **place), UserError) == code
        assert not ReviewThread.objects.exists()

    def test_files_and_examples_are_subjects_too(self) -> None:
        version = in_review()

        comment_on(version, subject="file", path="model.json", line=None)
        comment_on(version, subject="example", position=1, line=None)

        found = threads.open_change_requests(version)
        assert [(each.step, each.anchor) for each in found] == [("files", "model.json"), ("examples", "1")]

    def test_only_what_is_in_review(self) -> None:
        version = in_state(VersionState.APPROVED)

        assert code_of(lambda: comment_on(version), ConflictError) == "review.not_in_review"

    def test_strangers_read_only(self) -> None:
        version = in_review()
        stranger = make_account()

        assert code_of(lambda: comment_on(version, stranger), ForbiddenError) == "rights.discuss"
        thread = comment_on(version)
        for act in (
            lambda: services.reply_to_thread(thread=thread, author=stranger, body="x"),
            lambda: services.resolve_thread(thread=thread, actor=stranger),
        ):
            assert code_of(act, ForbiddenError) == "rights.discuss"
        assert ThreadComment.objects.count() == 1

    def test_there_is_an_end_to_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(service, "MOST_THREADS", 1)
        monkeypatch.setattr(service, "MOST_COMMENTS", 1)
        version, rita = in_review(), make_reviewer()
        thread = comment_on(version, rita)

        assert code_of(lambda: comment_on(version, rita), ConflictError) == "thread.too_many"
        code = code_of(lambda: services.reply_to_thread(thread=thread, author=rita, body="x"), ConflictError)
        assert code == "thread.too_long"


class TestAnswering:
    def test_the_owner_answers_and_settles(self) -> None:
        version = in_review()
        owner, thread = owner_of(version), comment_on(version)

        services.reply_to_thread(thread=thread, author=owner, body="The third one.")
        for _ in range(2):
            services.resolve_thread(thread=thread, actor=owner)

        thread.refresh_from_db()
        assert thread.resolved_by == owner
        assert [tag for tag, _ in log_of(version)][-2:] == ["review:reply", "review:thread_resolved"]
        assert threads.open_change_requests(version) == []
        services.resolve_thread(thread=thread, actor=owner, resolved=False)
        assert threads.open_thread_count(version) == 1
        assert log_of(version)[-1][0] == "review:thread_reopened"

    def test_an_empty_answer_is_none(self) -> None:
        version = in_review()
        thread = comment_on(version)

        def answer() -> object:
            return services.reply_to_thread(thread=thread, author=owner_of(version), body="  ")

        assert code_of(answer, UserError) == "review.message_needed"

    def test_markup_is_inert(self) -> None:
        thread = comment_on(in_review(), body="<img src=x onerror=alert(1)> [x](javascript:alert(1))")

        html = thread.comments.get().body_html
        assert "<img" not in html
        assert "javascript:" not in html.replace("(javascript:alert(1))", "")


class TestTheNextRevision:
    def place(self, version: ModelVersion) -> tuple[int | None, bool]:
        (found,) = threads.placed_threads(version, threads.threads_of(version))
        return found.line, found.outdated

    def test_a_line_keeps_its_thread_wherever_it_moves(self) -> None:
        version = in_review()
        comment_on(version)
        assert self.place(version) == (LINE, False)

        again = resubmitted(version, card_source=CARD.replace("# Iris\n", "# Iris\n\nOne line more.\n", 1))

        assert again.revision == 2
        assert self.place(again) == (LINE + 2, False)
        (asked,) = threads.open_change_requests(again)
        assert (asked.step, asked.anchor, asked.text) == ("card", f"line:{LINE + 2}", "Which **split**?")

    def test_a_line_that_changed_leaves_it_outdated(self) -> None:
        version = in_review()
        comment_on(version, line=LINE + 2)
        text = CARD.split("\n")
        text[LINE + 1] = "Five folds, none of them seen in training, says this card."

        again = resubmitted(version, card_source="\n".join(text))

        assert self.place(again) == (None, True)
        assert threads.open_change_requests(again)[0].anchor == "section:Evaluation"

    def test_a_draft_being_mended_is_followed_as_well(self) -> None:
        version = in_review()
        comment_on(version)
        services.withdraw_version(version=version, actor=owner_of(version))
        services.reopen_version(version=fresh(version), actor=owner_of(version))
        services.update_draft(version=version, actor=owner_of(version), card_source="x\n" + CARD.lstrip("-"))

        assert self.place(fresh(version))[0] is not None

    def test_what_was_submitted_is_kept_and_compared(self) -> None:
        version, rita = in_review(), make_reviewer()
        comment_on(version, rita)
        again = resubmitted(version, memory_bytes=1 << 31, card_source=CARD + "\nMore.\n")

        keys = desk.base_keys(again, in_use=None)
        base = desk.base_named(again, key=desk.usual_base(again, user=rita, keys=keys), in_use=None)

        assert keys == [("revision-1", 1)]
        assert base is not None
        changes = desk.changes_since(again, base)
        assert (changes.memory_bytes, changes.card_added) == ((1 << 30, 1 << 31), 2)
        assert (list(changes.files), list(changes.examples)) == ([], [])
        for key in ("revision-2", "revision-x", "revision-", "in-use", "revision-²"):
            assert desk.base_named(again, key=key, in_use=None) is None


class TestTheNextVersion:
    """What nobody settled stays readable with its version, and waits at the next one, whatever was decided."""

    @pytest.mark.parametrize("decision", ["approve", "reject"])
    def test_open_threads_carry_over_and_settled_ones_stay_behind(self, decision: str) -> None:
        first, rita = in_review(), make_reviewer("rita")
        kept = comment_on(first, rita)
        settled = comment_on(first, rita, subject="example", position=1, line=None)
        services.resolve_thread(thread=settled, actor=rita)
        say(first, rita, decision, "Good enough." if decision == "approve" else "Not for us.")
        owner = owner_of(first)

        draft = services.start_version(registered_model=first.registered_model, actor=owner)
        services.update_draft(version=draft, actor=owner, card_source=CARD.replace("# Iris\n", "# Iris\n\nMore.\n", 1))
        draft = fresh(draft)

        (asked,) = threads.open_change_requests(draft)
        assert (asked.anchor, asked.thread_id, asked.of_version) == (f"line:{LINE + 2}", kept.pk, first.number)
        assert [each.pk for each in threads.threads_of(first)] == [kept.pk, settled.pk]
        assert threads.open_thread_count(draft) == 1

        services.reply_to_thread(thread=kept, author=owner, body="Said in the new card.")
        services.resolve_thread(thread=kept, actor=rita)
        assert threads.open_change_requests(draft) == []
        assert list(threads.threads_in_play(draft)) == []
