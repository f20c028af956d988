"""A cluster as tests describe it, and a cup for it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from deployer.interfaces import CupSpec, FileEntry
from deployer.runtimes.catalogue import RUNTIMES
from deployer.serving.cluster import Cluster

DIGEST = "sha256:" + "ab" * 32
NAMESPACE = "models"


def cluster(**changes: Any) -> Cluster:
    """A cluster on which every runtime has an image."""
    made = Cluster(
        portal="portal",
        namespace=NAMESPACE,
        image_repository="registry.example/models/approved",
        trial_repository="registry.example/models/quarantine",
        runtimes=RUNTIMES,
        runtime_images={runtime.name: f"registry.example/runtimes/{runtime.name}:1" for runtime in RUNTIMES},
        gateway_name="models",
        gateway_namespace="gateways",
    )
    return replace(made, **changes)


def spec(name: str = "cup-7", **changes: Any) -> CupSpec:
    """A cup of the scikit-learn runtime."""
    made = CupSpec(
        name=name,
        model_name="article-quality",
        version="3",
        runtime="skops-sklearn",
        image_digest=DIGEST,
        files=(FileEntry(path="model.skops", sha256="cd" * 32, size=3 << 20),),
    )
    return replace(made, **changes)
