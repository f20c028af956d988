"""Where things stand, asked of the database whenever Prometheus comes: queues, builds, deployments, reviews, disk.

Every replica of the web server tells the same, so a dashboard takes the maximum and never the sum.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.db import Error
from django.db.models import Count, Min, Sum
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from deployer.models import ImageBuild, ImageBuildState, Rollout, RolloutState
from deployer.overview import figures
from deployer.sync import last_comparison
from registry.jobs.kinds import known_kinds
from registry.models import Blob, Job, JobState, ModelVersion, VersionState

UNENDED = (JobState.QUEUED, JobState.RUNNING, JobState.FAILED)


class StandingCollector(Collector):
    """Gauges of the moment. A database that is away leaves one of them, which says so."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """All families."""
        up = 1
        families: list[GaugeMetricFamily] = []
        try:
            families = [*_jobs(), *_states(), *_waits(), *_storage()]
        except Error:
            up = 0
        yield _gauge("database_up", "Whether the database answered this scrape.", up)
        yield from families


def _jobs() -> Iterator[GaugeMetricFamily]:
    """Rows of every kind, with noughts, so that an alert sees a series before its first row."""
    counts = _family("jobs", "Rows of work by kind and state.", "kind", "state")
    oldest = _family("jobs_oldest_due_seconds", "How long the oldest job of a kind is due without a worker.", "kind")
    found = {
        (kind, state): (count, due)
        for kind, state, count, due in Job.objects.filter(state__in=UNENDED)
        .values_list("kind", "state")
        .annotate(count=Count("pk"), due=Min("run_after"))
    }
    for kind in sorted({*known_kinds(), *(kind for kind, _state in found)}):
        for state in UNENDED:
            counts.add_metric([kind, state], found.get((kind, state), (0, None))[0])
        oldest.add_metric([kind], _age(found.get((kind, JobState.QUEUED), (0, None))[1]))
    yield counts
    yield oldest


def _states() -> Iterator[GaugeMetricFamily]:
    for name, doc, rows, states in (
        ("versions", "Versions by state.", ModelVersion.objects.order_by(), VersionState),
        ("image_builds", "Image builds by state.", ImageBuild.objects.order_by(), ImageBuildState),
        ("rollouts", "Rollouts by state.", Rollout.objects.order_by(), RolloutState),
    ):
        family = _family(name, doc, "state")
        counts = dict(rows.values_list("state").annotate(count=Count("pk")))
        for state in states:
            family.add_metric([str(state)], counts.get(state, 0))
        yield family


def _waits() -> Iterator[GaugeMetricFamily]:
    seen = figures()
    yield _gauge("endpoints", "Endpoints.", seen.endpoints)
    yield _gauge("endpoints_healthy", "Endpoints whose version answers.", seen.healthy)
    yield _gauge("endpoints_down", "Endpoints whose version does not answer.", seen.down)
    yield _gauge("oldest_review_seconds", "How long the oldest submitted version waits.", _age(seen.oldest_review))
    compared = last_comparison()
    age = float("inf") if compared is None else _age(compared)
    yield _gauge("sweep_age_seconds", "Since wanted and actual were compared last; +Inf: never.", age)


def _storage() -> Iterator[GaugeMetricFamily]:
    usage = shutil.disk_usage(settings.DATA_DIR)
    yield _gauge("data_disk_free_bytes", "Free on the file system of this replica's data folder.", usage.free)
    yield _gauge("data_disk_total_bytes", "Size of the file system of this replica's data folder.", usage.total)
    stored = Blob.objects.aggregate(count=Count("pk"), size=Sum("size"))
    yield _gauge("blobs", "Files in the content store.", stored["count"])
    yield _gauge("blob_bytes", "Bytes in the content store.", stored["size"] or 0)


def _age(moment: datetime | None) -> float:
    """Seconds since then; 0 for nothing, and for what lies ahead."""
    return 0.0 if moment is None else max(0.0, (timezone.now() - moment).total_seconds())


def _family(name: str, doc: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"model_commons_{name}", doc, labels=list(labels))


def _gauge(name: str, doc: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"model_commons_{name}", doc, value=value)
