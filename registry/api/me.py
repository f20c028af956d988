"""Who one is here: rights, quota, and the token that is being used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import transaction
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from registry import services
from registry.api.base import ApiView, answered
from registry.api.fields import (
    BooleanField,
    CharField,
    DateTimeField,
    IntegerField,
    ListField,
    StrictSerializer,
)
from registry.api.operations import operation
from registry.models import ApiToken, Scope
from registry.permissions import may_administer, may_operate, may_review, may_submit
from registry.services.preferences import DISPLAY_NAME_LENGTH
from registry.uploads.admission import quota_of, used_bytes

ANY_ACT = (Scope.SUBMIT, Scope.REVIEW, Scope.OPERATE, Scope.ADMINISTER)


class RightsAnswer(Serializer[Any]):
    """What one may do with this token or session."""

    submit = BooleanField()
    review = BooleanField()
    operate = BooleanField()
    administer = BooleanField()


class TokenAnswer(Serializer[Any]):
    """The token that this request came with."""

    name = CharField()
    hint = CharField(help_text="Its first characters.")
    scopes = ListField(child=CharField())
    expires_at = DateTimeField()


class MeAnswer(Serializer[Any]):
    """The account."""

    username = CharField()
    display_name = CharField(allow_blank=True)
    language = CharField(allow_blank=True, help_text="Of pages and mail; empty: as the browser asks.")
    keyboard_shortcuts = BooleanField(help_text="Whether single keys act on the review desk.")
    rights = RightsAnswer()
    quota_bytes = IntegerField()
    used_bytes = IntegerField(
        help_text="Files, unfinished uploads, and what was removed but still lies in the store, together."
    )
    token = TokenAnswer(allow_null=True)


class MeBody(StrictSerializer):
    """What people choose for themselves; only what is given changes."""

    display_name = CharField(max_length=DISPLAY_NAME_LENGTH, required=False, allow_blank=True)
    language = CharField(
        max_length=16, required=False, allow_blank=True,
        help_text=f"One of {', '.join(code for code, _name in settings.LANGUAGES)}; empty: as the browser asks.",
    )  # fmt: skip
    keyboard_shortcuts = BooleanField(required=False)


class Me(ApiView):
    """The account."""

    tag = "Account"

    @operation(name="read_me", summary="Read your account: rights, quota, token.", scopes=tuple(Scope), answer=MeAnswer)
    def get(self, request: Request) -> Response:
        """The account."""
        return self._shown(request)

    @operation(
        name="change_me", summary="Change your display name, language or keyboard shortcuts.", scopes=ANY_ACT,
        body=MeBody, answer=MeAnswer,
    )  # fmt: skip
    def patch(self, request: Request, given: Mapping[str, Any]) -> Response:
        """The account as it is afterwards."""
        account = self.account()
        with transaction.atomic():  # a refusal of one changes none
            if "display_name" in given:
                services.choose_display_name(account=account, name=given["display_name"])
            if "language" in given:
                services.choose_language(account=account, language=given["language"])
            if "keyboard_shortcuts" in given:
                services.set_keyboard_shortcuts(account=account, enabled=given["keyboard_shortcuts"])
        account.refresh_from_db(fields=["display_name", "language", "keyboard_shortcuts"])
        return self._shown(request)

    def _shown(self, request: Request) -> Response:
        account = self.account()
        token = request.auth if isinstance(request.auth, ApiToken) else None
        rights = {"submit": may_submit, "review": may_review, "operate": may_operate, "administer": may_administer}
        body = {
            "username": account.username,
            "display_name": account.display_name,
            "language": account.language,
            "keyboard_shortcuts": account.keyboard_shortcuts,
            "rights": {name: right(account) for name, right in rights.items()},
            "quota_bytes": quota_of(account),
            "used_bytes": used_bytes(account),
            "token": token,
        }
        return answered(MeAnswer, body)
