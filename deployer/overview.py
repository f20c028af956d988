"""The reads of the operations page: figures, what needs attention, and where things stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists, Min, OuterRef, Q, QuerySet

from deployer.models import Endpoint, Health, ImageBuild, ImageBuildState, Rollout, RolloutState
from deployer.phases import usual_seconds as usual_phases
from deployer.selectors import UNDER_WAY
from deployer.services.health import DOWN
from registry.models import Job, JobState, ModelVersion, VersionState

MOST_PER_CAUSE = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is served, and what is being worked on. Moments are those of the oldest item."""

    endpoints: int
    live: int
    healthy: int
    starting: int
    down: int
    builds_running: int
    builds_queued: int
    oldest_build: datetime | None
    jobs_waiting: int
    jobs_running: int
    oldest_job: datetime | None
    in_review: int
    oldest_review: datetime | None

    @property
    def suspended(self) -> int:
        """Endpoints that answer with no version."""
        return self.endpoints - self.live

    @property
    def busy(self) -> bool:
        """Whether anything is under way, so that looking again makes sense."""
        return bool(self.jobs_waiting or self.jobs_running or self.builds_running or self.builds_queued)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """What does not go on by itself, or is being mended this very moment; at most 20 of each cause."""

    down: list[Rollout]
    failed_rollouts: list[Rollout]
    failed_builds: list[ImageBuild]
    untried: list[tuple[ModelVersion, Job]]

    def __len__(self) -> int:
        return len(self.down) + len(self.failed_rollouts) + len(self.failed_builds) + len(self.untried)


def figures() -> Figures:
    """The figures at the top of the page, in four queries."""
    served = Endpoint.objects.aggregate(
        endpoints=Count("pk"),
        live=Count("pk", filter=Q(current__isnull=False)),
        healthy=Count("pk", filter=Q(current__health=Health.HEALTHY)),
        starting=Count("pk", filter=Q(current__health=Health.PROGRESSING)),
        down=Count("pk", filter=Q(current__health__in=DOWN)),
    )
    builds = ImageBuild.objects.aggregate(
        builds_running=Count("pk", filter=Q(state=ImageBuildState.BUILDING)),
        builds_queued=Count("pk", filter=Q(state=ImageBuildState.QUEUED)),
        oldest_build=Min("state_changed_at", filter=Q(state=ImageBuildState.QUEUED)),
    )
    jobs = Job.objects.aggregate(
        jobs_waiting=Count("pk", filter=Q(state=JobState.QUEUED)),
        jobs_running=Count("pk", filter=Q(state=JobState.RUNNING)),
        oldest_job=Min("run_after", filter=Q(state=JobState.QUEUED)),
    )
    reviews = ModelVersion.objects.filter(state=VersionState.IN_REVIEW).aggregate(
        in_review=Count("pk"), oldest_review=Min("submitted_at")
    )
    return Figures(**served, **builds, **jobs, **reviews)


def attention() -> Attention:
    """What somebody has to look at, worst first, in five queries."""
    newer = Rollout.objects.filter(
        endpoint=OuterRef("endpoint"), pk__gt=OuterRef("pk"), state__in=[*UNDER_WAY, RolloutState.READY]
    )
    failed = _rollouts().filter(state=RolloutState.FAILED, version__state=VersionState.APPROVED)
    builds = ImageBuild.objects.filter(state=ImageBuildState.FAILED, version__state=VersionState.APPROVED)
    jobs = {
        job.subject_id: job
        for job in Job.objects.filter(kind__in=["check_frozen", "try_version"], state=JobState.FAILED).order_by("pk")
    }
    untried = ModelVersion.objects.filter(pk__in=jobs, state=VersionState.SUBMITTED)
    amiss = Q(health__in=DOWN) | Q(health_code__startswith="route.")
    return Attention(
        down=list(_rollouts().filter(amiss, state=RolloutState.READY)[:MOST_PER_CAUSE]),
        failed_rollouts=list(failed.filter(~Exists(newer))[:MOST_PER_CAUSE]),
        failed_builds=list(builds.select_related("version__registered_model__owner")[:MOST_PER_CAUSE]),
        untried=[
            (version, jobs[version.pk])
            for version in untried.select_related("registered_model__owner")[:MOST_PER_CAUSE]
        ],
    )


def all_rollouts() -> QuerySet[Rollout]:
    """Every rollout, newest first."""
    return _rollouts()


def all_builds() -> QuerySet[ImageBuild]:
    """Every build, newest first."""
    return ImageBuild.objects.select_related("version__registered_model__owner")


def usual_build_phases(*, newest: int = 50) -> Mapping[str, float]:
    """The median seconds of each step, over the newest successful builds."""
    ended = ImageBuild.objects.filter(state=ImageBuildState.SUCCEEDED)
    return usual_phases(ended.values_list("phases", flat=True)[:newest])


def usual_rollout_phases(*, newest: int = 50) -> Mapping[str, float]:
    """The median seconds of each step, over the newest rollouts that came into service."""
    ended = Rollout.objects.filter(ready_at__isnull=False)
    return usual_phases(ended.values_list("phases", flat=True)[:newest])


def usual_seconds(*, newest: int = 50) -> float | None:
    """The median time from the approval to the finished image, over the newest successful builds."""
    ended = ImageBuild.objects.filter(state=ImageBuildState.SUCCEEDED, finished_at__isnull=False)
    spans = sorted(
        (finished - created).total_seconds()
        for created, finished in ended.values_list("created_at", "finished_at")[:newest]
        if finished is not None
    )
    return spans[len(spans) // 2] if spans else None


def _rollouts() -> QuerySet[Rollout]:
    return Rollout.objects.select_related("endpoint", "version__registered_model__owner")
