"""How a card would look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from registry.api.base import ApiView, answered
from registry.api.fields import CharField, StrictSerializer
from registry.api.idempotency import Repetition
from registry.api.operations import operation
from registry.cards import render_card
from registry.models import Scope
from registry.permissions import may_submit


class CardBody(StrictSerializer):
    """A card."""

    card = CharField(trim_whitespace=False, allow_blank=True, max_length=20_000, help_text="Markdown with a YAML head.")


class PreviewAnswer(Serializer[Any]):
    """The card as its page would show it."""

    html = CharField(allow_blank=True, trim_whitespace=False, help_text="Safe HTML, without the head.")


class CardPreview(ApiView):
    """A card that is stored nowhere."""

    tag = "Versions"

    @operation(
        name="preview_card", summary="Render a card without storing it.", scopes=(Scope.SUBMIT,), right=may_submit,
        body=CardBody, answer=PreviewAnswer, repetition=Repetition.SAFE,
    )  # fmt: skip
    def post(self, request: Request, given: Mapping[str, Any]) -> Response:
        """Its HTML; 400 for a head that cannot be read."""
        del request
        return answered(PreviewAnswer, {"html": render_card(given["card"])})
