"""Pages by cursor: a cursor names the row that a page begins after, so that rows which come or go shift nothing."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from rest_framework.serializers import Serializer

from registry.api.addresses import site_address
from registry.api.fields import CharField, IntegerField, StrictSerializer
from registry.errors import UserError

USUAL_SIZE, LARGEST_SIZE = 25, 100
LONGEST_CURSOR = 200
TEXTS = frozenset({"name"})
"""Columns of text that lists are ordered by."""
_SMALLEST, _LARGEST = -(2**63), 2**63 - 1


class PageQuery(StrictSerializer):
    """Where in a list to begin and how much of it to take."""

    cursor = CharField(
        required=False, max_length=LONGEST_CURSOR, help_text="From “next” or “previous” of another page."
    )
    limit = IntegerField(
        required=False, min_value=1, max_value=LARGEST_SIZE, default=USUAL_SIZE, help_text="Rows on one page."
    )


@dataclass(frozen=True, slots=True)
class Order:
    """Columns that together tell any two rows apart; `descending` for all of them."""

    columns: tuple[str, ...]
    descending: bool = True


NEWEST_FIRST = Order(("pk",))
_PLACED = Order(("pk", "place"))


@dataclass(frozen=True, slots=True, kw_only=True)
class CursorPage:
    """Rows, and the cursors of the pages before and behind; None where there is none."""

    rows: list[Any]
    next: str | None
    previous: str | None


def page_of(rows: QuerySet[Any], *, order: Order, cursor: str | None, limit: int) -> CursorPage:
    """One page, in one query."""
    backwards, values = _decode(cursor, order) if cursor else (False, None)
    falling = order.descending != backwards
    if values is not None:
        rows = rows.filter(_beyond(order.columns, values, falling=falling))
    ordered = rows.order_by(*(f"-{column}" if falling else column for column in order.columns))
    found = list(ordered[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    if backwards:
        found.reverse()
    behind = more if not backwards else True
    before = values is not None if not backwards else more
    return CursorPage(
        rows=found,
        next=_encode(found[-1], order, "n") if found and behind else None,
        previous=_encode(found[0], order, "p") if found and before else None,
    )


def page_of_ids(ids: Sequence[int], *, cursor: str | None, limit: int) -> CursorPage:
    """One page of a list whose order no column tells; its rows are ids. Of a row that has gone the place counts."""
    backwards, values = _decode(cursor, _PLACED) if cursor else (False, None)
    begin = 0
    if values is not None:
        row, place = (int(str(value)) for value in values)
        is_there = row in ids
        place = ids.index(row) if is_there else max(0, place)
        begin = max(0, place - limit) if backwards else place + is_there
        limit = place - begin if backwards else limit
    found = list(ids[begin : begin + limit])
    end = begin + len(found)
    return CursorPage(
        rows=found,
        next=_cursor([found[-1], end - 1], "n") if found and end < len(ids) else None,
        previous=_cursor([found[0], begin], "p") if found and begin > 0 else None,
    )


@cache
def page_answer(row: type[Serializer[Any]]) -> type[Serializer[Any]]:
    """The serializer of a page of such rows."""
    name = row.__name__.removesuffix("Answer")
    doc = "One page of a list; follow “next” until it is null."
    fields = {
        "items": row(many=True),
        "next": CharField(allow_null=True, help_text="The address of the page, or null."),
        "previous": CharField(allow_null=True, help_text="The address of the page, or null."),
    }
    return type(f"{name}PageAnswer", (Serializer,), {"__doc__": doc, **fields})


def shown_page(
    request: HttpRequest, page: CursorPage, show: Callable[[Sequence[Any]], Iterable[Any]]
) -> dict[str, object]:
    """A page as its serializer takes it."""
    return {
        "items": list(show(page.rows)),
        "next": _address(request, page.next),
        "previous": _address(request, page.previous),
    }


def _address(request: HttpRequest, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    asked = request.GET.copy()
    asked["cursor"] = cursor
    return site_address(request, f"{request.path}?{asked.urlencode()}")


def _beyond(columns: Sequence[str], values: Sequence[object], *, falling: bool) -> Q:
    """Rows that come later in the order: (a, b) < (x, y) in SQL that every database has."""
    lookup, found, same = ("lt" if falling else "gt"), Q(), Q()
    for column, value in zip(columns, values, strict=True):
        found |= same & Q(**{f"{column}__{lookup}": value})
        same &= Q(**{column: value})
    return found


def _encode(row: Model, order: Order, direction: str) -> str:
    values = [getattr(row, column) for column in order.columns]
    plain = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return _cursor(plain, direction)


def _cursor(values: Sequence[object], direction: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([direction, *values]).encode()).decode().rstrip("=")


def _decode(cursor: str, order: Order) -> tuple[bool, list[object]]:
    try:
        document = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        direction, *values = document
        return {"n": False, "p": True}[direction], [
            _value(column, value) for column, value in zip(order.columns, values, strict=True)
        ]
    except (ValueError, TypeError, OverflowError, RecursionError, LookupError, binascii.Error):
        raise UserError("api.bad_cursor", field="cursor") from None


def _value(column: str, value: object) -> object:
    if column.endswith("_at"):
        moment = datetime.fromisoformat(str(value))
        if moment.tzinfo is None:
            raise ValueError(value)
        return moment.astimezone(UTC)
    if column in TEXTS:
        if not isinstance(value, str) or not value.isprintable():
            raise ValueError(value)
        return value
    if isinstance(value, bool) or not isinstance(value, int) or not _SMALLEST <= value <= _LARGEST:
        raise ValueError(value)
    return value
