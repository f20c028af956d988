"""The catalogue follows builds and rollouts."""

from __future__ import annotations

from typing import Any

import pytest

from deployer import services
from deployer.models import ImageBuild, Rollout
from registry.errors import IntegrityError
from registry.jobs import runner
from registry.listing import entries_of
from registry.models import CatalogueEntry
from registry.services import retire_version
from tests.deployer import scene

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fakes")]
COLUMNS = [field.attname for field in CatalogueEntry._meta.concrete_fields]


def listed() -> tuple[str, bool]:
    """Status and liveness of the only entry, which must be as one made now from the rest."""
    entry = CatalogueEntry.objects.get()
    (due,) = entries_of([entry.pk])
    assert {name: getattr(entry, name) for name in COLUMNS} == {name: getattr(due, name) for name in COLUMNS}
    return entry.status, entry.live


def test_an_entry_tells_how_far_its_model_is() -> None:
    version = scene.in_review()
    (build_job,) = scene.approve(version)
    seen = [listed()]
    (rollout_job,) = runner.run_job(job_id=build_job)
    seen.append(listed())
    scene.work((rollout_job,))
    seen.append(listed())
    version.refresh_from_db()
    retire_version(version=version, actor=scene.operator())
    seen.append(listed())

    assert seen == [("building", False), ("pending", False), ("in_production", True), ("retired", False)]


def test_failures_and_second_attempts_show(settings: Any) -> None:
    version = scene.in_review()
    scene.builder().failure = IntegrityError("build.blob_changed")
    scene.work(scene.approve(version))
    assert listed() == ("failed", False)

    services.retry_build(build=ImageBuild.objects.get(), actor=scene.operator())
    assert listed() == ("building", False)
    services.cancel_build(build=ImageBuild.objects.get(), actor=scene.operator())
    assert listed() == ("cancelled", False)


def test_rolling_back_and_forth_keeps_the_entry_right() -> None:
    old, new = scene.served(), scene.served()
    assert listed() == ("in_production", True)

    old.refresh_from_db()
    due = services.roll_back(endpoint=new.endpoint, actor=scene.operator(), to=old)
    listed()
    scene.work(due)

    assert listed() == ("in_production", True)
    assert CatalogueEntry.objects.get().version_id == old.version_id
    assert Rollout.objects.count() == 3
