"""Readers of pages, and rows that a page has something to tell about."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from deployer.errors import IntegrityError
from deployer.models import ImageBuild, Rollout
from registry.jobs import runner
from registry.models import Account
from tests.deployer import scene


def as_account(account: Account) -> Client:
    client = Client()
    client.force_login(account)
    return client


def text_of(response: Any) -> str:
    """What a reader sees, in one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def failed_build() -> ImageBuild:
    version = scene.in_review()
    scene.builder().failure = IntegrityError("build.blob_changed", path="model.json", expected="a", actual="b")
    scene.work(scene.approve(version))
    scene.builder().failure = None
    return ImageBuild.objects.get(version=version)


def failed_rollout() -> Rollout:
    version = scene.in_review()
    (build_job,) = scene.approve(version)
    (job_id,) = runner.run_job(job_id=build_job)
    rollout = Rollout.objects.get(version=version)
    backend = scene.serving()
    backend.looks_until_ready = 1 << 60
    real = backend.status
    with pytest.MonkeyPatch.context() as patched:

        def failing(name: str) -> Any:
            backend.fail(name, "serving.out_of_memory", log="MemoryError: 17 GiB")
            return real(name)

        patched.setattr(backend, "status", failing)
        scene.work((job_id,))
    backend.looks_until_ready = 1
    rollout.refresh_from_db()
    assert rollout.state == "failed"
    return rollout
