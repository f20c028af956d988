"""The table of deployments: every endpoint with its statuses and figures, sorted by any of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Q
from django.db.models.functions import Coalesce

from deployer import traffic
from deployer.models import Endpoint, Health, Rollout
from deployer.sync import Sync, health_of_endpoint, sync_of_endpoint, with_sync
from deployer.traffic import Figures, Period

ROWS = 25
WORST_FIRST = ("degraded", "missing", "unknown", "progressing", "suspended", "healthy")
SORTS = ("name", "health", "requests", "p95", "errors", "changed")
_KEYS = (
    "pk", "name", "current__health", "current__state", "changed", "newest_state", "newest_id", "unbuilt", "current_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One endpoint as the table shows it. `spark` are requests over the period in even steps."""

    endpoint: Endpoint
    health: str
    sync: Sync
    newest_id: int | None
    replicas: str
    figures: Figures
    spark: list[float]
    changed: datetime


def deployments(
    *,
    period: Period,
    now: float,
    figures: Mapping[int, Figures],
    text: str,
    sort: str,
    number: int | str | None,
    compared: bool,
) -> Page[Deployment]:
    """A page of endpoints with their `figures` of the period; three queries however many there are.

    `sort` is one of `SORTS`, after a "-" downwards.
    """
    ids: list[Any] = deployments_in_order(period=period, figures=figures, text=text, sort=sort)
    page = Paginator(ids, ROWS).get_page(number)
    shown = deployment_rows(list(page.object_list), period=period, figures=figures, now=now, compared=compared)
    page.object_list = shown
    return page


def deployments_in_order(*, period: Period, figures: Mapping[int, Figures], text: str, sort: str) -> list[int]:
    """The ids of the endpoints whose name, model or owner has the text; one query."""
    rows = with_sync(Endpoint.objects.annotate(changed=Coalesce("current__state_changed_at", "created_at")))
    if text:
        owner = Q(registered_model__owner__username__icontains=text)
        rows = rows.filter(Q(name__icontains=text) | Q(registered_model__name__icontains=text) | owner)
    none = Figures(seconds=period.seconds)
    facts = list(rows.order_by("name").values(*_KEYS))
    downwards, key = sort.startswith("-"), _key_of(sort.removeprefix("-"), figures, none)
    facts.sort(key=key, reverse=downwards)
    return [row["pk"] for row in facts]


def deployment_rows(
    ids: Sequence[int], *, period: Period, figures: Mapping[int, Figures], now: float, compared: bool
) -> list[Deployment]:
    """The rows of these endpoints, in their order; two queries."""
    none = Figures(seconds=period.seconds)
    shown = with_sync(Endpoint.objects.annotate(changed=Coalesce("current__state_changed_at", "created_at")))
    shown = shown.filter(pk__in=ids).select_related("registered_model__owner", "current__version")
    found = {endpoint.pk: endpoint for endpoint in shown}
    sparks = traffic.sparks(period, now=now, endpoint_ids=ids)
    return [_deployment(found[pk], figures.get(pk, none), sparks[pk], compared=compared) for pk in ids if pk in found]


def _deployment(endpoint: Any, figures: Figures, spark: list[float], *, compared: bool) -> Deployment:
    current: Rollout | None = endpoint.current
    if current is not None:
        current.endpoint = endpoint
    return Deployment(
        endpoint=endpoint,
        health=health_of_endpoint(current=current, newest_state=endpoint.newest_state or ""),
        sync=sync_of_endpoint(
            current=current,
            newest_id=endpoint.newest_id,
            newest_state=endpoint.newest_state or "",
            unbuilt=endpoint.unbuilt,
            compared=compared,
        ),
        newest_id=endpoint.newest_id,
        replicas="0/0" if current is None else f"{int(current.health == Health.HEALTHY)}/1",
        figures=figures,
        spark=spark,
        changed=endpoint.changed,
    )


def _key_of(sort: str, figures: Mapping[int, Figures], none: Figures) -> Callable[[Mapping[str, Any]], Any]:
    """What to sort by; what has no such figure counts as zero."""

    def figure(row: Mapping[str, Any]) -> Figures:
        return figures.get(row["pk"], none)

    def health(row: Mapping[str, Any]) -> int:
        word = row["current__health"] or ("suspended" if row["newest_state"] == "retired" else "missing")
        return WORST_FIRST.index(word)

    keys: dict[str, Callable[[Mapping[str, Any]], Any]] = {
        "health": health,
        "requests": lambda row: figure(row).requests,
        "p95": lambda row: figure(row).p95 or 0,
        "errors": lambda row: figure(row).error_percent or 0,
        "changed": lambda row: row["changed"],
    }
    return keys.get(sort, lambda row: row["name"])
