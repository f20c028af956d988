"""The tables of packaging and serving."""

from deployer.models.build import ImageBuild, ImageBuildState
from deployer.models.build_log import BuildLogLine
from deployer.models.figures import RequestFigures
from deployer.models.part_trouble import PartTrouble
from deployer.models.rollout import Endpoint, Health, Rollout, RolloutState

__all__ = [
    "BuildLogLine",
    "Endpoint",
    "Health",
    "ImageBuild",
    "ImageBuildState",
    "PartTrouble",
    "RequestFigures",
    "Rollout",
    "RolloutState",
]
