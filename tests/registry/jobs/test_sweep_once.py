"""Periodic work is done once, however many workers there are (row 23)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from registry.jobs import sweep
from registry.models import Lease
from tests.at_once import at_once

pytestmark = pytest.mark.django_db(transaction=True)
HOLDERS = ("a", "b", "c")


@pytest.mark.parametrize("periods", [10, pytest.param(50, marks=pytest.mark.long)])
def test_three_at_once_do_each_period_once(periods: int, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.SWEEP_SECONDS = 600  # no lease ends because the machine is busy
    done: list[int] = []

    def effect() -> tuple[int, ...]:
        done.append(1)
        return ()

    monkeypatch.setattr(sweep, "_SWEEPERS", [effect])
    for period in range(periods):
        # The lease of the last period is over for everybody, as after the death of its holder.
        Lease.objects.update(until=timezone.now() - timedelta(seconds=1), holder=f"gone-{period}")

        outcomes = at_once(*(lambda name=name: sweep.sweep_once(holder=name) for name in HOLDERS))

        assert not [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        assert len(done) == period + 1


def test_the_holder_keeps_the_lease_and_others_leave_it_alone(settings: Any) -> None:
    settings.SWEEP_SECONDS = 60
    assert sweep.take_lease(holder="a")

    assert [sweep.take_lease(holder=name) for name in ("b", "a", "c", "a")] == [False, True, False, True]
