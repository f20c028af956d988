"""Which edition of a thing somebody read, so that a change made from it cannot undo another's unseen.

An edition is an opaque word that differs whenever what may be edited differs. The REST API hands it out as an ETag.
"""

from __future__ import annotations

import hashlib

from registry.errors import UserError
from registry.models import ModelVersion, RegisteredModel

ANY = "*"


class EditionError(UserError):
    """The thing is no longer what its editor read."""

    http_status = 412


def edition_of(thing: ModelVersion | RegisteredModel) -> str:
    """The present edition of a version's content, or of a model's summary and task."""
    if isinstance(thing, RegisteredModel):
        parts = [thing.pk, thing.summary, thing.task]
    else:
        parts = [thing.pk, thing.state, thing.revision, thing.updated_at.isoformat()]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


def require_edition(thing: ModelVersion | RegisteredModel, seen: str | None) -> None:
    """Refuse a change that was made from another edition than the present one; `None` and `*` fit every edition.

    Call it on the locked row, in the transaction that makes the change.
    """
    if seen not in {None, ANY, edition_of(thing)}:
        raise EditionError("api.edition_changed")
