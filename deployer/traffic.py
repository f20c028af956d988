"""The reads of request figures: by slots of time, by endpoint, by version. Each is one query, whatever the number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Max, QuerySet, Sum
from django.db.models.expressions import CombinedExpression
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from deployer.latency import quantile_ms
from deployer.models import Endpoint, RequestFigures
from deployer.services.figures import COUNT_COLUMNS, DAY, HOUR, LATENCY_COLUMNS, MINUTE, QUARTER

SHORTEST_SECONDS = 30
SPARK_SLOTS = 24
_SUMS = {f"sum_{name}": Sum(name) for name in COUNT_COLUMNS}
_SPANS = (MINUTE, QUARTER, HOUR)  # every row's; named so that the index by span and moment serves


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A stretch of time up to now in slots of `step` seconds, at most 100 of them."""

    name: str
    label: Promise | str
    seconds: int
    step: int

    def first(self, now: float) -> int:
        """Where the oldest slot begins, in epoch seconds; the newest one is that of this very moment."""
        return int(now) // self.step * self.step - self.seconds + self.step

    def slots(self, now: float) -> range:
        """Where each slot begins."""
        return range(self.first(now), self.first(now) + self.seconds, self.step)


PERIODS = {
    period.name: period
    for period in (
        Period(name="hour", label=_("Last hour"), seconds=HOUR, step=MINUTE),
        Period(name="day", label=_("Last 24 hours"), seconds=DAY, step=QUARTER),
        Period(name="week", label=_("Last 7 days"), seconds=7 * DAY, step=2 * HOUR),
    )
}
LAST_DAY = PERIODS["day"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Requests of some stretch of `seconds`: how many, how they ended, how long they took (ms)."""

    requests: int = 0
    refused: int = 0
    failed: int = 0
    latencies: tuple[int, ...] = ()
    seconds: int

    @property
    def per_second(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    @property
    def error_percent(self) -> float | None:
        """The share of answers of 5xx, in percent; None without requests. What a client did wrong is not counted."""
        return 100 * self.failed / self.requests if self.requests else None

    @property
    def p50(self) -> float | None:
        """The median latency."""
        return quantile_ms(self.latencies, 0.5)

    @property
    def p95(self) -> float | None:
        """The latency that 95 % of the requests did not exceed."""
        return quantile_ms(self.latencies, 0.95)

    @property
    def p99(self) -> float | None:
        """The latency that 99 % of the requests did not exceed."""
        return quantile_ms(self.latencies, 0.99)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One slot of a series, from `at` (epoch seconds)."""

    at: int
    figures: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionFigures:
    """What one version answered; `number` is 0 where none did. `last_at` begins the newest span that knows it."""

    number: int
    last_at: int
    figures: Figures


def in_all(period: Period, *, now: float, endpoint: Endpoint | None = None, back: int = 0) -> Figures:
    """All requests of the period, or of the one `back` seconds earlier."""
    rows = _rows(period, now - back, endpoint).filter(at__lt=int(now) - back + 1)
    return _figures(rows.aggregate(**_SUMS), _elapsed(period, now))


def by_slot(period: Period, *, now: float, endpoint: Endpoint | None = None) -> list[Slot]:
    """The period slot by slot, oldest first; the slot of this moment counts by the seconds that have passed."""
    rows = _rows(period, now, endpoint).order_by().values(slot=_slot(period.first(now), period.step))
    found = {row["slot"]: row for row in rows.annotate(**_SUMS)}
    return [
        Slot(at=at, figures=_figures(found.get(at, {}), max(min(period.step, int(now) - at), SHORTEST_SECONDS)))
        for at in period.slots(now)
    ]


def by_endpoint(period: Period, *, now: float) -> Mapping[int, Figures]:
    """The figures of every endpoint that was asked in the period."""
    grouped = _rows(period, now, None).order_by().values("endpoint_id").annotate(**_SUMS)
    return {row["endpoint_id"]: _figures(row, _elapsed(period, now)) for row in grouped}


def together(each: Iterable[Figures], *, period: Period, now: float) -> Figures:
    """What `in_all` would tell of the same period, from the figures of all endpoints."""
    rows = list(each)
    return Figures(
        requests=sum(row.requests for row in rows),
        refused=sum(row.refused for row in rows),
        failed=sum(row.failed for row in rows),
        latencies=tuple(map(sum, zip(*(row.latencies for row in rows), strict=True))),
        seconds=_elapsed(period, now),
    )


def by_version(period: Period, *, now: float, endpoint: Endpoint) -> list[VersionFigures]:
    """Which versions of an endpoint answered in the period, the newest first."""
    grouped = _rows(period, now, endpoint).order_by().values("version_number")
    return [
        VersionFigures(
            number=row["version_number"], last_at=row["last_at"], figures=_figures(row, _elapsed(period, now))
        )
        for row in grouped.annotate(last_at=Max("at"), **_SUMS).order_by("-version_number")
    ]


def sparks(period: Period, *, now: float, endpoint_ids: Sequence[int]) -> Mapping[int, list[float]]:
    """Requests of some endpoints in `SPARK_SLOTS` even steps over the period."""
    step = max(period.seconds // SPARK_SLOTS, period.step)
    first = period.first(now)
    rows = _rows(period, now, None).filter(endpoint__in=endpoint_ids).order_by()
    lines = {pk: [0.0] * SPARK_SLOTS for pk in endpoint_ids}
    for row in rows.values("endpoint_id", slot=_slot(first, step)).annotate(total=Sum("requests")):
        lines[row["endpoint_id"]][min((row["slot"] - first) // step, SPARK_SLOTS - 1)] += row["total"]
    return lines


def _rows(period: Period, now: float, endpoint: Endpoint | None) -> QuerySet[RequestFigures]:
    rows = RequestFigures.objects.filter(at__gte=period.first(now), seconds__in=_SPANS)
    return rows if endpoint is None else rows.filter(endpoint=endpoint)


def _slot(first: int, step: int) -> CombinedExpression:
    """Where the slot of a row begins."""
    return F("at") - (F("at") - first) % step


def _elapsed(period: Period, now: float) -> int:
    return int(now) - period.first(now) or 1


def _figures(row: Mapping[str, Any], seconds: int) -> Figures:
    return Figures(
        requests=row.get("sum_requests") or 0,
        refused=row.get("sum_refused") or 0,
        failed=row.get("sum_failed") or 0,
        latencies=tuple(row.get(f"sum_{name}") or 0 for name in LATENCY_COLUMNS),
        seconds=seconds,
    )
