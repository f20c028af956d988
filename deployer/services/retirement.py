"""Taking a version out of service."""

from __future__ import annotations

from django.db import transaction

from deployer.models import Endpoint, ImageBuild, ImageBuildState, Rollout, RolloutState
from deployer.services.builds import withdraw_build
from deployer.services.rollouts import UNDER_WAY, retire_rollout
from registry.jobs.queue import Due


def retire_serving(*, version_id: int) -> Due:
    """Cancel what is being made of a version and take away what is served of it. Safe to call twice.

    The endpoint keeps its name and answers that the version is retired.
    """
    due: list[int] = []
    with transaction.atomic():
        # Locked as they are read: a build or rollout that its worker moves at this moment is seen as it is after that.
        builds = ImageBuild.objects.select_for_update(of=("self",), no_key=True).filter(
            version=version_id, state__in=[ImageBuildState.QUEUED, ImageBuildState.BUILDING]
        )
        for build in builds.select_related("version__registered_model").order_by("pk"):
            withdraw_build(build, actor=None)
        # Before the rollouts, so that one which is just switching traffic is either seen here or sees the retirement.
        endpoints = Endpoint.objects.select_for_update(of=("self",), no_key=True)
        list(endpoints.filter(registered_model__versions=version_id))
        served = Rollout.objects.select_for_update(of=("self",), no_key=True).filter(
            version=version_id, state__in=[*UNDER_WAY, RolloutState.READY]
        )
        for rollout in served.select_related("version__registered_model").order_by("pk"):
            due += retire_rollout(rollout, actor=None)
    return tuple(due)
