from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from registry.models import Account, Event
from registry.permissions import may_administer
from tests.factories import make_account

pytestmark = pytest.mark.django_db


def test_a_right_is_given_once_and_taken_back() -> None:
    make_account("ada")
    for _time in range(2):
        call_command("grant_right", "ada", "administrators")
    assert may_administer(Account.objects.get(username="ada"))
    call_command("grant_right", "ada", "administrators", "--revoke")
    assert not may_administer(Account.objects.get(username="ada"))
    assert [event.tag for event in Event.objects.order_by("pk")] == ["account:right_given", "account:right_taken"]


def test_an_unknown_account_is_named() -> None:
    with pytest.raises(CommandError, match="nobody"):
        call_command("grant_right", "nobody", "reviewers")
