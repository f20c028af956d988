from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MODELS = Path(__file__).parents[3] / "data" / "models"


@dataclass(frozen=True, slots=True)
class Sample:
    """One hostile file: the technique's name, the name under which it is uploaded, its bytes."""

    name: str
    path: str
    data: bytes


def honest(name: str) -> bytes:
    return (MODELS / name).read_bytes()
