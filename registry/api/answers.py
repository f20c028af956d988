"""Models and versions as the API shows them: which fields, and from which rows they are read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpRequest
from rest_framework.serializers import Serializer

from registry import selectors
from registry.api.addresses import absolute
from registry.api.fields import BooleanField, CharField, DateTimeField, DictField, FloatField, IntegerField, URLField
from registry.interfaces import ServingInfo
from registry.models import Example, ModelVersion, RegisteredModel, VersionFile, VersionState
from registry.presentation.rows import WaitNote, wait_note
from registry.selectors import VersionWithStatus


class ModelRefAnswer(Serializer[Any]):
    """A model, in short."""

    owner = CharField()
    name = CharField()
    url = URLField()


class ServingAnswer(Serializer[Any]):
    """What is served of a version."""

    live = BooleanField(help_text="Whether the endpoint answers with this version now.")
    healthy = BooleanField()
    endpoint = CharField(help_text="The endpoint's name; empty before there is one.", allow_blank=True)


class VersionRefAnswer(Serializer[Any]):
    """A version, in short."""

    id = IntegerField()
    number = IntegerField()
    state = CharField(help_text="Where it stands in registration and review.")
    status = CharField(help_text="The one word that pages show: that of its rollout once it is approved.")
    url = URLField()


class NamedVersionAnswer(Serializer[Any]):
    """The version in question."""

    id = IntegerField()
    number = IntegerField()
    model = ModelRefAnswer()
    url = URLField()


class ModelAnswer(Serializer[Any]):
    """A registered model."""

    owner = CharField()
    name = CharField()
    summary = CharField(allow_blank=True)
    task = CharField(allow_blank=True)
    created_at = DateTimeField()
    url = URLField()
    page_url = URLField(help_text="The same for people.")
    version = VersionRefAnswer(allow_null=True, help_text="The version in use, else the newest one.")
    coming = VersionRefAnswer(allow_null=True, help_text="A newer one on its way, where another is in use.")


class WorkAnswer(Serializer[Any]):
    """What the portal is doing with a version now."""

    title = CharField()
    body = CharField(allow_blank=True)
    failed = BooleanField(help_text="True: it does not go on by itself; “retry” repeats it.")
    done = IntegerField()
    total = IntegerField(help_text="0 where nothing can be counted.")


class VersionAnswer(Serializer[Any]):
    """A version, without its long parts."""

    id = IntegerField(help_text="What uploads name as “version”.")
    model = ModelRefAnswer()
    number = IntegerField()
    state = CharField()
    status = CharField()
    revision = IntegerField(help_text="How often it was submitted.")
    licence = CharField(allow_blank=True)
    model_format = CharField(allow_blank=True)
    runtime = CharField(allow_blank=True)
    cpu_millis = IntegerField()
    memory_bytes = IntegerField()
    content_digest = CharField(allow_blank=True)
    image_digest = CharField(allow_blank=True)
    submitted_by = CharField(allow_null=True)
    submitted_at = DateTimeField(allow_null=True)
    created_at = DateTimeField()
    state_changed_at = DateTimeField()
    serving = ServingAnswer(allow_null=True)
    url = URLField()
    page_url = URLField()


class VersionDetailAnswer(VersionAnswer):
    """A version, whole."""

    card = CharField(allow_blank=True, help_text="Markdown with a YAML head.")
    introspection = DictField(help_text="What the file itself tells.")
    place_in_queue = IntegerField(allow_null=True, help_text="1 is looked at next; null unless it waits for a review.")
    work = WorkAnswer(allow_null=True)


class ExampleAnswer(Serializer[Any]):
    """A request of the Open Inference Protocol V2 with the answer that is expected."""

    title = CharField(allow_blank=True)
    request = DictField()
    expected = DictField()
    tolerance = FloatField()


class ExamplesAnswer(Serializer[Any]):
    """The examples of a version, in order."""

    examples = ExampleAnswer(many=True)


class FileAnswer(Serializer[Any]):
    """A file of a version."""

    id = IntegerField()
    path = CharField()
    size = IntegerField(help_text="Bytes.")
    sha256 = CharField()
    content_url = URLField(help_text="Its bytes.")


class FilesAnswer(Serializer[Any]):
    """The files of a version; a limit keeps them few."""

    files = FileAnswer(many=True)


def model_ref(request: HttpRequest, model: RegisteredModel) -> dict[str, object]:
    """A model, in short."""
    owner, name = model.owner.username, model.name
    return {"owner": owner, "name": name, "url": absolute(request, "api:model", owner, name)}


def version_ref(request: HttpRequest, version: ModelVersion) -> dict[str, object]:
    """A version of some model, in short."""
    return {
        "id": version.pk,
        "number": version.number,
        "model": model_ref(request, version.registered_model),
        "url": absolute(request, "api:version", version.pk),
    }


def model_rows(
    request: HttpRequest, models: Sequence[RegisteredModel], *, own: bool = False
) -> list[dict[str, object]]:
    """Models as the public sees them, or as their owner does, in a constant number of queries."""
    found = {} if own else selectors.presences(models)
    newest = selectors.newest_own_versions(models) if own else {}
    rows = []
    for model in models:
        presence = found.get(model.pk)
        shown = presence.shown if presence else newest.get(model.pk)
        coming = presence.coming if presence else None
        rows.append(
            {
                **model_ref(request, model),
                "summary": model.summary,
                "task": model.task,
                "created_at": model.created_at,
                "page_url": absolute(request, "registry:model", model.owner.username, model.name),
                "version": _version_ref(request, shown),
                "coming": _version_ref(request, coming),
            }
        )
    return rows


def version_rows(request: HttpRequest, versions: Iterable[ModelVersion]) -> list[dict[str, object]]:
    """Versions with their status, in the given order."""
    return [_version(request, row) for row in selectors.with_status(versions)]


def version_detail(request: HttpRequest, version: ModelVersion) -> dict[str, object]:
    """A version, whole."""
    waiting = version.state == VersionState.IN_REVIEW
    note: WaitNote | None = wait_note(selectors.open_job(version))
    return {
        **version_rows(request, [version])[0],
        "card": version.card_source,
        "introspection": version.introspection,
        "place_in_queue": selectors.place_in_queue(version) if waiting else None,
        "work": note,
    }


def file_rows(request: HttpRequest, files: Iterable[VersionFile]) -> list[dict[str, object]]:
    """Files with the addresses of their bytes."""
    return [
        {
            "id": file.pk,
            "path": file.path,
            "size": file.blob.size,
            "sha256": file.blob_id,
            "content_url": absolute(request, "api:file_content", file.version_id, file.pk),
        }
        for file in files
    ]


def example_rows(examples: Iterable[Example]) -> dict[str, object]:
    """Examples, in order."""
    return {"examples": list(examples)}


def _version_ref(request: HttpRequest, row: VersionWithStatus | None) -> dict[str, object] | None:
    if row is None:
        return None
    version = row.version
    return {
        "id": version.pk,
        "number": version.number,
        "state": version.state,
        "status": row.word,
        "url": absolute(request, "api:version", version.pk),
    }


def _version(request: HttpRequest, row: VersionWithStatus) -> dict[str, object]:
    version, model = row.version, row.version.registered_model
    copied = (
        "number", "state", "revision", "licence", "model_format", "runtime", "cpu_millis", "memory_bytes",
        "content_digest", "image_digest", "submitted_at", "created_at", "state_changed_at",
    )  # fmt: skip
    return {
        **{name: getattr(version, name) for name in copied},
        "id": version.pk,
        "model": model_ref(request, model),
        "status": row.word,
        "submitted_by": version.submitted_by.username if version.submitted_by else None,
        "serving": _serving(row.serving),
        "url": absolute(request, "api:version", version.pk),
        "page_url": absolute(request, "registry:version", model.owner.username, model.name, version.number),
    }


def _serving(info: ServingInfo | None) -> dict[str, object] | None:
    return None if info is None else {"live": info.live, "healthy": info.healthy, "endpoint": info.endpoint}
