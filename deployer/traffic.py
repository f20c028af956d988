"""The reads of request figures: by slots of time, by endpoint, by version. Each is one query, whatever the number."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from deployer.latency import quantile_ms
from deployer.models import Endpoint, RequestFigures
from deployer.services.figures import COUNT_COLUMNS, DAY, HOUR, MINUTE, QUARTER

SHORTEST_SECONDS = 30
SPARK_SLOTS = 24
WEEK = 7 * 86_400
# Written out, since building a query with two dozen sums costs the ORM ten times what running it costs the database.
# Every name in it is one of ours; what is asked for goes in as parameters.
_SUMS = ", ".join(f"SUM({name})" for name in COUNT_COLUMNS)
_TABLE = RequestFigures._meta.db_table  # noqa: SLF001  # Django's documented name
_SPANS = f"seconds IN ({MINUTE}, {QUARTER}, {HOUR})"  # every row's; named so that the index by span and moment serves


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
    where, given = _where(period, now - back, endpoint)
    rows = _read(_SUMS, f"{where} AND at < %s", [*given, int(now) - back + 1])
    return _figures(rows[0], _elapsed(period, now))


def by_slot(period: Period, *, now: float, endpoint: Endpoint | None = None) -> list[Slot]:
    """The period slot by slot, oldest first; the slot of this moment counts by the seconds that have passed."""
    where, given = _where(period, now, endpoint)
    slot = _slot(period.first(now), period.step)
    found = {at: sums for at, *sums in _read(f"{slot}, {_SUMS}", f"{where} GROUP BY 1", given)}
    return [
        Slot(at=at, figures=_figures(found.get(at, ()), max(min(period.step, int(now) - at), SHORTEST_SECONDS)))
        for at in period.slots(now)
    ]


def by_endpoint(period: Period, *, now: float) -> Mapping[int, Figures]:
    """The figures of every endpoint that was asked in the period."""
    where, given = _where(period, now, None)
    grouped = _read(f"endpoint_id, {_SUMS}", f"{where} GROUP BY 1", given)
    return {endpoint_id: _figures(sums, _elapsed(period, now)) for endpoint_id, *sums in grouped}


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
    where, given = _where(period, now, endpoint)
    grouped = _read(f"version_number, MAX(at), {_SUMS}", f"{where} GROUP BY 1 ORDER BY 1 DESC", given)
    return [
        VersionFigures(number=number, last_at=last_at, figures=_figures(sums, _elapsed(period, now)))
        for number, last_at, *sums in grouped
    ]


def sparks(period: Period, *, now: float, endpoint_ids: Sequence[int]) -> Mapping[int, list[float]]:
    """Requests of some endpoints in `SPARK_SLOTS` even steps over the period."""
    step = max(period.seconds // SPARK_SLOTS, period.step)
    first = period.first(now)
    lines = {pk: [0.0] * SPARK_SLOTS for pk in endpoint_ids}
    if not lines:
        return lines
    where, given = _where(period, now, None)
    among = f"endpoint_id IN ({', '.join(['%s'] * len(lines))})"
    columns = f"endpoint_id, {_slot(first, step)}, SUM(requests)"
    for pk, slot, total in _read(columns, f"{where} AND {among} GROUP BY 1, 2", [*given, *lines]):
        lines[pk][min((slot - first) // step, SPARK_SLOTS - 1)] += int(total)
    return lines


def _where(period: Period, now: float, endpoint: Endpoint | None) -> tuple[str, list[int]]:
    """The period's rows, of all endpoints or of one: a condition and its parameters."""
    if endpoint is None:
        return f"at >= %s AND {_SPANS}", [period.first(now)]
    return f"at >= %s AND {_SPANS} AND endpoint_id = %s", [period.first(now), endpoint.pk]


def _read(columns: str, where: str, given: Sequence[int]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM {_TABLE} WHERE {where}", given)  # noqa: S608  # as said at `_SUMS`
        return list(cursor.fetchall())


def _slot(first: int, step: int) -> str:
    """Where the slot of a row begins, as SQL."""
    return f"at - (at - {first}) %% {step}"


def _elapsed(period: Period, now: float) -> int:
    return int(now) - period.first(now) or 1


def _figures(sums: Sequence[Any], seconds: int) -> Figures:
    """From the sums of `COUNT_COLUMNS`; none, or nulls, where there are no rows. PostgreSQL adds up to decimals."""
    requests, refused, failed, *latencies = (int(each or 0) for each in sums or [0] * len(COUNT_COLUMNS))
    return Figures(requests=requests, refused=refused, failed=failed, latencies=tuple(latencies), seconds=seconds)
