"""How to cite a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from registry import selectors
from registry.api.addresses import absolute
from registry.api.base import ApiView, answered
from registry.api.fields import CharField, IntegerField, StrictSerializer
from registry.api.operations import operation
from registry.backends import serving_directory
from registry.citation import cite


class CitationQuery(StrictSerializer):
    """Which version."""

    version = IntegerField(
        required=False, min_value=1, max_value=2**31, help_text="Its number; else the version that its page shows."
    )


class CitationAnswer(Serializer[Any]):
    """How to cite one version of a model."""

    version = IntegerField(help_text="Its number.")
    text = CharField()
    bibtex = CharField()


class Citation(ApiView):
    """The citation of a version."""

    tag = "Models"

    @operation(
        name="read_citation", summary="Read how to cite a model.", query=CitationQuery, answer=CitationAnswer,
    )  # fmt: skip
    def get(self, request: Request, owner: str, name: str, query: Mapping[str, Any]) -> Response:
        """In words and for a bibliography."""
        model = selectors.model_named(user=request.user, owner=owner, name=name)
        if "version" in query:
            version = selectors.version_numbered(registered_model=model, number=query["version"], user=request.user)
        else:
            live = serving_directory().live_version(model.pk)
            version = selectors.version_to_show(registered_model=model, user=request.user, live=live)
        url = absolute(request, "registry:version", owner, name, version.number)
        return answered(
            CitationAnswer, {"version": version.number, **cite(version, url=url, publisher=settings.SITE_NAME)}
        )
