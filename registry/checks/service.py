"""Checks a version and keeps the answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from django.db import transaction

from registry.artifacts.content import content_digest
from registry.checks.results import CheckResult
from registry.checks.runner import CHECKS, Report, run_checks
from registry.checks.subject import Evidence
from registry.interfaces import Verdict
from registry.introspection import introspection_to_json
from registry.models import Check, ModelVersion, VersionState

Writing = Callable[[], AbstractContextManager[None]]


def check_version(
    *, version: ModelVersion, digest: str, frozen: bool, report: Report, writing: Writing = transaction.atomic
) -> bool:
    """Run the checks, keep their answers under the content digest, and tell whether none of them failed.

    A draft that has passed with this very content is not checked again; a frozen version always is. Everything is
    written at the end, within `writing()`: hand in `claim.writing`, so that a worker that lost its job writes nothing.
    Answers about a draft that changed meanwhile are dropped, since nobody can say which content they are about.
    """
    if not frozen and _has_passed(version, digest):
        return True
    evidence = Evidence()
    results = run_checks(version=version, frozen=frozen, report=report, evidence=evidence)
    with writing():
        if not frozen and content_digest(_as_stored(version)) != digest:
            return False
        store_results(version=version, digest=digest, frozen=frozen, results=results)
        _store_facts(version=version, digest=digest, frozen=frozen, evidence=evidence)
    return all(result.passed for result in results)


def store_results(*, version: ModelVersion, digest: str, frozen: bool, results: Sequence[CheckResult]) -> None:
    """Replace the answers about this content. A draft's answers about its earlier contents are dropped as well."""
    with transaction.atomic():
        kept = version.checks.filter(frozen=frozen)
        (kept.filter(content_digest=digest) if frozen else kept).delete()
        Check.objects.bulk_create(
            Check(
                version=version,
                content_digest=digest,
                frozen=frozen,
                position=position,
                name=result.name,
                verdict=result.finding.verdict.value,
                code=result.finding.code,
                params=dict(result.finding.params),
                details=list(result.finding.details),
                advice=result.finding.advice,
                duration_ms=result.duration_ms,
            )
            for position, result in enumerate(results)
        )


def _as_stored(version: ModelVersion) -> ModelVersion:
    return ModelVersion.objects.select_related("registered_model__owner").get(pk=version.pk)


def _has_passed(version: ModelVersion, digest: str) -> bool:
    stored = version.checks.filter(content_digest=digest, frozen=False).exclude(verdict=Verdict.FAIL)
    return set(stored.values_list("name", flat=True)) == {check.name for check in CHECKS}


def _store_facts(*, version: ModelVersion, digest: str, frozen: bool, evidence: Evidence) -> None:
    """What the files tell, on the version's row, unless the version has become another one meanwhile."""
    rows = ModelVersion.objects.filter(pk=version.pk)
    rows = rows.filter(content_digest=digest) if frozen else rows.filter(state=VersionState.DRAFT)
    found = evidence.introspection
    rows.update(
        model_format=evidence.model.model_format if evidence.model is not None else "",
        runtime=evidence.runtime.name if evidence.runtime is not None else "",
        introspection=introspection_to_json(found) if found is not None else {},
    )
