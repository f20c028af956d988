"""Whom an event concerns, and that nobody is told of their own act."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry import services
from registry.models import Account, Notification, UntoldEvent
from registry.presentation.events import EVENT_TEXTS
from registry.selectors.concerns import CIRCLES
from registry.services.notifying import tell_concerned
from tests.factories import make_account
from tests.registry.community.telling import bare_version, happened, tell, told, words
from tests.registry.scene import in_review, say
from tests.registry.views.conftest import as_browser

pytestmark = pytest.mark.django_db


def test_the_way_of_a_version_tells_each_of_what_is_theirs(vera: Account, rita: Account, otto: Account) -> None:
    other = make_account("roy", groups=["reviewers"])
    version = in_review(owner=vera)
    say(version, rita, "comment", "Please explain.")
    say(version, other, "approve")
    tell()

    assert told() == {
        "vera": ["review:comment own", "version:approved own"],
        "rita": ["version:in_review review_queue", "version:approved review"],
        "roy": ["version:in_review review_queue"],
    }


def test_one_approval_of_several_is_told_as_itself(vera: Account, rita: Account, settings: Any) -> None:
    settings.REQUIRED_APPROVALS = 2
    make_account("roy", groups=["reviewers"])
    say(in_review(owner=vera), rita, "approve")
    tell()

    assert told()["vera"] == ["review:approve own"]


def test_who_gets_a_right_hears_of_it(vera: Account) -> None:
    ada = make_account("ada", groups=["administrators"])
    services.set_right(username="vera", right="reviewers", held=True, actor=ada)
    tell()

    assert told() == {"vera": ["account:right_given account"]}
    assert "vera: reviewers" in words(as_browser(vera).get("/notifications/"))


def test_a_new_revision_reaches_its_reviewers_as_theirs(vera: Account, rita: Account) -> None:
    make_account("roy", groups=["reviewers"])
    version = bare_version(vera)
    happened("version:changes_requested", version, actor=rita)
    happened("version:in_review", version)
    tell()

    assert told()["rita"] == ["version:in_review review"]
    assert told()["roy"] == ["version:in_review review_queue"]


def test_nobody_reviews_their_own_so_nobody_is_asked_to(rita: Account) -> None:
    happened("version:in_review", bare_version(rita))
    tell()

    assert told() == {}


@pytest.mark.parametrize("tag", ["rollout:failed", "image_build:failed", "trial:not_made", "rollout:degraded"])
def test_trouble_reaches_owner_and_operators(tag: str, vera: Account, rita: Account, otto: Account) -> None:
    happened(tag, bare_version(vera))
    tell()

    assert told() == {"vera": [f"{tag} own"], "otto": [f"{tag} operations"]}


def test_an_operator_who_owns_the_model_is_told_once(otto: Account) -> None:
    happened("rollout:failed", bare_version(otto))
    tell()

    assert told() == {"otto": ["rollout:failed own"]}


def test_watchers_hear_of_what_goes_live_and_of_what_is_retired(vera: Account, rita: Account) -> None:
    version = bare_version(vera)
    services.watch_model(registered_model=version.registered_model, account=rita)
    happened("rollout:ready", version)
    happened("version:retired", version, actor=vera)
    tell()

    assert told() == {
        "vera": ["rollout:ready own"],
        "rita": ["rollout:ready watched", "version:retired watched"],
    }


def test_who_stopped_watching_hears_nothing(vera: Account, rita: Account) -> None:
    version = bare_version(vera)
    for watching in (True, False):
        services.watch_model(registered_model=version.registered_model, account=rita, watching=watching)
    happened("rollout:ready", version)
    tell()

    assert "rita" not in told()


def test_inactive_accounts_are_left_in_peace(vera: Account) -> None:
    Account.objects.filter(pk=vera.pk).update(is_active=False)
    happened("version:approved", bare_version(vera))
    tell()

    assert Notification.objects.count() == 0


def test_what_is_switched_off_is_not_even_written(vera: Account) -> None:
    services.set_switch(account=vera, concern="own", inbox=False, mail=False)
    happened("version:approved", bare_version(vera))
    tell()

    assert (Notification.objects.count(), UntoldEvent.objects.count()) == (0, 0)


def test_a_tag_that_concerns_nobody_is_struck_off(vera: Account) -> None:
    happened("version:submitted", bare_version(vera), actor=vera)
    tell()

    assert (Notification.objects.count(), UntoldEvent.objects.count()) == (0, 0)


def test_the_number_of_those_told_costs_no_more_queries(vera: Account) -> None:
    counts = []
    version = bare_version(vera)
    for _round in range(2):
        for _more in range(5):
            make_account(groups=["reviewers"])
        event = happened("version:in_review", version)
        counts.append(queries_of(event.pk))

    assert counts[0] == counts[1]


def queries_of(event_id: int) -> int:
    with CaptureQueriesContext(connection) as captured:
        tell_concerned(event_id=event_id)
    return len(captured)


def test_every_tag_that_concerns_somebody_has_words() -> None:
    assert sorted(CIRCLES.keys() - EVENT_TEXTS.keys()) == []
