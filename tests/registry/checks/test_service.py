"""Checking a version: what is kept, under which key, and what is never reused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import transaction

from registry.artifacts.content import content_digest
from registry.checks.runner import CHECKS
from registry.checks.service import check_version
from registry.jobs.queue import FencedError
from registry.models import Check, ModelVersion, VersionState
from tests.conftest import RegistryFakes
from tests.factories import make_draft

pytestmark = pytest.mark.django_db


def nobody(name: str, done: int, total: int) -> None:
    """A report that nobody reads."""


def check(version: ModelVersion, *, digest: str = "", frozen: bool = False) -> bool:
    digest = digest or content_digest(version)
    return check_version(version=version, digest=digest, frozen=frozen, report=nobody)


def test_answers_and_facts_are_kept_under_the_digest(fakes: RegistryFakes) -> None:
    version = make_draft()
    assert check(version)
    rows = list(Check.objects.filter(version=version))
    assert [row.name for row in rows] == [check.name for check in CHECKS]
    assert {(row.content_digest, row.frozen, row.verdict) for row in rows} == {(content_digest(version), False, "pass")}
    version.refresh_from_db()
    assert (version.model_format, version.runtime) == ("xgboost-json", "xgboost-json")
    assert version.introspection["inputs"] == [{"name": "input-0", "datatype": "FP32", "shape": [-1, 4]}]
    assert version.introspection["framework_version"] == "2.1.4"


def test_a_draft_that_passed_is_not_read_again_but_a_frozen_version_is(fakes: RegistryFakes) -> None:
    version = make_draft()
    assert check(version)
    assert check(version)
    assert fakes.inspector.inspected == ["model.json"]
    ModelVersion.objects.filter(pk=version.pk).update(
        state=VersionState.SUBMITTED, content_digest=content_digest(version)
    )
    assert check(version, frozen=True)
    assert check(version, frozen=True)
    assert fakes.inspector.inspected == ["model.json"] * 3
    assert Check.objects.filter(version=version, frozen=True).count() == len(CHECKS)
    assert Check.objects.filter(version=version, frozen=False).count() == len(CHECKS)


def test_a_draft_that_failed_is_read_again(fakes: RegistryFakes) -> None:
    version = make_draft()
    fakes.scanner.failing = True
    assert not check(version)
    fakes.scanner.failing = False
    assert check(version)
    assert Check.objects.get(version=version, name="scan").verdict == "pass"


def test_a_changed_draft_loses_its_old_answers(fakes: RegistryFakes) -> None:
    version = make_draft()
    check(version)
    version.licence = "ISC"
    version.save()
    assert not check(version)  # the card still says MIT
    assert {row.content_digest for row in Check.objects.filter(version=version)} == {content_digest(version)}


def test_answers_about_content_that_changed_meanwhile_are_dropped(fakes: RegistryFakes) -> None:
    version = make_draft()
    assert not check(version, digest="sha256:" + "0" * 64)
    assert not Check.objects.exists()
    version.refresh_from_db()
    assert version.runtime == ""


def test_facts_of_a_frozen_version_belong_to_its_digest(fakes: RegistryFakes) -> None:
    version = make_draft(state=VersionState.SUBMITTED, content_digest="sha256:" + "1" * 64)
    check(version, digest="sha256:" + "2" * 64, frozen=True)
    version.refresh_from_db()
    assert version.runtime == ""


def test_facts_are_withdrawn_with_the_model_file(fakes: RegistryFakes) -> None:
    version = make_draft()
    check(version)
    version.files.all().delete()
    assert not check(version)
    version.refresh_from_db()
    assert (version.model_format, version.runtime, version.introspection) == ("", "", {})


def test_a_worker_that_lost_its_job_writes_nothing(fakes: RegistryFakes) -> None:
    @contextmanager
    def lost() -> Iterator[None]:
        with transaction.atomic():
            raise FencedError
        yield

    version = make_draft()
    with pytest.raises(FencedError):
        check_version(version=version, digest=content_digest(version), frozen=False, report=nobody, writing=lost)
    assert not Check.objects.exists()
