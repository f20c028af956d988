"""Old rows go by themselves, and only those that nobody asks for any more."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from registry.events import record_event
from registry.jobs import sweep
from registry.models import Account, IdempotencyKey, Notification
from registry.services import clearing
from registry.services.idempotency import claim_key
from tests.factories import make_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> Account:
    return make_account("ada")


def age(rows: Any, **fields: Any) -> None:
    rows.update(**{name: timezone.now() - past for name, past in fields.items()})


class TestKeys:
    def test_they_live_as_long_as_the_setting_says(self, ada: Account, settings: Any) -> None:
        settings.IDEMPOTENCY_HOURS = 2
        claim_key(account=ada, key="k", fingerprint="f")

        kept = IdempotencyKey.objects.get()
        assert abs(kept.expires_at - timezone.now() - timedelta(hours=2)) < timedelta(minutes=1)

    def test_the_sweep_forgets_expired_ones(self, ada: Account) -> None:
        for key in ("old", "new"):
            claim_key(account=ada, key=key, fingerprint="f")
        age(IdempotencyKey.objects.filter(key="old"), expires_at=timedelta(seconds=1))

        sweep.sweep_once(holder="a")

        assert [row.key for row in IdempotencyKey.objects.all()] == ["new"]

    def test_a_round_forgets_only_so_many(self, ada: Account, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(clearing, "AT_ONCE", 2)
        for number in range(3):
            claim_key(account=ada, key=str(number), fingerprint="f")
        age(IdempotencyKey.objects.all(), expires_at=timedelta(seconds=1))

        assert clearing.clear_expired_keys() == ()
        assert IdempotencyKey.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "kept"),
    [
        ({"read_at": timezone.now()}, False),
        ({"in_inbox": False}, False),
        ({}, True),
        ({"read_at": timezone.now(), "mail_due": True}, True),
    ],
    ids=["read", "for mail alone", "unread", "still to be mailed"],
)
def test_the_sweep_forgets_old_news_that_was_read(
    ada: Account,
    settings: Any,
    fields: dict[str, Any],
    kept: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    settings.NOTIFICATION_DAYS = 30
    events = [record_event(tag="version:approved", subject="version:1", actor=None) for _ in range(2)]
    old, young = (Notification.objects.create(account=ada, event=event, concern="own", **fields) for event in events)
    age(Notification.objects.filter(pk=old.pk), created_at=timedelta(days=31))
    age(Notification.objects.filter(pk=young.pk), created_at=timedelta(days=29))

    clearing.clear_old_notifications()

    left = set(Notification.objects.values_list("pk", flat=True))
    assert left == ({old.pk, young.pk} if kept else {young.pk})
