"""Rows for tests. A factory takes what a test is about and fills in the rest with what passes all checks."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import F
from django.utils import timezone

from registry.backends import blob_store
from registry.card_template import REQUIRED_SECTIONS
from registry.examples import ExampleInput
from registry.listing import refresh_listing
from registry.models import Account, Blob, Example, ModelVersion, RegisteredModel, VersionFile, VersionRevision

MODELS = Path(__file__).parent / "data" / "models"
PASSWORD = "correct-horse-battery"
CARD = "---\nlicense: MIT\n---\n\n# Iris\n" + "".join(
    f"\n## {section.title}\n\nThis is said in a sentence that a reviewer can use.\n" for section in REQUIRED_SECTIONS
)
IRIS = ExampleInput(
    "A setosa",
    {"inputs": [{"name": "input-0", "shape": [1, 4], "datatype": "FP32", "data": [5.1, 3.5, 1.4, 0.2]}]},
    {"outputs": [{"name": "output-0", "shape": [1, 3], "datatype": "FP32", "data": [0.6, 0.2, 0.2]}]},
    0.5,
)
CONFIRMED = {"may_publish": "on", "no_personal_data": "on"}
_numbers = itertools.count(1)


def model_bytes(name: str = "iris-xgboost.json") -> bytes:
    """One of the small honest models in `tests/data/models`."""
    return (MODELS / name).read_bytes()


def make_account(username: str = "", *, groups: Sequence[str] = (), **fields: Any) -> Account:
    """An account that can sign in with `PASSWORD`; `groups` are names from `registry.permissions.GROUPS`."""
    account = Account(username=username or f"person-{next(_numbers)}", **fields)
    account.set_password(PASSWORD)
    account.save()
    account.groups.set([Group.objects.get_or_create(name=name)[0] for name in groups])
    return account


def make_model(owner: Account | None = None, name: str = "iris", **fields: Any) -> RegisteredModel:
    """A registered model without versions."""
    return RegisteredModel.objects.create(owner=owner or make_account(), name=name, **fields)


def make_draft(
    registered_model: RegisteredModel | None = None,
    *,
    owner: Account | None = None,
    files: Mapping[str, bytes] | None = None,
    examples: Sequence[ExampleInput] = (IRIS,),
    **fields: Any,
) -> ModelVersion:
    """A draft with blob-backed files, a card, a licence and an example; complete unless told otherwise.

    Other states are made by the services, or by `state=...` where a test wants no history.
    """
    model = registered_model or make_model(owner)
    number = model.versions.count() + 1
    version = ModelVersion.objects.create(
        registered_model=model, number=number, **{"licence": "MIT", "card_source": CARD, **fields}
    )
    for path, data in (files if files is not None else {"model.json": model_bytes()}).items():
        add_file(version, path, data)
    for position, example in enumerate(examples, start=1):
        add_example(version, example, position=position)
    if version.revision and version.is_editable:
        _keep_submission(version)
    if "state" in fields or fields.get("revision"):
        refresh_listing(model.pk)  # as the move into that state would have done
    return version


def _keep_submission(version: ModelVersion) -> None:
    """What a draft that was submitted before shows to others; here, what it has."""
    VersionRevision.objects.create(
        version=version,
        number=version.revision,
        content_digest=version.content_digest,
        submitted_by=version.registered_model.owner,
        submitted_at=timezone.now(),
        licence=version.licence,
        card_source=version.card_source,
        model_format=version.model_format,
        runtime=version.runtime,
        introspection=version.introspection,
        cpu_millis=version.cpu_millis,
        memory_bytes=version.memory_bytes,
        files=list(version.files.values("path", sha256=F("blob_id"), size=F("blob__size"))),
        examples=list(version.examples.values("title", "request", "expected", "tolerance")),
    )


def add_file(version: ModelVersion, path: str, data: bytes) -> VersionFile:
    """Store the bytes and give them a name in the version."""
    sha256, size = blob_store().put(iter([data]))
    Blob.objects.get_or_create(sha256=sha256, defaults={"size": size})
    return VersionFile.objects.create(version=version, path=path, path_key=path.casefold(), blob_id=sha256)


def add_example(version: ModelVersion, example: ExampleInput = IRIS, *, position: int = 1) -> Example:
    """One example of the version."""
    return Example.objects.create(
        version=version,
        position=position,
        title=example.title,
        request=example.request,
        expected=example.expected,
        tolerance=example.tolerance,
    )
