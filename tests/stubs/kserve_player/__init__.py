"""A player of KServe's controller: named sequences of statuses for InferenceServices, against any API server."""

from __future__ import annotations

from tests.stubs.kserve_player.hands import ClusterHands, Hands, StandInHands
from tests.stubs.kserve_player.player import Player
from tests.stubs.kserve_player.scenarios import SCENARIOS

__all__ = ["SCENARIOS", "ClusterHands", "Hands", "Player", "StandInHands"]
