"""The registry's own kinds of work: safe to run twice, beside a change, and after the version has moved on."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection, transaction

from registry import handlers, services
from registry.artifacts.content import content_digest
from registry.errors import NotFoundError, OperatorError, PortalError, UserError
from registry.jobs import kinds, queue, runner
from registry.jobs.queue import Claim
from registry.models import Check, Event, Job, ModelVersion, VersionState
from tests.conftest import RegistryFakes
from tests.factories import CONFIRMED, make_draft
from tests.registry.jobs.conftest import DEADLINE

pytestmark = pytest.mark.django_db


def run(*job_ids: int) -> tuple[int, ...]:
    return tuple(due for job_id in job_ids for due in runner.run_job(job_id=job_id))


def repeat(kind: str) -> tuple[int, ...]:
    """Do the job again, as after a worker that died before it could say that it had finished."""
    queue.requeue(key=Job.objects.get(kind=kind).key)
    return run(Job.objects.get(kind=kind).pk)


def checked() -> ModelVersion:
    version = make_draft()
    run(*services.check_again(version=version, actor=version.registered_model.owner))
    return version


def submitted() -> tuple[ModelVersion, tuple[int, ...]]:
    version = checked()
    due = services.submit_version(version=version, actor=version.registered_model.owner, confirmed=CONFIRMED)
    version.refresh_from_db()
    return version, due


def facts() -> tuple[list[Any], ...]:
    return (
        list(Check.objects.order_by("frozen", "position").values_list("version", "name", "verdict", "content_digest")),
        list(Event.objects.order_by("pk").values_list("tag", "to_state", "digest")),
        list(Job.objects.order_by("pk").values_list("kind", "key")),
        list(ModelVersion.objects.values_list("state", "content_digest", "runtime", "model_format")),
    )


@pytest.mark.parametrize("kind", sorted(kinds._KINDS))
def test_every_kind_names_its_entry_and_exit(kind: str) -> None:
    text = (kinds.kind_named(kind).handle.__doc__ or "").lower()

    assert "entry" in text
    assert "exit" in text


def test_checking_a_draft_twice_changes_nothing(fakes: RegistryFakes) -> None:
    checked()
    before = facts()

    assert repeat("check_draft") == ()

    assert facts() == before


def test_checking_a_submission_twice_makes_one_trial_due(fakes: RegistryFakes) -> None:
    _version, due = submitted()
    trial = run(*due)
    before = facts()

    assert trial == tuple(Job.objects.filter(kind="try_version").values_list("pk", flat=True))
    assert repeat("check_frozen") == trial
    assert facts() == before


def test_a_submission_that_fails_its_checks_goes_back_once(fakes: RegistryFakes) -> None:
    version, due = submitted()
    fakes.scanner.failing = True

    run(*due)
    repeat("check_frozen")

    version.refresh_from_db()
    assert version.state == VersionState.CHANGES_REQUESTED
    event = Event.objects.get(tag="version:changes_requested")
    assert (event.actor, event.reason) == (None, "submit.frozen_checks_failed")
    assert not Job.objects.filter(kind="try_version").exists()


@pytest.mark.parametrize("passing", [True, False])
def test_the_checks_of_an_earlier_submission_decide_nothing_about_a_later_one(
    fakes: RegistryFakes, monkeypatch: pytest.MonkeyPatch, *, passing: bool
) -> None:
    version, due = submitted()
    owner, scan = version.registered_model.owner, fakes.scanner.scan

    def submit_again_meanwhile(**asked: Any) -> Any:
        monkeypatch.setattr(fakes.scanner, "scan", scan)
        services.withdraw_version(version=version, actor=owner)
        services.reopen_version(version=version, actor=owner)
        run(*services.update_draft(version=version, actor=owner, memory_bytes=1 << 28))
        version.refresh_from_db()
        services.submit_version(version=version, actor=owner, confirmed=CONFIRMED)
        fakes.scanner.failing = not passing
        return scan(**asked)

    monkeypatch.setattr(fakes.scanner, "scan", submit_again_meanwhile)
    assert run(*due) == ()

    version.refresh_from_db()
    assert (version.state, version.revision) == (VersionState.SUBMITTED, 2)
    assert not Job.objects.filter(kind="try_version").exists()
    assert set(Job.objects.filter(kind="check_frozen").values_list("state", flat=True)) == {"succeeded", "queued"}


@pytest.mark.parametrize("handler", [handlers.check_draft, handlers.check_frozen])
def test_a_version_that_is_gone_is_nothing_to_do(handler: kinds.Handler) -> None:
    assert handler(Claim(job_id=1, attempt=1, kind="", subject_id=404)) == ()


def test_a_withdrawn_version_is_not_checked(fakes: RegistryFakes) -> None:
    version, due = submitted()
    services.withdraw_version(version=version, actor=version.registered_model.owner)
    fakes.inspector.inspected.clear()

    assert run(*due) == ()

    assert fakes.inspector.inspected == []


@pytest.mark.usefixtures("fakes")
class TestWhenTheWorkFails:
    """What becomes of a submission whose checks could not be made at all."""

    @pytest.mark.parametrize(
        ("error", "state"),
        [
            (UserError("gate.unreadable"), VersionState.CHANGES_REQUESTED),
            (NotFoundError("gate.blob_missing"), VersionState.CHANGES_REQUESTED),
            (OperatorError("storage.full"), VersionState.SUBMITTED),
        ],
    )
    def test_it_goes_back_only_if_its_submitter_can_mend_it(
        self, monkeypatch: pytest.MonkeyPatch, error: PortalError, state: str
    ) -> None:
        version, due = submitted()

        def broken(**_arguments: Any) -> bool:
            raise error

        monkeypatch.setattr(handlers, "check_version", broken)
        run(*due)

        version.refresh_from_db()
        job = Job.objects.get(kind="check_frozen")
        assert (version.state, job.state, job.last_error) == (state, "failed", error.code)

    def test_who_may_repeats_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        version, due = submitted()

        def broken(**_arguments: Any) -> bool:
            raise OperatorError("storage.full")

        with monkeypatch.context() as patched:
            patched.setattr(handlers, "check_version", broken)
            run(*due)
        again = services.retry_version(version=version, actor=version.registered_model.owner)

        assert again == due
        assert run(*again) != ()
        assert Job.objects.get(kind="check_frozen").last_error == ""


@pytest.mark.django_db(transaction=True)
def test_saving_a_draft_while_its_check_ends_blocks_neither(fakes: RegistryFakes) -> None:
    """Page and worker lock first the version, then the job; in two orders, PostgreSQL would break one of them off."""
    version = checked()
    owner = version.registered_model.owner
    services.check_again(version=version, actor=owner)
    claim = queue.claim(job_id=Job.objects.get().pk, deadline=DEADLINE)
    assert claim
    errors: list[Exception] = []

    def end_the_check() -> None:
        try:
            handlers.check_draft(claim)
        except Exception as error:  # noqa: BLE001  # the test's own thread tells of it
            errors.append(error)
        finally:
            connection.close()

    Check.objects.all().delete()
    worker = threading.Thread(target=end_the_check)
    with transaction.atomic():
        draft = services.drafts.lock_draft(version, owner)
        worker.start()
        worker.join(0.5)  # by now it waits for the version, and must not hold the job while it does
        services.drafts.queue_draft_checks(draft)
    worker.join(60)

    assert errors == []
    assert Job.objects.get().rerun
    assert set(Check.objects.values_list("content_digest", flat=True)) == {content_digest(version)}
