from __future__ import annotations

import csv
import time
from datetime import timedelta
from io import StringIO

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from deployer import services
from deployer.errors import IntegrityError
from deployer.models import Health, ImageBuild, Rollout
from deployer.services.figures import Counts, Span
from registry.jobs.sweep import take_lease
from registry.models import Job, Lease
from tests.deployer import pages, scene

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fakes")]


@pytest.fixture(autouse=True)
def _swept(_fakes: None) -> None:
    take_lease(holder="a worker")
    services.note_compared()


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

        assert "0 healthy, 1 down, 1 suspended" in text
        assert "The replica was killed." in text
        assert text.count("A stored file is damaged.") == 3
        assert "The model needs more memory than it was given." in text
        assert "Try again" not in text
        assert "Try again" in pages.text_of(pages.as_account(scene.operator()).get("/operations/"))

    def test_a_failure_that_was_overtaken_needs_no_attention(self, client: Client) -> None:
        pages.failed_rollout()
        scene.served()

        assert "Nothing needs attention." in pages.text_of(client.get("/operations/"))

    def test_shows_the_oldest_waiting_item_of_each_kind(self, client: Client) -> None:
        first, second = scene.in_review(name="first"), scene.in_review(name="second")
        scene.approve(first)
        scene.approve(second)
        ImageBuild.objects.filter(version=second).update(state_changed_at=timezone.now() - timedelta(hours=3))
        Job.objects.filter(kind="build_image").update(run_after=timezone.now() - timedelta(hours=3))

        text = pages.text_of(client.get("/operations/"))

        assert "2 queued, oldest: 3 hours" in text
        assert "Image builds Queued 2 vera/second 1 3 hours ago" in text
        assert "Image builds Queued 2 3 hours ago" in text
        assert "Work waits for a worker." in text

    def test_asks_again_often_only_while_work_is_under_way(self, client: Client) -> None:
        version = scene.in_review()
        scene.approve(version)
        assert 'hx-trigger="every 5s"' in client.get("/operations/figures/").content.decode()

        scene.work_off()
        Job.objects.filter(state="queued").delete()
        html = client.get("/operations/figures/?period=week").content.decode()
        assert 'hx-trigger="every 30s"' in html
        assert 'hx-get="/operations/figures/?period=week"' in html

    def test_the_disk_is_shown_to_operators(self, client: Client) -> None:
        assert "free of" not in pages.text_of(client.get("/operations/"))
        shown = pages.text_of(pages.as_account(scene.operator()).get("/operations/"))
        assert "free of" in shown
        assert "Of this machine" in shown
        assert "Most stored" not in shown

    def test_accounts_are_shown_to_administrators_alone(self, client: Client) -> None:
        scene.served()
        assert "Most stored" not in pages.text_of(client.get("/operations/"))

        text = pages.text_of(pages.as_account(scene.account("ada", "administrators")).get("/operations/"))

        assert "Administrators 1" in text
        assert "Most stored vera" in text
        assert "free of" not in text

    def test_a_silent_worker_is_told_and_makes_sync_unknown(self, client: Client) -> None:
        scene.served()
        assert "Healthy Synced 1/1" in pages.text_of(client.get("/operations/"))

        Lease.objects.update(until=timezone.now() - timedelta(hours=1))
        text = pages.text_of(client.get("/operations/"))

        assert "Nobody compares what should run with what runs." in text
        assert "The worker has been silent" in text
        assert "Healthy Unknown 1/1" in text

        take_lease(holder="a worker")  # which waits for something since
        text = pages.text_of(client.get("/operations/"))

        assert "Nobody compares what should run with what runs." in text
        assert "has waited or failed for more than a minute" in text
        assert "Healthy Unknown 1/1" in text

    def test_targets_that_are_missed_are_told_with_the_endpoint(self, client: Client) -> None:
        for name in ("bad", "slow", "fine"):
            scene.served(name=name)
        minute = int(time.time()) // 60 * 60
        for name, failed, number in (("bad", 10, 3), ("slow", 0, 15), ("fine", 0, 3)):
            counts = Counts(requests=100, failed=failed)
            counts.latencies[number] = 100
            services.add_figures(counted={Span(f"vera-{name}", 1, minute): counts})

        text = pages.text_of(client.get("/operations/?period=hour"))

        assert "vera-bad 10 % of the answers in the last hour were errors." in text
        assert "vera-slow 95 % of the answers in the last hour took up to" in text
        assert "vera-fine 95 %" not in text
        assert "Error rate 3.33 % target 0.50 %" in text

    def test_a_late_review_calls_a_reviewer(self, client: Client) -> None:
        version = scene.in_review()
        type(version).objects.update(submitted_at=timezone.now() - timedelta(days=3))
        text = pages.text_of(client.get("/operations/"))
        assert "A version waits for its review for a long time." in text
        assert "A reviewer has to act." in text

    def test_failures_can_be_repeated_by_whoever_may(self, client: Client) -> None:
        build = pages.failed_build()
        address = f'action="/builds/{build.pk}/retry/"'
        assert address not in client.get("/operations/").content.decode()
        assert address in pages.as_account(scene.operator()).get("/operations/").content.decode()
        assert address in pages.as_account(scene.owner_of(build.version)).get("/operations/").content.decode()


class TestDeployments:
    @pytest.fixture(autouse=True)
    def _several(self, _fakes: None) -> None:
        minute = int(time.time()) // 60 * 60
        for number, name in enumerate(("alpha", "beta", "gamma")):
            scene.served(name=name)
            counts = Counts(requests=10 * (number + 1), failed=number)
            counts.latencies[number] = counts.requests
            services.add_figures(counted={Span(f"vera-{name}", 1, minute - 60): counts})

    def order(self, client: Client, **asked: str) -> list[str]:
        response = client.get("/operations/", asked)
        return [row.endpoint.name.removeprefix("vera-") for row in response.context["page"].object_list]

    def test_are_sorted_by_any_figure(self, client: Client) -> None:
        for sort in ("requests", "p95", "errors", "changed", "name"):
            assert self.order(client, sort=sort) == ["alpha", "beta", "gamma"], sort
            assert self.order(client, sort=f"-{sort}") == ["gamma", "beta", "alpha"], sort
        Rollout.objects.filter(endpoint__name="vera-beta").update(health=Health.DEGRADED)
        assert self.order(client, sort="health")[0] == "beta"

    def test_can_be_searched_and_keep_the_order_in_the_address(self, client: Client) -> None:
        assert self.order(client, q="amm") == ["gamma"]
        assert "No deployment matches." in pages.text_of(client.get("/operations/?q=zzz"))
        html = client.get("/operations/?q=a&period=hour").content.decode()
        assert "q=a&amp;period=hour&amp;sort=-requests" in html
        assert 'aria-sort="ascending"' in html

    def test_a_senseless_order_is_that_by_name(self, client: Client) -> None:
        for sort in ("", "nonsense", "-", "--name", "\x00"):
            assert self.order(client, sort=sort) == ["alpha", "beta", "gamma"]

    def test_an_endpoint_behind_the_approved_version_is_out_of_sync(self, client: Client) -> None:
        version = scene.in_review(name="beta")
        (build_job,) = scene.approve(version)
        assert "vera/beta 1 Healthy Out of sync 1/1" in pages.text_of(client.get("/operations/"))
        scene.work((build_job,))
        assert "vera/beta 2 Healthy Synced 1/1" in pages.text_of(client.get("/operations/"))

    def test_figures_can_be_downloaded(self, client: Client) -> None:
        rows = list(csv.DictReader(StringIO(client.get("/operations/requests.csv").content.decode())))
        assert sum(int(row["requests"]) for row in rows) == 60
        builds = list(csv.DictReader(StringIO(client.get("/operations/builds.csv").content.decode())))
        assert [row["state"] for row in builds] == ["succeeded"] * 3


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
    assert len(few) <= 30


@pytest.mark.parametrize("path", ["/builds/", "/rollouts/", "/endpoints/"])
def test_lists_are_paged_and_say_when_they_are_empty(client: Client, path: str) -> None:
    assert "yet" in pages.text_of(client.get(path))
    scene.served()
    response = client.get(path, {"page": "999"})
    assert response.context["page"].paginator.per_page == 25
    assert response.context["page"].paginator.count == 1
