"""Making and changing drafts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError as DatabaseIntegrityError
from django.db import transaction
from django.db.models import Max, Sum
from django.utils import timezone

from registry.card_template import card_template
from registry.cards import checked_text, render_card
from registry.editions import is_stored, require_edition
from registry.errors import ConflictError, ForbiddenError, NotFoundError, UserError
from registry.events import record_event
from registry.examples import ExampleInput
from registry.front_matter import FIELD as CARD
from registry.front_matter import read_front_matter, split_front_matter
from registry.front_matter_edit import with_facts
from registry.jobs.queue import Due, ensure_job, requeue
from registry.listing import refresh_listing
from registry.models import Account, Blob, Example, ModelVersion, RegisteredModel, VersionFile, VersionState
from registry.names import validate_name
from registry.permissions import may_edit_model, may_edit_version, may_submit

RESOURCES = ("cpu_millis", "memory_bytes")
VERSION_FIELDS = ("licence", "card_source", *RESOURCES)
MODEL_FIELDS = ("summary", "task")


def register_model(*, actor: Account, name: str, summary: str = "", task: str = "") -> ModelVersion:
    """Take the name `actor/name` and open its first draft."""
    if not may_submit(actor):
        raise ForbiddenError("rights.submit")
    try:
        validate_name(name)
    except ValidationError as error:
        raise UserError("model.bad_name", field="name", name=name[:80]) from error
    try:
        with transaction.atomic():
            registered_model = RegisteredModel.objects.create(
                owner=actor, name=name, summary=summary.strip()[:200], task=task.strip()[:60]
            )
            record_event(
                tag="model:registered",
                subject=f"model:{registered_model.pk}",
                actor=actor,
                registered_model=registered_model,
                public=False,
            )
            return _open_draft(registered_model, card_source=card_template(title=name))
    except DatabaseIntegrityError as error:
        raise ConflictError("model.name_taken", field="name", name=name) from error


def start_version(*, registered_model: RegisteredModel, actor: Account) -> ModelVersion:
    """Open the next draft, beginning with the newest version's card, licence, resources and examples."""
    if not may_edit_model(actor, registered_model):
        raise ForbiddenError("rights.edit")
    with transaction.atomic():
        RegisteredModel.objects.select_for_update().get(pk=registered_model.pk)
        open_draft = registered_model.versions.filter(state=VersionState.DRAFT).first()
        if open_draft is not None:
            return open_draft
        newest = registered_model.versions.order_by("-number").first()
        if newest is None:
            return _open_draft(registered_model, card_source=card_template(title=registered_model.name))
        kept = {field: getattr(newest, field) for field in (*VERSION_FIELDS, "card_html")}
        draft = _open_draft(registered_model, **kept)
        _store_examples(draft, newest.examples.all())
        return draft


def update_draft(*, version: ModelVersion, actor: Account, seen: str | None = None, **changes: object) -> Due:
    """Change the card, licence, resources (version) or summary, task (model); only the fields given.

    A new licence is written into the card's head as well, unless the card is given with it. `seen` is the
    edition that the caller read, of the whole version or of a part: `EditionError` if somebody changed it meanwhile,
    unless a part says already what is given: then nothing is written.
    """
    unknown = changes.keys() - {*VERSION_FIELDS, *MODEL_FIELDS}
    if unknown:
        raise TypeError(f"not fields of a draft: {sorted(unknown)}")
    version_changes = {name: value for name, value in changes.items() if name in VERSION_FIELDS}
    model_changes = {name: value for name, value in changes.items() if name in MODEL_FIELDS}
    if "card_source" in version_changes:
        limit = settings.LIMITS["card_max_bytes"]
        version_changes["card_source"] = checked_text(str(version_changes["card_source"]), limit=limit, field=CARD)
        # Rendered before the transaction, since it may take seconds and a write lock must not.
        version_changes["card_html"] = render_card(str(version_changes["card_source"]))
    with transaction.atomic():
        draft = lock_draft(version, actor)
        if is_stored(draft, seen, {**version_changes, **model_changes}):
            return ()
        require_edition(draft, seen)
        if "licence" in version_changes and "card_source" not in version_changes:
            version_changes |= _card_with_licence(draft, str(version_changes["licence"]))
        for name, value in version_changes.items():
            setattr(draft, name, value)
        _validate(draft, version_changes)
        draft.save(update_fields=[*version_changes, "updated_at"])
        for name, value in model_changes.items():
            setattr(draft.registered_model, name, value)
        _validate(draft.registered_model, model_changes)
        if model_changes:
            draft.registered_model.save(update_fields=list(model_changes))
            refresh_listing(draft.registered_model_id)
        return queue_draft_checks(draft)


def update_model(
    *, registered_model: RegisteredModel, actor: Account, seen: str | None = None, **changes: object
) -> RegisteredModel:
    """Change the summary or task, only the fields given, whatever its versions do; returns the model as it is then."""
    unknown = changes.keys() - {*MODEL_FIELDS}
    if unknown:
        raise TypeError(f"not fields of a model: {sorted(unknown)}")
    if not may_edit_model(actor, registered_model):
        raise ForbiddenError("rights.edit")
    with transaction.atomic():
        rows = RegisteredModel.objects.select_for_update(of=("self",)).select_related("owner")
        stored = rows.filter(pk=registered_model.pk).first()
        if stored is None:
            raise NotFoundError("model.unknown")
        require_edition(stored, seen)
        for name, value in changes.items():
            setattr(stored, name, value)
        _validate(stored, changes)
        stored.save(update_fields=list(changes))
        refresh_listing(stored.pk)
    return stored


def attach_file(*, version: ModelVersion, actor: Account, path: str, sha256: str, size: int) -> Due:
    """Give a stored blob a name in the draft. The same path again replaces the file; a case twin is refused."""
    path_key = path.casefold()
    with transaction.atomic():
        draft = lock_draft(version, actor)
        Blob.objects.get_or_create(sha256=sha256, defaults={"size": size})
        twin = draft.files.filter(path_key=path_key).exclude(path=path).first()
        if twin is not None:
            raise ConflictError("file.case_twin", field="files", path=path, other=twin.path)
        others = draft.files.exclude(path_key=path_key)
        if others.count() >= settings.LIMITS["max_version_files"]:
            raise UserError("file.too_many", field="files", limit=settings.LIMITS["max_version_files"])
        if (others.aggregate(total=Sum("blob__size"))["total"] or 0) + size > settings.LIMITS["max_version_bytes"]:
            raise UserError("file.version_too_large", field="files", limit=settings.LIMITS["max_version_bytes"])
        VersionFile.objects.update_or_create(
            version=draft, path_key=path_key, defaults={"path": path, "blob_id": sha256}
        )
        note_saved(draft)
        return queue_draft_checks(draft)


def set_examples(
    *,
    version: ModelVersion,
    actor: Account,
    examples: Sequence[ExampleInput],
    seen: str | None = None,
    **resources: int,
) -> Due:
    """Replace the draft's examples, and its `cpu_millis` and `memory_bytes` where given.

    The order given is the order shown; `seen` is as in `update_draft`.
    """
    if unknown := resources.keys() - {*RESOURCES}:
        raise TypeError(f"not resources of a draft: {sorted(unknown)}")
    with transaction.atomic():
        draft = lock_draft(version, actor)
        if is_stored(draft, seen, resources, examples):
            return ()
        require_edition(draft, seen)
        draft.examples.all().delete()
        _store_examples(draft, examples)
        for name, value in resources.items():
            setattr(draft, name, value)
        _validate(draft, dict(resources))
        draft.save(update_fields=list(resources))
        note_saved(draft)
        return queue_draft_checks(draft)


def check_again(*, version: ModelVersion, actor: Account) -> Due:
    """Run the draft's checks once more."""
    with transaction.atomic():
        return queue_draft_checks(lock_draft(version, actor))


def lock_draft(version: ModelVersion, actor: Account) -> ModelVersion:
    """The draft as stored now, locked until the transaction ends; refuses what is frozen or not the actor's."""
    draft = (
        ModelVersion.objects.select_for_update(of=("self",))
        .select_related("registered_model__owner")
        .filter(pk=version.pk)
        .first()
    )
    if draft is None or not may_edit_version(actor, draft):
        raise NotFoundError("version.unknown")
    if draft.state != VersionState.DRAFT:
        raise ConflictError("version.frozen", state=draft.state)
    return draft


def note_saved(draft: ModelVersion) -> None:
    """Let the draft's pages say that something of it, which has a table of its own, was saved now."""
    ModelVersion.objects.filter(pk=draft.pk).update(updated_at=timezone.now())


def queue_draft_checks(draft: ModelVersion) -> Due:
    """Make the draft's checks due. A running check sees that the content changed and is queued again by the sweep."""
    key = f"check_draft:{draft.pk}"
    job_id = requeue(key=key) or ensure_job(kind="check_draft", subject_id=draft.pk, key=key)
    return (job_id,)


def _open_draft(registered_model: RegisteredModel, **fields: object) -> ModelVersion:
    newest = registered_model.versions.aggregate(newest=Max("number"))["newest"] or 0
    draft = ModelVersion(registered_model=registered_model, number=newest + 1, **fields)
    draft.save()
    return draft


def _card_with_licence(draft: ModelVersion, licence: str) -> dict[str, object]:
    """The card's head follows the licence, so that the two agree; one that cannot be edited is left to its author."""
    try:
        known = read_front_matter(split_front_matter(draft.card_source)[0])
        key = "licence" if "licence" in known and "license" not in known else "license"
        return {"card_source": with_facts(draft.card_source, {key: licence})} if known else {}
    except UserError:
        return {}


def _store_examples(draft: ModelVersion, examples: Iterable[Example | ExampleInput]) -> None:
    Example.objects.bulk_create(
        Example(
            version=draft,
            position=position,
            title=example.title,
            request=example.request,
            expected=example.expected,
            tolerance=example.tolerance,
        )
        for position, example in enumerate(examples, start=1)
    )


def _validate(instance: ModelVersion | RegisteredModel, changes: dict[str, object]) -> None:
    try:
        instance.clean_fields(exclude=[f.name for f in instance._meta.fields if f.name not in changes])  # noqa: SLF001  # Django's documented access
    except ValidationError as error:
        field = next(iter(error.message_dict))
        raise UserError("draft.bad_field", field=field, name=field) from error
