"""Two versions side by side: everything that differs, as rows."""

from __future__ import annotations

from dataclasses import dataclass

from registry import selectors
from registry.comparison import Comparison, Content, compare
from registry.interfaces import TensorInfo
from registry.introspection import introspection_from_json
from registry.models import ModelVersion
from registry.presentation.rows import TrialRow, trial_row
from registry.selectors.desk import content_of_version
from registry.signature import TensorChange, signature_changes


@dataclass(frozen=True, slots=True)
class TensorRow:
    """A tensor that differs, each side as text, "" where it is not."""

    is_input: bool
    name: str
    old: str
    new: str
    breaking: bool


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file that differs: bytes and SHA-256 of each side, None and "" where it is not."""

    path: str
    kind: str
    old_size: int | None
    new_size: int | None
    old_sha256: str
    new_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedVersions:
    """What differs between two versions; `runtime` and `trials` are pairs (old, new), None where there is no pair."""

    difference: Comparison
    files: list[FileRow]
    runtime: tuple[str, str] | None
    tensors: list[TensorRow]
    breaking: bool
    trials: tuple[TrialRow, TrialRow] | None


def compared(old: ModelVersion, new: ModelVersion) -> ComparedVersions:
    """Everything that differs between two versions."""
    before, after = content_of_version(old), content_of_version(new)
    tensors = signature_changes(introspection_from_json(old.introspection), introspection_from_json(new.introspection))
    difference = compare(before, after)
    return ComparedVersions(
        difference=difference,
        files=_files(difference, before, after),
        runtime=(old.runtime, new.runtime) if old.runtime != new.runtime else None,
        tensors=[_tensor(change) for change in tensors],
        breaking=any(change.breaking for change in tensors),
        trials=_trials(old, new),
    )


def _files(difference: Comparison, before: Content, after: Content) -> list[FileRow]:
    return [
        FileRow(
            change.path,
            change.kind,
            change.old_size,
            change.new_size,
            before.files[change.path][0] if change.path in before.files else "",
            after.files[change.path][0] if change.path in after.files else "",
        )
        for change in difference.files
    ]


def _tensor(change: TensorChange) -> TensorRow:
    return TensorRow(change.is_input, change.name, _text(change.old), _text(change.new), change.breaking)


def _text(tensor: TensorInfo | None) -> str:
    return f"{tensor.datatype} [{', '.join(map(str, tensor.shape))}]" if tensor else ""


def _trials(old: ModelVersion, new: ModelVersion) -> tuple[TrialRow, TrialRow] | None:
    """Both trial runs, where both were made."""
    rows = [trial_row(selectors.trial_run_of(version)) for version in (old, new)]
    return (rows[0], rows[1]) if rows[0] and rows[1] else None
