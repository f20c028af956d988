"""The parameters that every write may carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.stubs.kube_api import statuses

FOREGROUND = "foregroundDeletion"


@dataclass(frozen=True)
class Options:
    """Who writes, and how strictly the server shall look at it."""

    manager: str = "unknown"
    dry_run: bool = False
    validation: str = "Warn"
    force: bool = False

    @classmethod
    def of(cls, query: Mapping[str, str], agent: str, *, applies: bool) -> Options:
        manager = query.get("fieldManager", "")
        if applies and not manager:
            raise statuses.invalid(
                "meta.k8s.io", "PatchOptions", "", [_required("fieldManager", "is required for apply patch")]
            )
        if "force" in query and not applies:
            why = ("force", "FieldValueForbidden", "Forbidden: may not be specified for non-apply patch")
            raise statuses.invalid("meta.k8s.io", "PatchOptions", "", [why])
        dry_run = query.get("dryRun", "")
        if dry_run not in {"", "All"}:
            why = ("dryRun", "FieldValueNotSupported", f'Unsupported value: "{dry_run}": supported values: "All"')
            raise statuses.invalid("meta.k8s.io", "PatchOptions", "", [why])
        validation = query.get("fieldValidation") or "Warn"
        if validation not in {"Ignore", "Warn", "Strict"}:
            why = (
                "fieldValidation", "FieldValueNotSupported",
                f'Unsupported value: "{validation}": supported values: "Ignore", "Strict", "Warn"',
            )  # fmt: skip
            raise statuses.invalid("meta.k8s.io", "PatchOptions", "", [why])
        name = manager or agent.partition("/")[0] or "unknown"
        return cls(name, bool(dry_run), validation, query.get("force") in {"true", "True", "1"})


def _required(name: str, why: str) -> tuple[str, str, str]:
    return (name, "FieldValueRequired", f"Required value: {why}")
