"""Consumers notice nothing while one version replaces another: no request fails, and answers name who gave them."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from deployer.interfaces import ServingResponse
from deployer.models import Rollout
from registry.models import Job
from tests.deployer import scene

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("_fakes")]
CONSUMERS = 4
SWAPS = 3


class Consumer(threading.Thread):
    """Asks one after the other until told to stop; counts statuses and versions."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.seen: Counter[tuple[int, str]] = Counter()
        self.order: list[int] = []
        self.answered = threading.Event()
        self._stop_asking = stop

    def run(self) -> None:
        web = Client()
        try:
            while not self._stop_asking.is_set():
                response = web.post(
                    "/serve/v2/models/vera-sums/infer",
                    data=json.dumps(scene.REQUEST),
                    content_type="application/json",
                )
                self.seen[response.status_code, response.get("X-Model-Version", "")] += 1
                self.order.append(int(response.get("X-Model-Version", "0")))
                self.answered.set()
        finally:
            connection.close()


def drain(rollout: Rollout) -> None:
    """Let the old version's time be over, and its cup be taken away."""
    past = timezone.now() - timedelta(seconds=1)
    Rollout.objects.filter(pk=rollout.pk).update(stop_after=past)
    Job.objects.filter(kind="stop_cup", subject_id=rollout.pk).update(run_after=past)
    scene.work_off()


@pytest.fixture
def _slow_way(_fakes: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests take a moment to reach the cup that their route named, so that some arrive after it is gone."""
    backend = scene.serving()
    real = backend.request

    def delayed(*args: Any, **kwargs: Any) -> ServingResponse:
        time.sleep(0.05)
        return real(*args, **kwargs)

    monkeypatch.setattr(backend, "request", delayed)


@pytest.mark.usefixtures("_slow_way")
def test_no_request_fails_while_versions_replace_each_other() -> None:
    current = scene.served()
    versions = [scene.in_review() for _swap in range(SWAPS)]
    stop = threading.Event()
    consumers = [Consumer(stop) for _number in range(CONSUMERS)]
    for consumer in consumers:
        consumer.start()
    try:
        for version in versions:
            scene.work(scene.approve(version))
            drain(current)
            current = Rollout.objects.get(version=version)
            for _answer in range(2):  # the first one may have been on its way before
                for consumer in consumers:
                    consumer.answered.clear()
                for consumer in consumers:
                    assert consumer.answered.wait(60)
    finally:
        stop.set()
        for consumer in consumers:
            consumer.join(60)

    seen = sum((consumer.seen for consumer in consumers), Counter())
    assert {status for status, _version in seen} == {200}
    assert seen[200, str(SWAPS + 1)] >= CONSUMERS
    assert set(scene.serving().statuses()) == {current.cup_name}
    for consumer in consumers:
        assert consumer.order == sorted(consumer.order), "nobody is sent back to an older version"
