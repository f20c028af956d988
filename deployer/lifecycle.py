"""The states of image builds and rollouts; `move` itself is the registry's, the only writer of states."""

from __future__ import annotations

from deployer.models import ImageBuildState, RolloutState
from registry.lifecycle import Machine, move

__all__ = ["IMAGE_BUILD", "ROLLOUT", "move"]

B = ImageBuildState
IMAGE_BUILD = Machine(
    "image_build",
    {
        B.BUILDING: frozenset({B.QUEUED, B.BUILDING}),
        B.SUCCEEDED: frozenset({B.BUILDING}),
        B.FAILED: frozenset({B.QUEUED, B.BUILDING}),
        B.CANCELLED: frozenset({B.QUEUED, B.BUILDING}),
        B.QUEUED: frozenset({B.FAILED}),
    },
)
R = RolloutState
ROLLOUT = Machine(
    "rollout",
    {
        R.APPLYING: frozenset({R.PENDING, R.APPLYING}),
        R.READY: frozenset({R.APPLYING}),
        R.FAILED: frozenset({R.PENDING, R.APPLYING}),
        R.SUPERSEDED: frozenset({R.PENDING, R.APPLYING, R.READY}),
        R.RETIRED: frozenset({R.PENDING, R.APPLYING, R.READY, R.FAILED, R.SUPERSEDED}),
        R.PENDING: frozenset({R.FAILED}),
    },
)
