"""Descriptors, as a registry's index lists them (image-spec descriptor.md), pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deployer.errors import OperatorError


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """What a registry's index says about one manifest."""

    digest: str
    media_type: str
    size: int
    artifact_type: str = ""

    def as_json(self) -> dict[str, Any]:
        """In the specification's words."""
        named = {"artifactType": self.artifact_type} if self.artifact_type else {}
        return {"mediaType": self.media_type, "digest": self.digest, "size": self.size, **named}


def descriptors(index: object) -> list[Descriptor]:
    """The manifests of an index; `OperatorError` for anything else."""
    try:
        return [
            Descriptor(
                digest=str(row["digest"]),
                media_type=str(row["mediaType"]),
                size=int(row["size"]),
                artifact_type=str(row.get("artifactType", "")),
            )
            for row in index["manifests"]  # type: ignore[index]  # whatever is not an index is caught below
        ]
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise OperatorError("oci_registry.refused", status=200, reason="INDEX") from error
