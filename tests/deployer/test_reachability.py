from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from deployer import reachability, services
from deployer.errors import TransientError
from deployer.models import PartTrouble
from deployer.reachability import note_answers
from deployer.reconcile import reconcile
from deployer.sync import COMPARED
from registry.backends import blob_store
from registry.jobs.sweep import take_lease
from registry.models import Lease
from tests.deployer import pages, scene

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fakes")]
TITLE = "Serving: no answer."


@pytest.fixture(autouse=True)
def _swept(_fakes: None) -> None:
    take_lease(holder="a worker")
    services.note_compared()


def away(*_args: object) -> None:
    raise TransientError("kserve.api_unreachable")


class TestServing:
    def test_a_cluster_that_does_not_answer_needs_attention_until_it_does(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(scene.serving(), "statuses", away)
            reconcile()
            first = PartTrouble.objects.get().since
            reconcile()
        assert PartTrouble.objects.get().since == first
        text = pages.text_of(client.get("/operations/"))
        assert TITLE in text
        assert "Backends" not in text, "why, which may name addresses, is for operators"

        page = pages.as_account(scene.operator()).get("/operations/")
        assert "/operations/backends/" in page.content.decode()
        assert "The cluster does not answer." in pages.text_of(page)

        Lease.objects.filter(name=COMPARED).update(until=timezone.now() - timedelta(hours=1))
        text = pages.text_of(client.get("/operations/"))
        assert TITLE in text
        assert "Nobody compares" not in text, "the line above says why"

        reconcile()
        assert TITLE not in pages.text_of(client.get("/operations/"))


class TestStore:
    @pytest.fixture(autouse=True)
    def _patient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reachability, "TIMEOUT", 60.0)

    def test_one_that_fails_is_noted_and_forgotten_when_it_works(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(blob_store(), "has", away)
            note_answers()
        assert list(PartTrouble.objects.values_list("part", "code")) == [("part.blob_store", "kserve.api_unreachable")]

        note_answers()
        assert not PartTrouble.objects.exists()

    @pytest.fixture
    def stuck(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        until = threading.Event()
        monkeypatch.setattr(blob_store(), "has", lambda _sha256: until.wait(30))
        yield
        until.set()

    @pytest.mark.usefixtures("stuck")
    def test_one_that_hangs_keeps_nobody_waiting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reachability, "TIMEOUT", 0.05)
        note_answers()
        assert list(PartTrouble.objects.values_list("code", flat=True)) == ["probe.silent"]

    def test_it_is_asked_once_a_minute(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(reachability, "_asked_at", None)
        asked: list[str] = []
        monkeypatch.setattr(blob_store(), "has", asked.append)
        reachability.look_at_parts()
        reachability.look_at_parts()
        assert len(asked) == 1
