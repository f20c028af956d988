from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from registry import permissions
from registry.errors import PortalError, UnauthenticatedError
from registry.models import Account, ApiToken, Event, Scope
from registry.services import create_token, revoke_token, use_token
from tests.factories import make_account, make_draft, make_model

pytestmark = pytest.mark.django_db
MONTH = timedelta(days=30)


def made(account: Account, *scopes: str, name: str = "bot", lifetime: timedelta = MONTH) -> tuple[ApiToken, str]:
    return create_token(actor=account, name=name, scopes=scopes, lifetime=lifetime)


def code_of(secret: str) -> str:
    with pytest.raises(UnauthenticatedError) as caught:
        use_token(secret=secret)
    return caught.value.code


class TestCreating:
    def test_it_opens_the_account_and_reads_at_least(self) -> None:
        account = make_account()
        token, secret = made(account)

        found, used = use_token(secret=secret)

        assert (found, used) == (account, token)
        assert found.token_scopes == frozenset({"read"})
        assert timezone.now() < token.expires_at <= timezone.now() + MONTH

    def test_only_a_digest_is_stored(self) -> None:
        _token, secret = made(make_account())

        row = ApiToken.objects.values().get()
        assert secret not in str(row)
        assert secret.removeprefix(row["hint"]) not in str(row)

    def test_it_is_an_event_that_is_not_public(self) -> None:
        account = make_account()
        token, secret = made(account, Scope.SUBMIT, name="nightly")
        revoke_token(token_id=token.pk, actor=account)
        revoke_token(token_id=token.pk, actor=account)

        events = list(Event.objects.order_by("pk").values_list("tag", "public", "actor", "reason"))
        assert events == [
            ("token:created", False, account.pk, "nightly (read, submit)"),
            ("token:revoked", False, account.pk, "nightly (read, submit)"),
        ]
        assert not Event.objects.filter(reason__contains=secret[12:]).exists()

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"name": " "}, "token.name_needed"),
            ({"name": "a\0b"}, "token.name_needed"),
            ({"scopes": ["everything"]}, "token.unknown_scope"),
            ({"scopes": ["review"]}, "token.scope_not_yours"),
            ({"scopes": ["operate", "submit"]}, "token.scope_not_yours"),
            ({"lifetime": timedelta()}, "token.lifetime"),
            ({"lifetime": timedelta(days=366)}, "token.lifetime"),
            ({"name": "taken"}, "token.name_taken"),
        ],
    )
    def test_refusals(self, change: dict[str, Any], code: str) -> None:
        account = make_account()
        made(account, name="taken")

        with pytest.raises(PortalError) as caught:
            create_token(**{"actor": account, "name": "bot", "scopes": [], "lifetime": MONTH, **change})

        assert caught.value.code == code
        assert account.api_tokens.count() == 1

    def test_no_account_holds_more_than_fifty(self) -> None:
        account = make_account()
        for number in range(50):
            made(account, name=f"bot {number}")

        with pytest.raises(PortalError, match=r"token\.too_many"):
            made(account)

    def test_the_name_is_free_again_after_the_revocation(self) -> None:
        account = make_account()
        token, _secret = made(account)
        revoke_token(token_id=token.pk, actor=account)

        made(account)

        assert account.api_tokens.count() == 2


class TestUsing:
    def test_refused_once_revoked_expired_or_inactive(self) -> None:
        account = make_account()
        token, secret = made(account)
        ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now())
        assert code_of(secret) == "token.expired"
        revoke_token(token_id=token.pk, actor=account)
        assert code_of(secret) == "token.revoked"

        _other, second = made(account)
        Account.objects.filter(pk=account.pk).update(is_active=False)
        assert code_of(second) == "token.inactive_account"

    def test_what_nobody_made_is_refused(self) -> None:
        _token, secret = made(make_account())
        ApiToken.objects.all().delete()

        assert code_of(secret) == "token.not_known"
        with CaptureQueriesContext(
            connection,
        ) as asked:
            assert code_of("mcpat_guess") == "token.malformed"
        assert len(asked) == 0

    def test_its_use_is_noted_now_and_then(self) -> None:
        token, secret = made(make_account())
        use_token(secret=secret)
        token.refresh_from_db()
        first = token.last_used_at
        assert first is not None

        with CaptureQueriesContext(connection) as again:
            use_token(secret=secret)
        assert len(again) == 1
        ApiToken.objects.update(last_used_at=first - timedelta(minutes=6))
        use_token(secret=secret)
        token.refresh_from_db()
        assert token.last_used_at is not None
        assert token.last_used_at >= first

    def test_others_cannot_revoke_it(self) -> None:
        token, secret = made(make_account())

        with pytest.raises(PortalError, match=r"token\.unknown"):
            revoke_token(token_id=token.pk, actor=make_account())

        assert use_token(secret=secret)[1] == token


RIGHTS = ("may_submit", "may_review", "may_operate", "may_administer")


class TestRights:
    """A token never gives more than its scopes, nor more than its account holds."""

    @pytest.mark.parametrize(
        ("scopes", "held"),
        [
            ((), set()),
            (("submit",), {"may_submit"}),
            (("review",), {"may_review"}),
            (("operate",), {"may_operate"}),
            (("submit", "review", "operate"), {"may_submit", "may_review", "may_operate"}),
        ],
    )
    def test_scopes_narrow_the_rights(self, scopes: tuple[str, ...], held: set[str]) -> None:
        account = make_account(groups=["reviewers", "operators", "administrators"])
        _token, secret = made(account, *scopes)

        user, _ = use_token(secret=secret)

        assert {right for right in RIGHTS if getattr(permissions, right)(user)} == held
        assert all(getattr(permissions, right)(account) for right in RIGHTS), "who signed in keeps all"

    def test_a_right_that_was_taken_back_is_gone(self) -> None:
        account = make_account(groups=["reviewers"])
        _token, secret = made(account, "review")
        account.groups.clear()

        assert not permissions.may_review(use_token(secret=secret)[0])

    def test_what_is_ones_own_needs_the_scope_as_well(self) -> None:
        account = make_account(groups=["reviewers"])
        draft = make_draft(make_model(account), files={})
        reader, _ = use_token(secret=made(account, name="reader")[1])
        bot, _ = use_token(secret=made(account, "submit", name="bot")[1])

        for right in (permissions.may_edit_version, permissions.may_retry, permissions.may_retire):
            assert (right(reader, draft), right(bot, draft)) == (False, True), right.__name__
        assert permissions.may_see_version(reader, draft)
        assert not permissions.may_edit_model(reader, draft.registered_model)
