"""What the checks look at, read from the database once, and what they learn from one another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from registry.examples import ExampleInput
from registry.interfaces import FileInspection, Introspection, RuntimeInfo
from registry.models import Account, ModelVersion

Progress = Callable[[int, int], None]
"""Called with (files done, files in all)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectFile:
    """A file of the version: its path, the digest of its blob (hex) and its size in bytes."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """The content of one version at one moment."""

    owner: Account
    frozen: bool
    licence: str
    card_source: str
    files: tuple[SubjectFile, ...]
    examples: tuple[ExampleInput, ...]


@dataclass(slots=True, kw_only=True)
class Evidence:
    """What earlier checks found out and later ones build on; filled in the order of the checks."""

    inspections: list[FileInspection] = field(default_factory=list)
    runtime: RuntimeInfo | None = None

    @property
    def model(self) -> FileInspection | None:
        """The one model file, None while there is none or more than one."""
        models = [found for found in self.inspections if found.accepted and found.model_format]
        return models[0] if len(models) == 1 else None

    @property
    def introspection(self) -> Introspection | None:
        """What the model file tells."""
        return self.model.introspection if self.model is not None else None


def subject_of(version: ModelVersion, *, frozen: bool) -> Subject:
    """Read a version's content."""
    files = version.files.order_by("path").values_list("path", "blob_id", "blob__size")
    examples = version.examples.order_by("position").values_list("title", "request", "expected", "tolerance")
    return Subject(
        owner=version.registered_model.owner,
        frozen=frozen,
        licence=version.licence,
        card_source=version.card_source,
        files=tuple(SubjectFile(path=path, sha256=sha256, size=size) for path, sha256, size in files),
        examples=tuple(ExampleInput(*row) for row in examples),
    )
