"""Which edition of a thing somebody read, so that a change made from it cannot undo another's unseen.

An edition is an opaque word that differs whenever what may be edited differs. Both doors use it: the REST API hands out
the edition of the whole thing as an ETag; a page, that of the part which its form edits, so that two pages of one draft
never disturb each other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from registry.artifacts.content import content_digest
from registry.errors import UserError
from registry.models import ModelVersion, RegisteredModel

ANY = "*"
Part = Callable[[ModelVersion], Any]


class EditionError(UserError):
    """The thing is no longer what its editor read."""

    http_status = 412


def _examples_of(draft: ModelVersion) -> list[list[Any]]:
    rows = draft.examples.order_by("position").values_list("title", "request", "expected", "tolerance")
    return [list(row) for row in rows]


PARTS: Mapping[str, Part] = {
    "basics": lambda draft: [draft.registered_model.summary, draft.registered_model.task, draft.licence],
    "card": lambda draft: [draft.card_source, draft.licence],
    "examples": lambda draft: [_examples_of(draft), draft.cpu_millis, draft.memory_bytes],
    "submit": lambda draft: [content_digest(draft), draft.registered_model.summary, draft.registered_model.task],
}
"""What each page of a draft edits, and what the last one shows and lets submit."""
CHANGED = {"": "api.edition_changed", "submit": "submit.changed_elsewhere"}


def edition_of(thing: ModelVersion | RegisteredModel, part: str = "") -> str:
    """The present edition of a version's content, of one of its `PARTS`, or of a model's summary and task.

    That of a part says what it holds: saving the same once more leaves it as it was.
    """
    if isinstance(thing, RegisteredModel):
        content: object = [thing.pk, thing.summary, thing.task]
    elif part:
        content = PARTS[part](thing)
    else:
        content = [thing.pk, thing.state, thing.revision, thing.updated_at.isoformat()]
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:32]
    return f"{part}:{digest}" if part else digest


def require_edition(thing: ModelVersion | RegisteredModel, seen: str | None) -> None:
    """Refuse a change that was made from another edition than the present one.

    `None`, `""` and `*` fit every edition. Call it on the locked row, in the transaction that makes the change.
    """
    if not seen or seen == ANY:
        return
    part, colon, _digest = seen.partition(":")
    known = not colon or (part in PARTS and isinstance(thing, ModelVersion))
    if not known or edition_of(thing, part if colon else "") != seen:
        raise EditionError(CHANGED.get(part if colon else "", "draft.changed_elsewhere"))
