from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from deployer import services
from deployer.models import Endpoint, Health, ImageBuild, Rollout
from registry.models import Lease
from tests.deployer import pages, scene

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fakes")]


class TestBuildPage:
    def test_shows_steps_and_digests_to_everybody(self, client: Client) -> None:
        rollout = scene.served()

        response = client.get(f"/builds/{rollout.build_id}/")

        text = pages.text_of(response)
        assert "Packaging" in text
        assert rollout.image_digest in text
        assert "built the image of version 1" in text
        assert "Cancel build" not in text
        assert "hx-trigger" not in response.content.decode(), "a finished build is not asked for again"

    def test_a_failure_says_what_happened_who_acts_and_offers_a_retry_to_who_may(self, client: Client) -> None:
        build = pages.failed_build()
        path = f"/builds/{build.pk}/"

        text = pages.text_of(client.get(path))
        assert "A stored file is damaged." in text
        assert "An operator has to act." in text
        assert "Try again" not in text

        for account in (scene.owner_of(build.version), scene.operator()):
            assert "Try again" in pages.text_of(pages.as_account(account).get(path))

    def test_a_retry_goes_on_to_production(self) -> None:
        build = pages.failed_build()

        response = pages.as_account(scene.owner_of(build.version)).post(f"/builds/{build.pk}/retry/", follow=True)
        assert "Queued" in pages.text_of(response)
        assert "hx-trigger" in response.content.decode()

        scene.work_off()
        assert Rollout.objects.get().state == "ready"

    def test_a_running_build_shows_its_progress_and_ends_its_polling_by_itself(self, client: Client) -> None:
        version = scene.in_review()
        scene.approve(version)
        build = ImageBuild.objects.get()
        fragment = f"/builds/{build.pk}/progress/"

        assert f'hx-get="{fragment}"' in client.get(f"/builds/{build.pk}/").content.decode()
        assert f'hx-get="{fragment}"' in client.get(fragment).content.decode()

        scene.work_off()
        ended = client.get(fragment).content.decode()
        assert "hx-get" not in ended
        assert "<html" not in ended

    def test_its_owner_may_cancel_it(self) -> None:
        version = scene.in_review()
        scene.approve(version)
        build = ImageBuild.objects.get()

        response = pages.as_account(scene.owner_of(version)).post(f"/builds/{build.pk}/cancel/", follow=True)

        assert "Cancelled" in pages.text_of(response)

    @pytest.mark.parametrize("verb", ["retry", "cancel"])
    def test_strangers_may_not_and_visitors_sign_in_first(self, client: Client, verb: str) -> None:
        build = pages.failed_build()
        path = f"/builds/{build.pk}/{verb}/"

        assert pages.as_account(scene.account("stranger")).post(path).status_code == 403
        assert client.post(path)["Location"].startswith("/accounts/login/")
        assert pages.as_account(scene.operator()).get(path).status_code == 405

    def test_an_unknown_one_is_404(self, client: Client) -> None:
        assert client.get("/builds/4242/").status_code == 404


class TestRolloutPage:
    def test_shows_state_and_health_apart(self, client: Client) -> None:
        rollout = scene.served()
        Rollout.objects.update(
            health=Health.DEGRADED, health_code="serving.killed", health_params={"signal": 9}, restarts=3
        )

        text = pages.text_of(client.get(f"/rollouts/{rollout.pk}/"))

        assert "In production" in text
        assert "Down, being restarted" in text
        assert "signal 9" in text
        assert "Restarts 3" in text

    def test_the_replicas_output_is_for_its_owner_and_operators(self, client: Client) -> None:
        rollout = pages.failed_rollout()
        path = f"/rollouts/{rollout.pk}/"

        public = pages.text_of(client.get(path))
        assert "needs more memory" in public
        assert "The submitter has to act." in public
        assert "17 GiB" not in public
        assert "17 GiB" not in pages.text_of(pages.as_account(scene.account("stranger")).get(path))
        for account in (scene.owner_of(rollout.version), scene.operator()):
            assert "MemoryError: 17 GiB" in pages.text_of(pages.as_account(account).get(path))

    def test_a_retry_goes_on_to_production(self) -> None:
        rollout = pages.failed_rollout()

        response = pages.as_account(scene.owner_of(rollout.version)).post(f"/rollouts/{rollout.pk}/retry/", follow=True)
        assert "Waiting" in pages.text_of(response)
        assert f'hx-get="/rollouts/{rollout.pk}/progress/"' in response.content.decode()

        scene.work_off()
        assert "hx-get" not in Client().get(f"/rollouts/{rollout.pk}/progress/").content.decode()

    def test_a_refused_retry_says_why(self) -> None:
        rollout = pages.failed_rollout()
        scene.served()

        response = pages.as_account(scene.operator()).post(f"/rollouts/{rollout.pk}/retry/", follow=True)

        assert "A newer version is in service" in pages.text_of(response)

    def test_an_operator_rolls_back_with_a_reason(self) -> None:
        old, new = scene.served(), scene.served()
        path = f"/rollouts/{old.pk}/"
        assert "Serve version 1 again" not in pages.text_of(pages.as_account(scene.owner_of(old.version)).get(path))
        operator = pages.as_account(scene.operator())
        assert "Serve version 1 again" in pages.text_of(operator.get(path))

        operator.post(f"{path}restore/", {"reason": "wrong answers", "confirm": "vera-sums"})
        scene.work_off()

        assert Endpoint.objects.get().current.version == old.version  # type: ignore[union-attr]  # it has one
        assert "wrong answers" in pages.text_of(operator.get(f"/rollouts/{Rollout.objects.latest('pk').pk}/"))
        new.refresh_from_db()
        assert new.state == "superseded"

    def test_rolling_back_is_for_operators(self) -> None:
        old, _new = scene.served(), scene.served()

        response = pages.as_account(scene.owner_of(old.version)).post(f"/rollouts/{old.pk}/restore/")

        assert response.status_code == 403
        assert Rollout.objects.count() == 2


class TestRolloutStatuses:
    @pytest.fixture(autouse=True)
    def _swept(self, _fakes: None) -> None:
        services.note_compared()

    def statuses(self, client: Client, rollout: Rollout) -> str:
        return pages.text_of(client.get(f"/rollouts/{rollout.pk}/progress/"))

    def test_sync_and_health_are_two_things(self, client: Client) -> None:
        rollout = scene.served()
        assert "Sync Synced" in self.statuses(client, rollout)
        assert "Health Healthy" in self.statuses(client, rollout)

        Rollout.objects.filter(pk=rollout.pk).update(health=Health.DEGRADED)
        assert "Sync Synced" in self.statuses(client, rollout)
        assert "Health Degraded" in self.statuses(client, rollout)
        Rollout.objects.filter(pk=rollout.pk).update(health=Health.MISSING)
        assert "Sync Out of sync" in self.statuses(client, rollout)
        assert "Health Missing" in self.statuses(client, rollout)

    def test_nobody_knows_while_nothing_is_compared(self, client: Client) -> None:
        rollout = scene.served()
        Lease.objects.update(until=timezone.now() - timedelta(hours=1))
        assert "Sync Unknown" in self.statuses(client, rollout)

    def test_a_replaced_replica_is_suspended_once_it_has_drained(self, client: Client) -> None:
        old = scene.served()
        scene.served()
        assert "Sync Out of sync" in self.statuses(client, old)
        services.note_stopped(rollout=old)
        assert "Sync Synced" in self.statuses(client, old)
        assert "Health Suspended" in self.statuses(client, old)

    def test_a_waiting_or_failed_rollout_is_out_of_sync(self, client: Client) -> None:
        assert "Sync Out of sync" in self.statuses(client, pages.failed_rollout())

    def test_the_replica_is_shown_to_its_owner_and_the_history_to_all(self, client: Client) -> None:
        rollout = scene.served()
        text = pages.text_of(client.get(f"/rollouts/{rollout.pk}/"))
        assert "Rollouts of this endpoint" in text
        assert "The replica now" not in text
        own = pages.text_of(pages.as_account(scene.owner_of(rollout.version)).get(f"/rollouts/{rollout.pk}/"))
        assert "Memory 150.0" in own


def test_rolling_back_needs_the_name_of_the_endpoint() -> None:
    old = scene.served()
    scene.served()
    operator = pages.as_account(scene.operator())

    response = operator.post(f"/rollouts/{old.pk}/restore/", {"reason": "worse answers", "confirm": "vera-sum"})

    assert response.status_code == 400
    assert "This is not the name of the endpoint." in pages.text_of(response)
    assert 'value="worse answers"' in response.content.decode()
    assert Rollout.objects.count() == 2
