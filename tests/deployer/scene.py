"""Accounts, versions and jobs for tests of packaging and serving, on fakes that the settings name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, cast

from django.contrib.auth.models import Group
from django.utils import timezone

from deployer import services
from deployer.backends import image_builder, serving_backend
from deployer.models import Endpoint, ImageBuild, Rollout
from registry import services as registry_services
from registry.artifacts.content import content_digest
from registry.backends import blob_store
from registry.checklist import CHECKLIST
from registry.jobs import runner
from registry.jobs.queue import due_job_ids
from registry.models import (
    Account,
    Blob,
    Check,
    Event,
    Example,
    Job,
    ModelVersion,
    RegisteredModel,
    TrialRun,
    VersionFile,
    VersionState,
)
from tests.fakes.blobs import InMemoryBlobStore
from tests.fakes.builders import InMemoryImageBuilder
from tests.fakes.serving import FakeServingBackend

RUNTIME = "xgboost-json"
REQUEST = {"inputs": [{"name": "input-0", "shape": [1, 3], "datatype": "FP64", "data": [1.0, 2.0, 3.0]}]}
EXPECTED = {"outputs": [{"name": "predict", "shape": [1], "datatype": "FP64", "data": [6.0]}]}


def account(name: str, *groups: str) -> Account:
    found, created = Account.objects.get_or_create(username=name)
    if created:
        found.groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
    return found


def reviewer() -> Account:
    return account("rita", "reviewers")


def operator() -> Account:
    return account("otto", "operators")


def owner_of(version: ModelVersion) -> Account:
    return version.registered_model.owner


def serving() -> FakeServingBackend:
    return cast(FakeServingBackend, serving_backend())


def builder() -> InMemoryImageBuilder:
    return cast(InMemoryImageBuilder, image_builder())


def blobs() -> InMemoryBlobStore:
    return cast(InMemoryBlobStore, blob_store())


def add_file(version: ModelVersion, path: str, data: bytes) -> None:
    sha256 = blobs().add(data)
    Blob.objects.get_or_create(sha256=sha256, defaults={"size": len(data)})
    VersionFile.objects.create(version=version, path=path, path_key=path.casefold(), blob_id=sha256)


def submitted(*, owner: str = "vera", name: str = "sums", expected: dict[str, Any] = EXPECTED) -> ModelVersion:
    """A version whose frozen checks have passed, about to be tried."""
    submitter = account(owner)
    model, _created = RegisteredModel.objects.get_or_create(owner=submitter, name=name)
    number = model.versions.count() + 1
    version = ModelVersion.objects.create(
        registered_model=model,
        number=number,
        state=VersionState.SUBMITTED,
        revision=1,
        licence="MIT",
        card_source="# Sums\n",
        model_format=RUNTIME,
        runtime=RUNTIME,
        submitted_by=submitter,
        submitted_at=timezone.now(),
    )
    add_file(version, "model.json", json.dumps({"weights": number, "model": str(model)}).encode())
    add_file(version, "README.md", b"# Sums\n")
    Example.objects.create(version=version, position=1, title="Six", request=REQUEST, expected=expected)
    version.content_digest = content_digest(version)
    version.save(update_fields=["content_digest"])
    Check.objects.create(
        version=version,
        content_digest=version.content_digest,
        frozen=True,
        name="format",
        position=1,
        verdict="pass",
        code="format.passed",
        params={"format": RUNTIME, "path": "model.json"},
    )
    return version


def in_review(**kwargs: Any) -> ModelVersion:
    """A version whose trial run has passed."""
    version = submitted(**kwargs)
    work(services.queue_trial(version_id=version.pk))
    version.refresh_from_db()
    assert version.state == VersionState.IN_REVIEW, TrialRun.objects.filter(version=version).values()
    return version


def approve(version: ModelVersion) -> tuple[int, ...]:
    """Approve as the reviewer; returns the jobs that became due."""
    return registry_services.state_review(
        version=version,
        reviewer=reviewer(),
        decision="approve",
        comment="",
        content_digest=version.content_digest,
        image_digest=version.image_digest,
        checklist=tuple(CHECKLIST),
    )


def served(**kwargs: Any) -> Rollout:
    """A version that its endpoint answers with."""
    version = in_review(**kwargs)
    work(approve(version))
    rollout = Rollout.objects.get(version=version)
    assert rollout.state == "ready", (rollout.state, rollout.failure_code)
    return rollout


def work(due: tuple[int, ...] = ()) -> None:
    """Run these jobs and whatever they make due, until nothing is due any more."""
    waiting = list(due)
    while waiting:
        waiting += runner.run_job(job_id=waiting.pop(0))


def work_off() -> None:
    """Run everything that is due now, as the sweep would ring it."""
    while ids := due_job_ids():
        for job_id in ids:
            runner.run_job(job_id=job_id)


def run_again(kind: str) -> None:
    """Do a finished or abandoned job once more, as after a worker that died before it could say so."""
    job = Job.objects.get(kind=kind)
    Job.objects.filter(pk=job.pk).update(state="queued", run_after=timezone.now(), failures=0)
    work((job.pk,))


def tags(version: ModelVersion) -> list[str]:
    """The log of a version, oldest first."""
    return list(Event.objects.filter(version=version).order_by("pk").values_list("tag", flat=True))


@dataclass
class Counts:
    """How many rows there are of what must never be made twice."""

    builds: int
    rollouts: int
    endpoints: int
    events: int


def counts() -> Counts:
    return Counts(
        builds=ImageBuild.objects.count(),
        rollouts=Rollout.objects.count(),
        endpoints=Endpoint.objects.count(),
        events=Event.objects.count(),
    )
