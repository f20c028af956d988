"""Rows of the operations page: what the queues and lists hold, with addresses and words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from deployer.models import ImageBuild, ImageBuildState, Rollout
from deployer.presentation import FailureNote, failure_note, kind_label
from deployer.queues import Standing, Waiting, seconds_of
from registry.charts import Bar, Chart, bar_chart
from registry.models import ModelVersion
from registry.permissions import User, may_retry


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingRow:
    """How many things are in a state, and a link to the one that is in it the longest."""

    label: str
    state: str
    count: int
    oldest: str
    url: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """How many jobs of a kind are in a state."""

    label: str
    state: str
    count: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureRow:
    """Something that failed: `retry_url` is "" for who may not repeat it."""

    label: str
    url: str
    version: ModelVersion
    note: FailureNote
    at: datetime
    retry_url: str


def standing_rows(standings: Sequence[Standing]) -> list[StandingRow]:
    """Versions, builds and rollouts under way."""
    labels = {"version": _("Versions"), "build": _("Image builds"), "rollout": _("Rollouts")}
    return [
        StandingRow(
            label=labels[row.what],
            state=row.state,
            count=row.count,
            oldest=str(row.oldest if isinstance(row.oldest, ModelVersion) else row.oldest.version),
            url=_address(row.oldest),
            since=row.since,
        )
        for row in standings
    ]


def job_rows(jobs: Sequence[Waiting]) -> list[JobRow]:
    """The work queue."""
    return [JobRow(label=kind_label(row.kind), state=row.state, count=row.count, oldest=row.oldest) for row in jobs]


def failure_rows(failed: Sequence[ImageBuild | Rollout], user: User) -> list[FailureRow]:
    """What failed last. A version that is served by now, or no longer wanted, cannot be repeated; its page says so."""
    rows = []
    for row in failed:
        kind = "build" if isinstance(row, ImageBuild) else "rollout"
        label = _("Build %(number)s") if kind == "build" else _("Rollout %(number)s")
        retry = reverse(f"deployer:{kind}_retry", args=[row.pk]) if may_retry(user, row.version) else ""
        note = failure_note(row.failure_code or "job.unexpected", row.failure_params)
        if note is not None:
            rows.append(
                FailureRow(
                    label=label % {"number": row.pk},
                    url=_address(row),
                    version=row.version,
                    note=note,
                    at=row.state_changed_at,
                    retry_url=retry,
                )
            )
    return rows


def build_chart(builds: Sequence[ImageBuild]) -> Chart:
    """How many minutes each build took from the approval to its end, failed ones apart."""
    return bar_chart(
        [
            Bar(
                label=f"#{build.pk}",
                value=seconds_of(build) / 60,
                failed=build.state == ImageBuildState.FAILED,
                url=_address(build),
            )
            for build in builds
        ]
    )


def _address(row: ModelVersion | ImageBuild | Rollout) -> str:
    if isinstance(row, ModelVersion):
        model = row.registered_model
        return reverse("registry:version", args=[model.owner.username, model.name, row.number])
    return reverse("deployer:build" if isinstance(row, ImageBuild) else "deployer:rollout", args=[row.pk])
