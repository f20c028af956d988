"""Who one is here: rights, quota, and the token that is being used."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from registry.api.base import ApiView, answered
from registry.api.fields import BooleanField, CharField, DateTimeField, IntegerField, ListField
from registry.api.operations import operation
from registry.models import ApiToken, Scope
from registry.permissions import may_operate, may_review, may_submit
from registry.uploads.admission import quota_of, used_bytes


class RightsAnswer(Serializer[Any]):
    """What one may do with this token or session."""

    submit = BooleanField()
    review = BooleanField()
    operate = BooleanField()


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
    rights = RightsAnswer()
    quota_bytes = IntegerField()
    used_bytes = IntegerField(help_text="Files and unfinished uploads together.")
    token = TokenAnswer(allow_null=True)


class Me(ApiView):
    """The account."""

    tag = "Account"

    @operation(name="read_me", summary="Read your account: rights, quota, token.", scopes=tuple(Scope), answer=MeAnswer)
    def get(self, request: Request) -> Response:
        """The account."""
        account = self.account()
        token = request.auth if isinstance(request.auth, ApiToken) else None
        rights = {"submit": may_submit, "review": may_review, "operate": may_operate}
        body = {
            "username": account.username,
            "display_name": account.display_name,
            "rights": {name: right(account) for name, right in rights.items()},
            "quota_bytes": quota_of(account),
            "used_bytes": used_bytes(account),
            "token": token,
        }
        return answered(MeAnswer, body)
