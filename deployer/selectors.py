"""The reads of packaging and serving. Each costs a constant number of queries, whatever the list's length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Q, QuerySet
from django.utils import timezone

from deployer.errors import ConflictError, NotFoundError
from deployer.models import BuildLogLine, Endpoint, ImageBuild, ImageBuildState, Rollout, RolloutState
from deployer.oci.reference import is_digest
from registry.models import Event, Example, Job, JobState, ModelVersion, VersionState
from registry.selectors import public_events

UNDER_WAY = (RolloutState.PENDING, RolloutState.APPLYING)
UNFINISHED_BUILDS = frozenset({ImageBuildState.QUEUED, ImageBuildState.BUILDING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where an endpoint's requests go now. `cup` is "" while nothing answers there."""

    endpoint: str
    cup: str = ""
    version: str = ""
    image_digest: str = ""


def route_to(name: str) -> Route:
    """The route of an endpoint, in one query; `NotFoundError` for a name that nobody has."""
    columns = ("current_id", "current__version__number", "current__image_digest")
    row = Endpoint.objects.filter(name=name).values_list(*columns).first()
    if row is None:
        raise NotFoundError("serving.endpoint_unknown", name=name)
    current_id, number, digest = row
    if current_id is None:
        return Route(endpoint=name)
    return Route(endpoint=name, cup=Rollout(pk=current_id).cup_name, version=str(number), image_digest=digest)


def live_names() -> list[str]:
    """Endpoints that answer now."""
    return list(Endpoint.objects.filter(current__isnull=False).order_by("name").values_list("name", flat=True))


def look_up_any() -> None:
    """Look up one route, whichever, to see that it can be done; it costs the same however many there are."""
    Endpoint.objects.filter(current__isnull=False).exists()


class Silence(StrEnum):
    """Why an endpoint answers nothing."""

    COMING = "coming"
    RETIRED = "retired"
    NEVER_SERVED = "never_served"


def silence_of(name: str) -> Silence:
    """Why an endpoint without a current version has none."""
    states = set(Rollout.objects.filter(endpoint__name=name).values_list("state", flat=True).distinct())
    if states.intersection(UNDER_WAY):
        return Silence.COMING
    return Silence.RETIRED if RolloutState.RETIRED in states else Silence.NEVER_SERVED


def wanted_rollouts() -> list[Rollout]:
    """Rollouts whose cups should be there: starting, serving, or replaced and still draining."""
    draining = Q(state=RolloutState.SUPERSEDED, stop_after__gt=timezone.now())
    wanted = Q(state__in=[RolloutState.APPLYING, RolloutState.READY]) | draining
    return list(Rollout.objects.filter(wanted).select_related("endpoint", "version__registered_model"))


def retired_but_served() -> list[int]:
    """Versions that were retired and of which something is still served or started."""
    served = Rollout.objects.filter(state__in=[*UNDER_WAY, RolloutState.READY], version__state=VersionState.RETIRED)
    return list(served.values_list("version_id", flat=True).distinct())


def running_trials() -> list[tuple[str, int, str, int]]:
    """Trials under way, of versions and of drafts: the job's kind, version, key, and the attempt that holds the job."""
    jobs = Job.objects.filter(kind__in=["try_version", "try_draft"], state=JobState.RUNNING)
    return list(jobs.values_list("kind", "subject_id", "key", "attempt"))


def build_by_id(pk: int) -> ImageBuild:
    """One build with its version and model."""
    found = ImageBuild.objects.select_related("version__registered_model__owner").filter(pk=pk).first()
    if found is None:
        raise NotFoundError("build.unknown")
    return found


def rollout_by_id(pk: int) -> Rollout:
    """One rollout with all that it hangs on."""
    found = _whole_rollouts().filter(pk=pk).first()
    if found is None:
        raise NotFoundError("rollout.unknown")
    return found


def endpoint_by_name(name: str) -> Endpoint:
    """One endpoint with its model and what answers there."""
    rows = Endpoint.objects.select_related("registered_model__owner", "current__version", "current__build")
    found = rows.filter(name=name).first()
    if found is None:
        raise NotFoundError("serving.endpoint_unknown", name=name)
    return found


def first_example(endpoint: Endpoint) -> Example | None:
    """The first example of the version that answers; None where nothing does or it has none."""
    return endpoint.current.version.examples.order_by("position").first() if endpoint.current is not None else None


def endpoints() -> QuerySet[Endpoint]:
    """Every endpoint with its model and what answers there."""
    return Endpoint.objects.select_related("registered_model__owner", "current__version")


def history_of(endpoint: Endpoint) -> QuerySet[Rollout]:
    """The rollouts of an endpoint, newest first."""
    return endpoint.rollouts.select_related("endpoint", "version__registered_model__owner").order_by("-pk")


def job_of(kind: str, subject_id: int) -> Job | None:
    """The job of a build or rollout."""
    return Job.objects.filter(kind=kind, subject_id=subject_id).first()


def log_of(build: ImageBuild, *, after: int = 0) -> QuerySet[BuildLogLine]:
    """The lines of a build's log after a number, in order."""
    return BuildLogLine.objects.filter(build=build, number__gt=after).order_by("number")


def events_of(subject: str) -> QuerySet[Event]:
    """The public log of one build or rollout, newest first."""
    return public_events().filter(subject=subject)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedImage:
    """An image to export, and the name that it gets in a layout."""

    digest: str
    ref_name: str


def image_named(what: str) -> NamedImage:
    """The image of `owner/name/number` or of a digest.

    Raises `NotFoundError` for what does not exist, `ConflictError` for a version that was not packaged yet.
    """
    if is_digest(what):
        return NamedImage(digest=what, ref_name=what.removeprefix("sha256:"))
    owner, _slash, rest = what.partition("/")
    name, _slash, number = rest.partition("/")
    version = None
    if number.isdecimal():
        rows = ModelVersion.objects.filter(registered_model__owner__username=owner, registered_model__name=name)
        version = rows.filter(number=int(number)).first()
    if version is None:
        raise NotFoundError("export.unknown", what=what)
    if not version.image_digest:
        raise ConflictError("export.not_built")
    return NamedImage(digest=version.image_digest, ref_name=f"{owner}-{name}:{number}")


def builds_of(version_ids: Sequence[int]) -> QuerySet[ImageBuild]:
    """Builds of these versions, oldest first."""
    return ImageBuild.objects.filter(version__in=version_ids).order_by("pk")


def rollouts_of(version_ids: Sequence[int]) -> QuerySet[Rollout]:
    """Rollouts of these versions with their endpoints, oldest first."""
    return Rollout.objects.filter(version__in=version_ids).select_related("endpoint").order_by("pk")


def rollouts_to(registered_model_id: int) -> QuerySet[Rollout]:
    """Every rollout of a model's versions with its endpoint, newest first."""
    rows = Rollout.objects.filter(version__registered_model=registered_model_id)
    return rows.select_related("endpoint", "build", "version").order_by("-pk")


def _whole_rollouts() -> QuerySet[Rollout]:
    return Rollout.objects.select_related("endpoint", "build", "version__registered_model__owner")
