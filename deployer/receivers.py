"""What the deployer does when registration speaks. Each receiver returns the jobs that became due."""

from __future__ import annotations

from typing import Any

from deployer import services


def try_checked_version(*, version_id: int, **_kwargs: Any) -> tuple[int, ...]:
    """A frozen version passed its checks: package and try it."""
    return services.queue_trial(version_id=version_id)


def try_draft(*, version_id: int, **_kwargs: Any) -> tuple[int, ...]:
    """A submitter wants to see what the draft's model answers."""
    return services.queue_draft_trial(version_id=version_id)


def build_approved_version(*, version_id: int, **_kwargs: Any) -> tuple[int, ...]:
    """A version has its approvals: build the image and roll it out."""
    return services.queue_build(version_id=version_id)


def retire_version(*, version_id: int, **_kwargs: Any) -> tuple[int, ...]:
    """A version is no longer wanted: cancel what is being made of it and take away what is served."""
    return services.retire_serving(version_id=version_id)
