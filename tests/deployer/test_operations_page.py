from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from deployer import services
from deployer.errors import IntegrityError
from deployer.models import Health, ImageBuild, Rollout
from registry.models import Job
from tests.deployer import pages, scene

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fakes")]


class TestOperationsPage:
    def test_says_that_all_is_well(self, client: Client) -> None:
        scene.served()

        text = pages.text_of(client.get("/operations/"))

        assert "Nothing needs attention." in text
        assert "1 healthy" in text
        assert "vera/sums 1" in text.replace(" / ", "/")

    def test_is_complete_when_nothing_happened_yet(self, client: Client) -> None:
        text = pages.text_of(client.get("/operations/"))
        assert "No model is in production yet." in text
        assert "Nothing waits anywhere." in text

    def test_lists_what_needs_attention_with_who_acts(self, client: Client) -> None:
        down = scene.served(name="down")
        Rollout.objects.filter(pk=down.pk).update(health=Health.DEGRADED, health_code="serving.killed")
        pages.failed_build()
        pages.failed_rollout()
        untried = scene.submitted(name="untried")
        scene.builder().failure = IntegrityError("build.blob_changed", path="model.json")
        scene.work(services.queue_trial(version_id=untried.pk))

        text = pages.text_of(client.get("/operations/"))

        assert "0 healthy, 1 down" in text
        assert "The replica was killed." in text
        assert text.count("A stored file is damaged.") == 2
        assert "The model needs more memory than it was given." in text
        assert "Try again" not in text
        assert "Try again" in pages.text_of(pages.as_account(scene.operator()).get("/operations/"))

    def test_a_failure_that_was_overtaken_needs_no_attention(self, client: Client) -> None:
        pages.failed_rollout()
        scene.served()

        assert "Nothing needs attention." in pages.text_of(client.get("/operations/"))

    def test_shows_the_oldest_waiting_item_of_each_kind(self, client: Client) -> None:
        version = scene.in_review()
        scene.approve(version)
        ImageBuild.objects.update(state_changed_at=timezone.now() - timedelta(hours=3))
        Job.objects.filter(kind="build_image").update(run_after=timezone.now() - timedelta(hours=3))

        text = pages.text_of(client.get("/operations/"))

        assert "1 queued" in text
        assert "oldest: 3 hours ago" in text
        assert "Queue: Image builds Queued 1" in text

    def test_asks_again_only_while_work_is_under_way(self, client: Client) -> None:
        version = scene.in_review()
        scene.approve(version)
        assert 'hx-get="/operations/figures/"' in client.get("/operations/figures/").content.decode()

        scene.work_off()
        Job.objects.filter(state="queued").delete()
        assert "hx-get" not in client.get("/operations/figures/").content.decode()

    def test_the_disk_is_shown_to_operators(self, client: Client) -> None:
        assert "free of" not in pages.text_of(client.get("/operations/"))
        assert "free of" in pages.text_of(pages.as_account(scene.operator()).get("/operations/"))


@pytest.mark.parametrize(
    "path",
    ["/operations/", "/builds/", "/rollouts/", "/endpoints/", "/endpoints/vera-first/", "/builds/1/", "/rollouts/1/"],
)
def test_pages_cost_the_same_number_of_queries_however_much_there_is(client: Client, path: str) -> None:
    first = scene.served(name="first")
    path = path.replace("/builds/1/", f"/builds/{first.build_id}/").replace("/rollouts/1/", f"/rollouts/{first.pk}/")
    client.get(path)
    with CaptureQueriesContext(connection) as few:
        assert client.get(path).status_code == 200
    for name in ("first", "second", "third"):
        scene.served(name=name)
    with CaptureQueriesContext(connection) as many:
        assert client.get(path).status_code == 200

    assert len(many) == len(few)
    assert len(few) <= 16


@pytest.mark.parametrize("path", ["/builds/", "/rollouts/", "/endpoints/"])
def test_lists_are_paged_and_say_when_they_are_empty(client: Client, path: str) -> None:
    assert "yet" in pages.text_of(client.get(path))
    scene.served()
    response = client.get(path, {"page": "999"})
    assert response.context["page"].paginator.per_page == 25
    assert response.context["page"].paginator.count == 1
