from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from registry import services, signals
from registry.artifacts.content import content_digest
from registry.errors import ConflictError, ForbiddenError, NotFoundError, UserError
from registry.models import Account, Check, Event, Job, ModelVersion, VersionState
from tests.conftest import RegistryFakes
from tests.factories import CONFIRMED, make_account, make_draft, make_model
from tests.registry.scene import (
    approved,
    checked,
    fresh,
    in_review,
    in_state,
    log_of,
    make_reviewer,
    owner_of,
    say,
    submitted,
    work,
)
from tests.registry.services.test_drafts import code_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fakes")]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """(signal, version) of each signal that was sent; each makes job 7 due."""
    heard: list[tuple[str, int]] = []
    for name in ("version_checked", "version_approved", "version_withdrawn", "version_retired"):

        def receive(*, version_id: int, name: str = name, **_kwargs: Any) -> tuple[int, ...]:
            heard.append((name, version_id))
            return (7,)

        signal: Any = getattr(signals, name)
        monkeypatch.setattr(signal, "receivers", [])
        monkeypatch.setattr(signal, "sender_receivers_cache", {})
        signal.connect(receive, weak=False)
    return heard


def submit(draft: ModelVersion, actor: Account | None = None) -> tuple[int, ...]:
    return services.submit_version(version=draft, actor=actor or owner_of(draft), confirmed=CONFIRMED)


class TestSubmitting:
    def test_it_freezes_the_content_under_its_digest(self) -> None:
        draft = checked()

        (job_id,) = submit(draft)

        found, job = fresh(draft), Job.objects.get(pk=job_id)
        assert (found.state, found.revision, found.submitted_by) == ("submitted", 1, owner_of(draft))
        assert found.content_digest == content_digest(found)
        assert found.submitted_at is not None
        assert (job.kind, job.subject_id, job.state) == ("check_frozen", draft.pk, "queued")
        event = Event.objects.get(version=draft)
        assert (event.tag, event.from_state, event.to_state) == ("version:submitted", "draft", "submitted")
        assert (event.actor, event.digest, event.public) == (owner_of(draft), found.content_digest, True)

    def test_twice_is_once(self) -> None:
        draft = checked()
        submit(draft)

        code = code_of(lambda: submit(draft), ConflictError)

        assert code == "version.frozen"
        assert Job.objects.filter(kind="check_frozen").count() == 1
        assert [tag for tag, _ in log_of(draft)] == ["version:submitted"]

    def test_without_checks_it_waits(self) -> None:
        draft = make_draft()

        code = code_of(lambda: submit(draft), ConflictError)

        assert code == "submit.checks_pending"
        assert fresh(draft).state == VersionState.DRAFT

    def test_checks_of_other_content_do_not_count(self) -> None:
        draft = checked()
        services.update_draft(version=draft, actor=owner_of(draft), memory_bytes=1 << 29)

        code = code_of(lambda: submit(draft), ConflictError)

        assert code == "submit.checks_pending"

    def test_a_failed_check_is_named(self, fakes: RegistryFakes) -> None:
        draft = make_draft()
        fakes.scanner.failing = True
        work(services.check_again(version=draft, actor=owner_of(draft)))

        with pytest.raises(UserError) as caught:
            submit(draft)

        assert (caught.value.code, caught.value.params) == ("submit.checks_failed", {"names": "scan", "count": 1})
        assert log_of(draft) == []

    @pytest.mark.parametrize("given", [(), ("may_publish",), ("no_personal_data", "anything")])
    def test_nothing_is_submitted_unconfirmed(self, given: tuple[str, ...]) -> None:
        draft = checked()
        with pytest.raises(UserError) as caught:
            services.submit_version(version=draft, actor=owner_of(draft), confirmed=given)

        assert caught.value.code == "submit.unconfirmed"
        assert caught.value.field == ("no_personal_data" if "may_publish" in given else "may_publish")
        assert not draft.revisions.exists()

    def test_a_warning_does_not_block(self) -> None:
        draft = checked()
        Check.objects.filter(version=draft, name="introspection").update(verdict="warn")

        assert submit(draft)

    def test_another_s_draft_does_not_exist(self) -> None:
        draft = checked()

        code = code_of(lambda: submit(draft, make_reviewer()), NotFoundError)

        assert code == "version.unknown"


class TestWithdrawing:
    @pytest.mark.parametrize("state", ["submitted", "in_review"])
    def test_out_of_checking_and_review(self, state: str, told: list[tuple[str, int]]) -> None:
        version = in_state(state)

        due = services.withdraw_version(version=version, actor=owner_of(version), reason="A typo.")

        event = Event.objects.filter(version=version).latest("pk")
        assert (fresh(version).state, due) == (VersionState.WITHDRAWN, (7,))
        assert (event.tag, event.actor, event.reason) == ("version:withdrawn", owner_of(version), "A typo.")
        assert told[-1] == ("version_withdrawn", version.pk)

    @pytest.mark.parametrize("state", ["draft", "approved", "changes_requested", "rejected", "withdrawn", "retired"])
    def test_from_nowhere_else(self, state: str) -> None:
        version = in_state(state)
        log = log_of(version)

        code = code_of(lambda: services.withdraw_version(version=version, actor=owner_of(version)), ConflictError)

        assert code == "lifecycle.moved_first"
        assert (fresh(version).state, log_of(version)) == (state, log)

    def test_only_by_its_owner(self) -> None:
        version = in_review()
        operator = make_account(groups=["operators", "reviewers", "administrators"])

        code = code_of(lambda: services.withdraw_version(version=version, actor=operator), ForbiddenError)

        assert (code, fresh(version).state) == ("rights.edit", "in_review")

    @pytest.mark.usefixtures("told")
    def test_a_receiver_that_fails_undoes_it(self) -> None:
        """What follows from a move is due in the transaction of the move, or not at all."""
        version = in_review()

        def broken(**_kwargs: Any) -> None:
            raise RuntimeError

        signals.version_withdrawn.connect(broken, weak=False)
        with pytest.raises(RuntimeError):
            services.withdraw_version(version=version, actor=owner_of(version))

        assert fresh(version).state == VersionState.IN_REVIEW
        assert log_of(version)[-1][0] == "version:in_review"


class TestReopening:
    @pytest.mark.parametrize("state", ["withdrawn", "changes_requested"])
    def test_it_can_be_edited_and_submitted_again(self, state: str) -> None:
        version = in_state(state)
        first = version.content_digest

        assert services.reopen_version(version=version, actor=owner_of(version)) == ()
        version = submitted(fresh(version))

        assert (version.state, version.revision, version.image_digest) == ("submitted", 2, "")
        assert version.content_digest == first, "the same content has the same name"
        services.withdraw_version(version=version, actor=owner_of(version))
        services.reopen_version(version=version, actor=owner_of(version))
        services.update_draft(version=version, actor=owner_of(version), memory_bytes=1 << 28)
        assert submitted(fresh(version)).content_digest != first

    @pytest.mark.parametrize("state", ["submitted", "in_review", "approved", "rejected", "retired", "draft"])
    def test_from_nowhere_else(self, state: str) -> None:
        version = in_state(state)
        code = code_of(lambda: services.reopen_version(version=version, actor=owner_of(version)), ConflictError)

        assert code in {"lifecycle.moved_first", "version.other_draft"}
        assert fresh(version).state == state

    def test_there_is_one_open_draft(self) -> None:
        version = in_state(VersionState.WITHDRAWN)
        services.start_version(registered_model=version.registered_model, actor=owner_of(version))

        code = code_of(lambda: services.reopen_version(version=version, actor=owner_of(version)), ConflictError)

        assert code == "version.other_draft"

    def test_only_by_its_owner(self) -> None:
        version = in_state(VersionState.WITHDRAWN)

        code = code_of(lambda: services.reopen_version(version=version, actor=make_reviewer()), ForbiddenError)

        assert code == "rights.edit"

    def test_old_decisions_stay_and_decide_nothing(self) -> None:
        version, reviewer = in_review(), make_reviewer()
        say(version, reviewer, "request_changes", "Say where the data is from.")
        services.reopen_version(version=fresh(version), actor=owner_of(version))
        again = in_review(fresh(version))

        assert again.reviews.count() == 1
        say(again, reviewer, "approve")
        assert fresh(again).state == VersionState.APPROVED


class TestRetiring:
    @pytest.mark.parametrize("group", ["", "operators"])
    def test_by_owner_or_operator(self, group: str, told: list[tuple[str, int]]) -> None:
        version = approved()
        actor = make_account(groups=[group]) if group else owner_of(version)

        assert services.retire_version(version=version, actor=actor, reason="A better one is there.") == (7,)

        event = Event.objects.filter(version=version).latest("pk")
        assert fresh(version).state == VersionState.RETIRED
        assert (event.tag, event.actor, event.digest) == ("version:retired", actor, version.image_digest)
        assert told[-1] == ("version_retired", version.pk)

    @pytest.mark.parametrize("state", [state for state in VersionState if state != VersionState.APPROVED])
    def test_only_what_was_approved(self, state: str) -> None:
        version = in_state(state)

        code = code_of(lambda: services.retire_version(version=version, actor=owner_of(version)), ConflictError)

        assert (code, fresh(version).state) == ("lifecycle.moved_first", state)

    def test_by_nobody_else(self) -> None:
        version = approved()

        code = code_of(lambda: services.retire_version(version=version, actor=make_reviewer()), ForbiddenError)

        assert code == "rights.retire"


class TestRetrying:
    def failed(self, version: ModelVersion, revision: int = 1) -> Job:
        job = Job.objects.get(key=f"check_frozen:{version.pk}:{revision}")
        Job.objects.filter(pk=job.pk).update(state="failed", last_error="storage.full", failures=5)
        return job

    def waiting(self) -> ModelVersion:
        draft = checked()
        submit(draft)
        return fresh(draft)

    @pytest.mark.parametrize("group", ["", "operators"])
    def test_a_failed_step_is_due_again(self, group: str) -> None:
        version = self.waiting()
        job = self.failed(version)
        actor = make_account(groups=[group]) if group else owner_of(version)

        assert services.retry_version(version=version, actor=actor) == (job.pk,)

        job.refresh_from_db()
        assert (job.state, job.failures, job.last_error) == ("queued", 0, "")
        code = code_of(lambda: services.retry_version(version=version, actor=actor), ConflictError)
        assert code == "retry.nothing_failed"

    def test_not_that_of_an_earlier_submission(self) -> None:
        version = self.waiting()
        self.failed(version)
        services.withdraw_version(version=version, actor=owner_of(version))
        services.reopen_version(version=version, actor=owner_of(version))
        services.submit_version(version=version, actor=owner_of(version), confirmed=CONFIRMED)

        def retry() -> object:
            return services.retry_version(version=fresh(version), actor=owner_of(version))

        assert code_of(retry, ConflictError) == "retry.nothing_failed"
        again = self.failed(version, 2)
        assert retry() == (again.pk,)

    def test_not_of_a_version_that_moved_on(self) -> None:
        version = self.waiting()
        self.failed(version)
        services.withdraw_version(version=version, actor=owner_of(version))

        code = code_of(lambda: services.retry_version(version=version, actor=owner_of(version)), ConflictError)

        assert code == "retry.nothing_failed"

    def test_by_nobody_else(self) -> None:
        version = self.waiting()
        self.failed(version)

        code = code_of(lambda: services.retry_version(version=version, actor=make_reviewer()), ForbiddenError)

        assert code == "rights.retry"


class TestContentDigest:
    """One name for everything that a reviewer approves."""

    def test_it_is_the_same_whenever_it_is_taken(self) -> None:
        draft = make_draft(files={"b.txt": b"b", "a.txt": b"a"})

        assert len({content_digest(fresh(draft)) for _ in range(3)}) == 1
        assert content_digest(draft).startswith("sha256:")

    def test_neither_rows_nor_times_are_part_of_it(self) -> None:
        draft = make_draft(files={"a.txt": b"a", "b.txt": b"b"})
        before = content_digest(draft)
        owner = owner_of(draft)

        shas = dict(draft.files.values_list("path", "blob_id"))
        for path in ("a.txt", "b.txt"):
            services.remove_file(version=draft, actor=owner, path=path)
        for path in ("b.txt", "a.txt"):
            services.attach_file(version=draft, actor=owner, path=path, sha256=shas[path], size=1)
        services.update_draft(version=draft, actor=owner, summary="Other", licence="MIT")

        assert content_digest(fresh(draft)) == before

    @pytest.mark.parametrize(
        "change",
        [
            lambda v, a: services.update_draft(version=v, actor=a, card_source="# Other"),
            lambda v, a: services.update_draft(version=v, actor=a, licence="Apache-2.0"),
            lambda v, a: services.update_draft(version=v, actor=a, cpu_millis=2000),
            lambda v, a: services.update_draft(version=v, actor=a, memory_bytes=1),
            lambda v, a: services.set_examples(version=v, actor=a, examples=[]),
            lambda v, a: services.remove_file(version=v, actor=a, path="model.json"),
            lambda v, a: services.attach_file(version=v, actor=a, path="model.json", sha256="a" * 64, size=1),
            lambda v, a: services.attach_file(version=v, actor=a, path="new.txt", sha256="a" * 64, size=1),
        ],
    )
    def test_every_part_of_the_content_is_in_it(self, change: Callable[[ModelVersion, Any], object]) -> None:
        draft = make_draft()
        before = content_digest(draft)

        change(draft, owner_of(draft))

        assert content_digest(fresh(draft)) != before

    def test_two_models_with_equal_files_differ(self) -> None:
        owner = make_account()
        drafts = [make_draft(make_model(owner, name)) for name in ("aa", "bb")]

        assert len({content_digest(draft) for draft in drafts}) == 2
