"""Hostile files by technique. Payloads are live: loading one with the library it is meant for creates the marker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.registry.inspection.corpus import archives, boosters, graphs, pickles, skops_files, tensors
from tests.registry.inspection.corpus.sample import Sample

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["MODELS", "Sample", "honest_models", "hostile"]

MODELS = archives.MODELS
PARTS = (pickles, archives, skops_files, graphs, boosters, tensors)


def hostile(marker: Path) -> list[Sample]:
    """Every sample, in a fixed order, each under a name of its own."""
    samples = [sample for part in PARTS for sample in part.samples(marker)]
    assert len({sample.name for sample in samples}) == len(samples)
    return samples


def honest_models() -> list[Path]:
    """The models that real libraries wrote."""
    return sorted(path for path in MODELS.iterdir() if path.suffix != ".md")
