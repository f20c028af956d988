"""The tables of packaging and serving."""

from deployer.models.build import ImageBuild, ImageBuildState
from deployer.models.rollout import Endpoint, Health, Rollout, RolloutState

__all__ = ["Endpoint", "Health", "ImageBuild", "ImageBuildState", "Rollout", "RolloutState"]
