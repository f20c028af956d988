"""What would become of a name for a new model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from registry.api.base import ApiView, answered
from registry.api.fields import CharField, ChoiceField, StrictSerializer
from registry.api.operations import operation
from registry.models import Scope
from registry.names import NAME_PATTERN
from registry.permissions import may_submit
from registry.selectors import name_offer


class NameQuery(StrictSerializer):
    """A name, as it is typed."""

    name = CharField(required=False, max_length=200, allow_blank=True, default="")


class NameAnswer(Serializer[Any]):
    """Whether you may give a new model this name."""

    name = CharField(allow_blank=True)
    state = ChoiceField(choices=["empty", "free", "taken", "bad"], help_text="“bad”: it does not follow the rules.")
    model = CharField(allow_null=True, help_text="What the model would be called, as “owner/name”; null unless free.")
    suggestion = CharField(allow_blank=True, help_text="A name of the same letters that is free, if there is one.")
    pattern = CharField(help_text="The rules for names, as a regular expression.")


class NameCheck(ApiView):
    """A name that nothing has yet."""

    tag = "Models"

    @operation(
        name="check_name", summary="Ask whether a new model of yours may have a name.", scopes=(Scope.SUBMIT,),
        right=may_submit, query=NameQuery, answer=NameAnswer,
    )  # fmt: skip
    def get(self, request: Request, query: Mapping[str, Any]) -> Response:
        """What would become of it; nothing is reserved."""
        del request
        account = self.account()
        offer = name_offer(account, query["name"])
        body = {
            "name": offer.name,
            "state": offer.state,
            "model": f"{account.username}/{offer.name}" if offer.state == "free" else None,
            "suggestion": offer.suggestion,
            "pattern": NAME_PATTERN,
        }
        return answered(NameAnswer, body)
