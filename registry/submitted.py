"""A reopened draft as everybody but its owner sees it: with what was submitted last.

What is being changed belongs to its owner alone until it is submitted again. Whoever else asks for such a version gets
an instance that has the last submission's values, and `submission`, by which the readers of files, examples and checks
know what to leave out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import F

from registry.cards import render_card
from registry.models import Example, ModelVersion, VersionRevision, VersionState
from registry.permissions import User, may_see_content

COPIED = ("licence", "card_source", "model_format", "runtime", "cpu_millis", "memory_bytes")


def as_seen(user: User, versions: Iterable[ModelVersion]) -> list[ModelVersion]:
    """The versions with what this person may see of their content; at most one query, whatever their number."""
    rows = list(versions)
    _withhold([row for row in rows if not may_see_content(user, row)])
    return rows


def as_public(versions: Iterable[ModelVersion]) -> list[ModelVersion]:
    """The versions as a visitor sees them, without a look at whose they are."""
    rows = list(versions)
    _withhold([row for row in rows if row.state == VersionState.DRAFT])
    return rows


def submitted_examples(submission: VersionRevision) -> list[Example]:
    """The examples as they were submitted, unsaved."""
    return [
        Example(version_id=submission.version_id, position=position, **example)
        for position, example in enumerate(submission.examples, start=1)
    ]


def submitted_files(submission: VersionRevision) -> set[tuple[str, str]]:
    """(path, SHA-256) of the files as they were submitted."""
    return {(file["path"], file["sha256"]) for file in submission.files}


def _withhold(versions: Sequence[ModelVersion]) -> None:
    """Put what was submitted last in place of what is stored now."""
    if not versions:
        return
    kept = VersionRevision.objects.filter(version__in=versions, number=F("version__revision"))
    last = {revision.version_id: revision for revision in kept}
    for version in versions:
        _show(version, last.get(version.pk) or _nothing_of(version))


def _show(version: ModelVersion, submission: VersionRevision) -> None:
    for name in COPIED:
        setattr(version, name, getattr(submission, name))
    version.introspection = submission.introspection or {}
    # Submissions from before the card's HTML was kept have its source alone.
    version.card_html = submission.card_html or (render_card(submission.card_source) if submission.card_source else "")
    version.submission = submission


def _nothing_of(version: ModelVersion) -> VersionRevision:
    """In place of a submission of which nothing was kept."""
    return VersionRevision(
        version_id=version.pk,
        number=version.revision,
        content_digest=version.content_digest,
        cpu_millis=0,
        memory_bytes=0,
    )
