"""Stand-ins for the gate and the scanner: as strict as the real ones, without starting processes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from registry.errors import NotFoundError
from registry.inspection.gate import inspect_file
from registry.inspection.pickles import is_pickle
from registry.interfaces import FileInspection, ScanResult

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def inspect_bytes(path: str, data: bytes) -> FileInspection:
    """The gate's answer about bytes in memory."""
    return inspect_file(path, io.BytesIO(data), len(data))


class FakeInspector:
    """Runs the gate's rules in this process; `answers` scripts the outcome for single paths."""

    def __init__(self, answers: Mapping[str, FileInspection] | None = None) -> None:
        self.answers = dict(answers or {})
        self.inspected: list[str] = []

    def inspect(self, *, path: str, blob: Path) -> FileInspection:
        self.inspected.append(path)
        if not blob.exists():
            raise NotFoundError("gate.blob_missing", path=path)
        return self.answers.get(path) or inspect_bytes(path, blob.read_bytes())


class FakeScanner:
    """Finds pickles by their opcodes; `failing` makes it the scanner that never answers well."""

    def __init__(self, *, failing: bool = False) -> None:
        self.failing = failing
        self.scanned: list[str] = []

    def scan(self, *, path: str, blob: Path) -> ScanResult:
        self.scanned.append(path)
        if self.failing or not blob.exists():
            return ScanResult(clean=False, code="scan.failed", scanner="fake")
        if is_pickle(blob.read_bytes()):
            return ScanResult(clean=False, code="scan.dangerous", scanner="fake")
        return ScanResult(clean=True, scanner="fake")
