"""Which edition of a thing somebody read, so that a change made from it cannot undo another's unseen.

An edition is an opaque word that differs whenever what may be edited differs. Both doors use it: the REST API hands out
the edition of the whole thing as an ETag; a page, that of the part which its form edits, so that two pages of one draft
never disturb each other.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from registry.artifacts.content import content_digest
from registry.errors import UserError
from registry.examples import ExampleInput
from registry.models import Example, ModelVersion, RegisteredModel

ANY = "*"
Part = Callable[[ModelVersion], Any]


class EditionError(UserError):
    """The thing is no longer what its editor read."""

    http_status = 412


def _rows(examples: Iterable[Example | ExampleInput]) -> list[list[Any]]:
    return [[each.title, each.request, each.expected, each.tolerance] for each in examples]


def _examples_of(draft: ModelVersion) -> list[list[Any]]:
    return _rows(draft.examples.order_by("position"))


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
    digest = hashlib.sha256(_text(content).encode()).hexdigest()[:32]
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


def is_stored(
    draft: ModelVersion,
    seen: str | None,
    fields: Mapping[str, object],
    examples: Iterable[Example | ExampleInput] | None = None,
) -> bool:
    """Whether somebody saves from an earlier edition of a part what the draft says already.

    A page whose answer was lost on the way sends the same once more, and would otherwise conflict with itself. Only for
    a part, which its page shows whole: whoever names an edition of the whole version would be handed the present one
    without having read what else it holds.
    """
    part, colon, _digest = (seen or "").partition(":")
    if not colon or part not in PARTS or edition_of(draft, part) == seen:
        return False
    model = draft.registered_model
    stored = (getattr(draft if hasattr(draft, name) else model, name) == value for name, value in fields.items())
    return all(stored) and (examples is None or _text(_rows(examples)) == _text(_examples_of(draft)))


def _text(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
