from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.test import Client

from registry import services
from registry.errors import ForbiddenError, NotFoundError
from registry.models import Account, Event
from registry.permissions import may_administer
from tests.api.client import client_of
from tests.factories import PASSWORD, make_account

pytestmark = pytest.mark.django_db


def test_a_right_is_given_once_and_taken_back() -> None:
    make_account("ada")
    for _time in range(2):
        call_command("grant_right", "ada", "administrators")
    assert may_administer(Account.objects.get(username="ada"))
    call_command("grant_right", "ada", "administrators", "--revoke")
    assert not may_administer(Account.objects.get(username="ada"))
    assert [event.tag for event in Event.objects.order_by("pk")] == ["account:right_given", "account:right_taken"]


class TestByAdministrators:
    @pytest.fixture
    def ada(self) -> Account:
        return make_account("ada", groups=["administrators"], is_staff=True)

    def change(self, ada: Account, account: Account, **fields: Any) -> None:
        web = Client()
        web.force_login(ada)
        values = {"display_name": "", "email": "", "is_active": "on", "quota_bytes": "", **fields}
        values["groups"] = [str(Group.objects.get_or_create(name=name)[0].pk) for name in fields.get("groups", ())]
        answer = web.post(f"/admin/registry/account/{account.pk}/change/", values)
        assert answer.status_code == 302, answer.content.decode()

    def test_the_admin_s_form_goes_through_the_services(self, ada: Account) -> None:
        bob = make_account("bob", groups=["operators"])

        self.change(ada, bob, groups=["reviewers"], quota_bytes="7", display_name="Bob")
        self.change(ada, bob, groups=["reviewers"], is_active="", quota_bytes="7")

        events = Event.objects.order_by("pk").values_list("tag", "actor__username", "reason", "public")
        assert list(events) == [
            ("account:quota_set", "ada", "bob: 7", False),
            ("account:right_given", "ada", "bob: reviewers", True),
            ("account:right_taken", "ada", "bob: operators", True),
            ("account:suspended", "ada", "bob", True),
        ]
        bob.refresh_from_db()
        assert (bob.is_active, bob.quota_bytes, bob.display_name) == (False, 7, "")

    def test_nobody_sets_another_s_password_or_address(self, ada: Account) -> None:
        bob = make_account("bob", email="bob@example.org")
        before, web = bob.password, Client()
        web.force_login(ada)

        page = web.get(f"/admin/registry/account/{bob.pk}/change/").content.decode()
        for path in (f"{bob.pk}/password/", f"{bob.pk}/change/../password/"):
            web.post(f"/admin/registry/account/{path}", {"password1": PASSWORD + "x", "password2": PASSWORD + "x"})
        self.change(ada, bob, email="ada@example.org", password="x")

        bob.refresh_from_db()
        assert (bob.password, bob.email) == (before, "bob@example.org")
        assert "password/" not in page.partition("<main")[2]
        assert 'name="email"' not in page

    def test_nobody_changes_their_own_rights(self, ada: Account) -> None:
        self.change(ada, ada, display_name="Ada L.", groups=["reviewers", "administrators"], quota_bytes="1")

        ada.refresh_from_db()
        assert (ada.display_name, ada.quota_bytes, ada.groups.count()) == ("Ada L.", None, 1)
        for act in (
            partial(services.set_right, right="reviewers", held=True),
            partial(services.set_active, active=False),
            partial(services.set_quota, quota_bytes=1),
        ):
            with pytest.raises(ForbiddenError, match="own_rights"):
                act(username="ada", actor=ada)

    @pytest.mark.usefixtures("ada")
    def test_others_change_nobody_s(self) -> None:
        with pytest.raises(ForbiddenError, match="may_administer"):
            services.set_active(username="ada", active=False, actor=make_account(groups=["operators"]))
        with pytest.raises(NotFoundError, match="unknown_right"):
            services.set_right(username="ada", right="kings", held=True)

    def test_a_suspended_account_is_shut_out_at_once(self, ada: Account) -> None:
        bob = make_account("bob")
        program, web = client_of(bob), Client()
        web.force_login(bob)

        services.set_active(username="bob", active=False, actor=ada, reason="Spam.")

        assert program.get("me/").status_code == 401
        assert web.get("/notifications/").status_code == 302
        assert Event.objects.get(tag="account:suspended").reason == "bob: Spam."
        services.set_active(username="bob", active=True, actor=ada)
        assert program.get("me/").status_code == 200


def test_an_unknown_account_is_named() -> None:
    with pytest.raises(CommandError, match="nobody"):
        call_command("grant_right", "nobody", "reviewers")
