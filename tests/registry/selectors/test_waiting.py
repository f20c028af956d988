"""The usual waits are medians of what happened, and say nothing while too little did."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from registry import selectors
from registry.models import Account, Decision, Event, Job, ModelVersion, Review
from registry.templatetags.portal_ui import span
from tests.factories import make_account, make_draft, make_model

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_job(kind: str, seconds: int, number: int, *, state: str = "succeeded") -> None:
    job = Job.objects.create(kind=kind, subject_id=number, key=f"{kind}:{number}", state=state, run_after=NOON)
    Job.objects.filter(pk=job.pk).update(created_at=NOON, finished_at=NOON + timedelta(seconds=seconds))


def an_event(version: ModelVersion, tag: str, at: datetime) -> None:
    event = Event.objects.create(tag=tag, subject=f"version:{version.pk}", actor=None, version=version)
    Event.objects.filter(pk=event.pk).update(at=at)


def a_review(version: ModelVersion, reviewer: Account, at: datetime) -> None:
    review = Review.objects.create(version=version, reviewer=reviewer, decision=Decision.COMMENT)
    Review.objects.filter(pk=review.pk).update(created_at=at)


def test_nothing_is_told_from_too_little() -> None:
    for number in range(2):
        a_job("check_frozen", 10, number)
    usual = selectors.usual_times()
    assert (usual.checks, usual.trial_run, usual.first_review, usual.going_live) == (None, None, None, None)


def test_jobs_give_their_median_and_failed_ones_do_not_count() -> None:
    for number, seconds in enumerate((5, 7, 400)):
        a_job("check_frozen", seconds, number)
    a_job("check_frozen", 1, 9, state="failed")
    assert selectors.usual_times().checks == timedelta(seconds=7)
    assert selectors.usual_times().trial_run is None


def test_only_the_newest_count() -> None:
    for number in range(3):
        a_job("try_version", 9_000, number)
    for number in range(50):
        a_job("try_version", 3, 10 + number)
    assert selectors.usual_times().trial_run == timedelta(seconds=3)


def test_a_review_counts_from_the_entry_into_review_to_the_first_word() -> None:
    reviewer = make_account("reviewer")
    for hours in (1, 2, 30):
        version = make_draft(make_model(name=f"m-{hours}"), files={}, examples=())
        an_event(version, "version:in_review", NOON)
        a_review(version, reviewer, NOON + timedelta(hours=hours))
        a_review(version, reviewer, NOON + timedelta(hours=hours + 50))
    assert selectors.usual_times().first_review == timedelta(hours=2)


def test_each_round_of_review_counts_for_itself() -> None:
    version, reviewer = make_draft(files={}, examples=()), make_account("reviewer")
    for day, hours in ((0, 1), (1, 2), (2, 3)):
        an_event(version, "version:in_review", NOON + timedelta(days=day))
        a_review(version, reviewer, NOON + timedelta(days=day, hours=hours))
    an_event(version, "version:in_review", NOON + timedelta(days=3))
    assert selectors.usual_times().first_review == timedelta(hours=2)


def test_going_live_counts_from_the_approval() -> None:
    for minutes in (1, 2, 3):
        version = make_draft(make_model(name=f"m-{minutes}"), files={}, examples=())
        an_event(version, "version:approved", NOON)
        an_event(version, "rollout:ready", NOON + timedelta(minutes=minutes))
    assert selectors.usual_times().going_live == timedelta(minutes=2)


def test_the_cost_does_not_grow(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(4):
        selectors.usual_times()


@pytest.mark.parametrize(
    ("wait", "text"),
    [
        (None, ""),
        (timedelta(seconds=12), "12 s"),
        (timedelta(seconds=65), "1 min 5 s"),
        (timedelta(hours=5, minutes=3), "5 h 3 min"),
        (timedelta(days=1, hours=4, minutes=3), "1 d 4 h"),
    ],
)
def test_a_wait_in_words(wait: timedelta | None, text: str) -> None:
    assert span(wait) == text
