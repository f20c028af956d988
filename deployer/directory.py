"""What registration's pages learn about serving."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence

from django.urls import reverse

from deployer import selectors, traffic
from deployer.models import Endpoint, Health, ImageBuild, ImageBuildState, Rollout, RolloutState
from deployer.snippets import snippets
from registry.interfaces import Deployment, LastDay, ServingInfo, Snippets

_BUILD_WORDS = {
    ImageBuildState.QUEUED: "building",
    ImageBuildState.BUILDING: "building",
    ImageBuildState.SUCCEEDED: "applying",
}


class EndpointDirectory:
    """`registry.interfaces.ServingDirectory` over the tables of builds and rollouts."""

    def for_versions(self, version_ids: Sequence[int]) -> Mapping[int, ServingInfo]:
        """Serving facts per version, in two queries; versions without any are left out."""
        if not version_ids:
            return {}
        builds = {build.version_id: build for build in selectors.builds_of(version_ids)}
        rollouts: dict[int, Rollout] = {}
        for rollout in selectors.rollouts_of(version_ids):
            known = rollouts.get(rollout.version_id)
            # The newest one tells how the version stands, unless an earlier one of it is answering.
            if known is None or not _is_live(known):
                rollouts[rollout.version_id] = rollout
        return {
            version_id: _info(version_id, builds.get(version_id), rollouts.get(version_id))
            for version_id in version_ids
            if version_id in builds or version_id in rollouts
        }

    def live_version(self, registered_model_id: int) -> ServingInfo | None:
        """The version that the model's endpoint answers with now."""
        rows = Endpoint.objects.filter(registered_model=registered_model_id, current__isnull=False)
        endpoint = rows.select_related("current__build").first()
        if endpoint is None or endpoint.current is None:
            return None
        endpoint.current.endpoint = endpoint
        return _info(endpoint.current.version_id, endpoint.current.build, endpoint.current)

    def live_models(self, *, among: Collection[int]) -> Sequence[int]:
        """Those of these models of which a version is live."""
        rows = Endpoint.objects.filter(current__isnull=False, registered_model__in=among)
        return list(rows.values_list("registered_model_id", flat=True))

    def snippets(self, registered_model_id: int, *, origin: str) -> Snippets | None:
        """How to call the live version with its first example; None while nothing is live."""
        rows = Endpoint.objects.filter(registered_model=registered_model_id, current__isnull=False)
        endpoint = rows.select_related("current__version").first()
        if endpoint is None or endpoint.current is None:
            return None
        example = endpoint.current.version.examples.order_by("position").first()
        if example is None:
            return None
        return snippets(
            infer_url=origin + reverse("deployer:v2_infer", args=[endpoint.name]),
            example_url=origin + reverse("deployer:endpoint_example", args=[endpoint.name]),
            request=example.request,
        )

    def deployments(self, registered_model_id: int, *, offset: int, limit: int) -> Sequence[Deployment]:
        """A slice of the model's rollouts, newest first, in one query."""
        rows = selectors.rollouts_to(registered_model_id)[offset : offset + limit]
        return [_deployment(rollout) for rollout in rows]

    def deployment_count(self, registered_model_id: int) -> int:
        """How many rollouts the model had."""
        return selectors.rollouts_to(registered_model_id).count()

    def last_day(self, registered_model_id: int) -> LastDay | None:
        """The last 24 hours of the model's endpoint; None for a model that never had one."""
        endpoint = Endpoint.objects.filter(registered_model=registered_model_id).first()
        if endpoint is None:
            return None
        now = time.time()
        figures = traffic.in_all(traffic.LAST_DAY, now=now, endpoint=endpoint)
        slots = traffic.by_slot(traffic.LAST_DAY, now=now, endpoint=endpoint)
        return LastDay(
            requests=figures.requests,
            p95_ms=figures.p95,
            error_percent=figures.error_percent,
            moments=tuple(slot.at for slot in slots),
            per_second=tuple(slot.figures.per_second for slot in slots),
        )


def _is_live(rollout: Rollout) -> bool:
    return rollout.endpoint.current_id == rollout.pk


def _word(build: ImageBuild | None, rollout: Rollout | None) -> str:
    """The one word for an approved version."""
    if rollout is not None:
        return "in_production" if rollout.state == RolloutState.READY else str(rollout.state)
    if build is not None:
        return _BUILD_WORDS.get(ImageBuildState(build.state), str(build.state))
    return "building"


def _info(version_id: int, build: ImageBuild | None, rollout: Rollout | None) -> ServingInfo:
    build_path = reverse("deployer:build", args=[build.pk]) if build else ""
    if rollout is None:
        return ServingInfo(version_id=version_id, word=_word(build, None), build_path=build_path)
    name, live = rollout.endpoint.name, _is_live(rollout)
    return ServingInfo(
        version_id=version_id,
        word=_word(build, rollout),
        live=live,
        healthy=live and rollout.health == Health.HEALTHY,
        endpoint=name,
        endpoint_path=reverse("deployer:endpoint", args=[name]),
        rollout_path=reverse("deployer:rollout", args=[rollout.pk]),
        build_path=build_path,
        try_path=reverse("deployer:endpoint_try", args=[name]) if live else "",
    )


def _deployment(rollout: Rollout) -> Deployment:
    info = _info(rollout.version_id, rollout.build, rollout)
    return Deployment(
        version_id=rollout.version_id,
        version_number=rollout.version.number,
        word=info.word,
        since=rollout.state_changed_at,
        live=info.live,
        healthy=info.healthy,
        endpoint=info.endpoint,
        endpoint_path=info.endpoint_path,
        rollout_path=info.rollout_path,
        build_path=info.build_path,
        image_digest=rollout.image_digest,
    )
