"""Accounts: what everybody may know of one, and what administrators do about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from registry import services
from registry.api.addresses import absolute
from registry.api.base import ApiView, answered
from registry.api.fields import (
    BooleanField,
    CharField,
    ChoiceField,
    DateTimeField,
    DictField,
    IntegerField,
    ListField,
    StrictSerializer,
    URLField,
)
from registry.api.operations import operation
from registry.api.paging import NEWEST_FIRST, PageQuery, page_answer, page_of, shown_page
from registry.models import Account, Scope
from registry.permissions import GROUPS, may_administer
from registry.reasons import LONGEST_REASON
from registry.selectors.people import accounts, people
from registry.selectors.profiles import account_named, profile_figures
from registry.services.rights import LARGEST_QUOTA

ADMINISTERING = {"scopes": (Scope.ADMINISTER,), "right": may_administer}


class ProfileAnswer(Serializer[Any]):
    """What an account shows to everybody."""

    username = CharField()
    display_name = CharField(allow_blank=True)
    active = BooleanField()
    joined_at = DateTimeField()
    models = IntegerField(help_text="Public ones.")
    reviews = IntegerField()
    approvals = IntegerField()
    page_url = URLField()


class AccountQuery(PageQuery):
    """Which accounts."""

    q = CharField(required=False, max_length=100, help_text="Part of a user name, display name or e-mail address.")
    right = ChoiceField(choices=list(GROUPS), required=False, help_text="Only who holds this right.")
    active = BooleanField(required=False)


class AccountAnswer(Serializer[Any]):
    """An account as administrators see it."""

    username = CharField()
    display_name = CharField(allow_blank=True)
    email = CharField(allow_blank=True)
    active = BooleanField()
    rights = ListField(child=ChoiceField(choices=list(GROUPS)))
    quota_bytes = IntegerField(allow_null=True, help_text="Null: the portal's default.")
    joined_at = DateTimeField()
    last_sign_in_at = DateTimeField(allow_null=True)
    url = URLField()
    page_url = URLField()


class ActiveBody(StrictSerializer):
    """Whether an account may be used."""

    active = BooleanField()
    reason = CharField(max_length=LONGEST_REASON, required=False, allow_blank=True, default="", help_text="Public.")


class QuotaBody(StrictSerializer):
    """How much an account may store."""

    quota_bytes = IntegerField(
        min_value=0, max_value=LARGEST_QUOTA, allow_null=True, help_text="Null: the portal's default."
    )


class StoredAnswer(Serializer[Any]):
    """How much an account stores."""

    username = CharField()
    bytes = IntegerField()


class PeopleAnswer(Serializer[Any]):
    """Accounts in figures."""

    total = IntegerField()
    active = IntegerField()
    lately = IntegerField(help_text="That signed in within 30 days.")
    by_right = DictField(child=IntegerField())
    largest = StoredAnswer(many=True)


class Profile(ApiView):
    """One account, for everybody."""

    tag = "Accounts"

    @operation(name="read_profile", summary="Read what an account shows to everybody.", answer=ProfileAnswer)
    def get(self, request: Request, username: str) -> Response:
        """The profile, also of an account that is not active any more: the record names it."""
        account = account_named(username)
        figures = profile_figures(account)
        body = {
            "username": account.username,
            "display_name": account.display_name,
            "active": account.is_active,
            "joined_at": account.date_joined,
            **{name: getattr(figures, name) for name in ("models", "reviews", "approvals")},
            "page_url": absolute(request, "registry:profile", account.username),
        }
        return answered(ProfileAnswer, body)


class AccountView(ApiView):
    """What all resources for administrators have in common."""

    tag = "Accounts"

    def _shown(self, request: Request, username: str) -> Response:
        return answered(AccountAnswer, account_rows(request, [account_named(username)])[0])


class Accounts(AccountView):
    """Every account."""

    @operation(
        name="list_accounts", summary="List accounts, newest first.", **ADMINISTERING, query=AccountQuery,
        answer=page_answer(AccountAnswer),
    )  # fmt: skip
    def get(self, request: Request, query: Mapping[str, Any]) -> Response:
        """A page of accounts."""
        found = accounts(text=query.get("q", ""), right=query.get("right", ""), active=query.get("active"))
        page = page_of(found, order=NEWEST_FIRST, cursor=query.get("cursor"), limit=query["limit"])
        shown = shown_page(request, page, lambda rows: account_rows(request, rows))
        return answered(page_answer(AccountAnswer), shown)


class OneAccount(AccountView):
    """One account."""

    @operation(name="read_account", summary="Read an account.", **ADMINISTERING, answer=AccountAnswer)
    def get(self, request: Request, username: str) -> Response:
        """The account with its rights."""
        return self._shown(request, username)


class Right(AccountView):
    """Whether an account holds a right."""

    @operation(
        name="give_right", summary="Give an account a right.", description="Nobody changes their own.",
        **ADMINISTERING, answer=AccountAnswer,
    )  # fmt: skip
    def put(self, request: Request, username: str, right: str) -> Response:
        """The account as it is afterwards; the log tells of it."""
        services.set_right(username=username, right=right, held=True, actor=self.account())
        return self._shown(request, username)

    @operation(
        name="take_right", summary="Take a right back.", description="Nobody changes their own.", **ADMINISTERING,
        answer=AccountAnswer,
    )  # fmt: skip
    def delete(self, request: Request, username: str, right: str) -> Response:
        """The account as it is afterwards; the log tells of it."""
        services.set_right(username=username, right=right, held=False, actor=self.account())
        return self._shown(request, username)


class Active(AccountView):
    """Whether an account may be used."""

    @operation(
        name="suspend_account", summary="Suspend an account, or reinstate it.",
        description="Its sessions and tokens open nothing from then on; what it published stays.", **ADMINISTERING,
        body=ActiveBody, answer=AccountAnswer,
    )  # fmt: skip
    def put(self, request: Request, username: str, given: Mapping[str, Any]) -> Response:
        """The account as it is afterwards; the log tells of it."""
        services.set_active(username=username, actor=self.account(), **given)
        return self._shown(request, username)


class Quota(AccountView):
    """How much an account may store."""

    @operation(
        name="set_quota", summary="Set an account's quota.", **ADMINISTERING, body=QuotaBody, answer=AccountAnswer
    )
    def put(self, request: Request, username: str, given: Mapping[str, Any]) -> Response:
        """The account as it is afterwards."""
        services.set_quota(username=username, actor=self.account(), **given)
        return self._shown(request, username)


class People(AccountView):
    """Accounts in figures."""

    @operation(
        name="read_people", summary="Read how many accounts there are, hold each right and store most.",
        **ADMINISTERING, answer=PeopleAnswer,
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """The figures of the operations page."""
        del request
        found = people()
        names = ("total", "active", "lately", "by_right")
        largest = [{"username": account.username, "bytes": stored} for account, stored in found.largest]
        return answered(PeopleAnswer, {**{name: getattr(found, name) for name in names}, "largest": largest})


def account_rows(request: HttpRequest, found: Iterable[Account]) -> list[dict[str, object]]:
    """Accounts with their rights."""
    return [
        {
            "username": account.username,
            "display_name": account.display_name,
            "email": account.email,
            "active": account.is_active,
            "rights": sorted(group.name for group in account.groups.all() if group.name in GROUPS),
            "quota_bytes": account.quota_bytes,
            "joined_at": account.date_joined,
            "last_sign_in_at": account.last_login,
            "url": absolute(request, "api:account", account.username),
            "page_url": absolute(request, "registry:profile", account.username),
        }
        for account in found
    ]
