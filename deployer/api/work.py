"""What builds and rollouts share: lists, details, and who may repeat a step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from registry.api.base import answered
from registry.api.paging import NEWEST_FIRST, page_answer, page_of, shown_page
from registry.models import Scope

OWNER_OR_OPERATOR = {"scopes": (Scope.SUBMIT, Scope.OPERATE)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A kind of work: how one of it is found, and how it is shown in short and whole."""

    by_id: Callable[[int], Any]
    answer: type[Serializer[Any]]
    detail: type[Serializer[Any]]
    row: Callable[[HttpRequest, Any], dict[str, object]]
    whole: Callable[[HttpRequest, Any], dict[str, object]]

    def listed(self, request: Request, rows: QuerySet[Any], query: Mapping[str, Any]) -> Response:
        """A page of it, newest first."""
        page = page_of(rows, order=NEWEST_FIRST, cursor=query.get("cursor"), limit=query["limit"])
        shown = shown_page(request, page, lambda found: [self.row(request, each) for each in found])
        return answered(page_answer(self.answer), shown)

    def shown(self, request: Request, pk: int) -> Response:
        """One of it, as it is now."""
        return answered(self.detail, self.whole(request, self.by_id(pk)))
