"""Taking files and drafts away, with the uploads that are still bringing bytes for them."""

from __future__ import annotations

from django.db import transaction

from registry.editions import require_edition
from registry.errors import ConflictError, NotFoundError
from registry.jobs.queue import Due
from registry.models import Account, ModelVersion
from registry.services.drafts import lock_draft, note_saved, queue_draft_checks
from registry.services.uploads import discard_uploads


def remove_file(*, version: ModelVersion, actor: Account, path: str, seen: str | None = None) -> Due:
    """Take a file out of the draft; its bytes age out of the store when nothing else names them.

    `seen` is the edition that was read, as in `update_draft`: what somebody has just replaced is not removed unseen.
    """
    with transaction.atomic():
        draft = lock_draft(version, actor)
        require_edition(draft, seen)
        deleted, _rows = draft.files.filter(path=path).delete()
        if not deleted:
            raise NotFoundError("file.unknown", field="files", path=path)
        discard_uploads(version=draft, path=path)  # or one under way would bring the file back
        note_saved(draft)
        return queue_draft_checks(draft)


def delete_draft(*, version: ModelVersion, actor: Account, seen: str | None = None) -> None:
    """Remove a draft that was never submitted, and its model if nothing else remains of it; `seen` as above."""
    with transaction.atomic():
        draft = lock_draft(version, actor)
        require_edition(draft, seen)
        if draft.revision:
            raise ConflictError("draft.has_history")
        discard_uploads(version=draft)
        registered_model = draft.registered_model
        draft.delete()
        if not registered_model.versions.exists():
            registered_model.events.all().delete()
            registered_model.delete()
