from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from deployer import overview, services
from deployer.models import BuildLogLine, ImageBuild
from deployer.presentation import BUILD_PHASES
from deployer.services.build_log import MOST_LINES
from registry.jobs.queue import claim
from registry.models import Job
from tests.deployer import pages, scene

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fakes")]


def codes(build: ImageBuild) -> list[str]:
    lines = BuildLogLine.objects.filter(build=build).order_by("number")
    return list(lines.values_list("code", flat=True))


def queued_build() -> ImageBuild:
    version = scene.in_review()
    scene.approve(version)
    return ImageBuild.objects.get(version=version)


def test_bytes_lost_after_the_approval_are_an_operators_business() -> None:
    build = queued_build()
    scene.blobs().blobs.clear()

    scene.work_off()

    build.refresh_from_db()
    assert (build.state, build.failure_code) == ("failed", "storage.blob_missing")
    assert build.failure_params["who_acts"] == "operator"


class TestLines:
    def test_a_build_tells_what_it_does(self) -> None:
        rollout = scene.served()
        assert codes(rollout.build) == [
            "build_log.queued",
            "build_log.begun",
            "build_log.checked",
            "build_log.file",
            "build_log.built",
            "build_log.accepted",
        ]

    def test_a_failure_and_another_try_stand_in_it(self) -> None:
        build = pages.failed_build()
        services.retry_build(build=build, actor=scene.operator())
        services.cancel_build(build=build, actor=scene.operator())
        assert codes(build)[-3:] == ["build.blob_changed", "build_log.retried", "build_log.cancelled"]

    def test_a_build_that_another_worker_takes_up_says_so(self) -> None:
        build = queued_build()
        job = Job.objects.get(kind="build_image")
        held = claim(job_id=job.pk, deadline=timedelta(hours=1))
        assert held is not None
        with held.writing():
            services.begin_build(build=build)
        Job.objects.filter(pk=job.pk).update(lease_until=timezone.now() - timedelta(minutes=1))

        scene.work((job.pk,))

        line = BuildLogLine.objects.get(build=build, code="build_log.resumed")
        assert line.params == {"attempt": 2}

    def test_it_does_not_grow_for_ever(self) -> None:
        build = queued_build()
        for _ in range(MOST_LINES + 5):
            services.log_line(build=build, code="build_log.begun", params={"attempt": 1})
        assert len(codes(build)) == MOST_LINES
        assert codes(build)[-1] == "build_log.full"


class TestPages:
    def test_a_running_build_asks_for_the_lines_after_the_last(self, client: Client) -> None:
        build = queued_build()
        assert f'hx-get="/builds/{build.pk}/log/?after=1"' in client.get(f"/builds/{build.pk}/").content.decode()

        services.log_line(build=build, code="build_log.begun", params={"attempt": 1})
        more = client.get(f"/builds/{build.pk}/log/?after=1").content.decode()
        assert "A worker began, attempt 1." in more
        assert "waits for a worker" not in more
        assert f'hx-get="/builds/{build.pk}/log/?after=2"' in more

    def test_asking_ends_with_the_build(self, client: Client) -> None:
        build = scene.served().build
        more = client.get(f"/builds/{build.pk}/log/?after=4").content.decode()
        assert "hx-get" not in more
        assert "It is the image that was approved." in more
        assert "hx-get" not in client.get(f"/builds/{build.pk}/").content.decode()

    @pytest.mark.parametrize("after", ["", "-1", "x", "9" * 40, "\x00"])
    def test_a_senseless_number_gives_the_whole_log(self, client: Client, after: str) -> None:
        build = scene.served().build
        response = client.get(f"/builds/{build.pk}/log/", {"after": after})
        assert response.content.decode().count("<li>") == 6

    def test_the_raw_log_is_inert_and_english(self, client: Client) -> None:
        build = pages.failed_build()
        response = client.get(f"/builds/{build.pk}/log.txt", headers={"accept-language": "ar"})
        assert response["Content-Type"] == "text/plain; charset=utf-8"
        assert response["Content-Security-Policy"].startswith("sandbox")
        lines = response.content.decode().splitlines()
        assert len(lines) == 5
        assert lines[-1].split(" ", 1)[1].startswith("A stored file is damaged.")
        assert lines[0][:4] == str(timezone.now().year)

    def test_steps_are_shown_against_their_usual_time(self, client: Client) -> None:
        first = scene.served(name="first").build
        phases = [{**phase, "seconds": 70.0} for phase in first.phases]
        ImageBuild.objects.filter(pk=first.pk).update(phases=phases)
        assert overview.usual_build_phases() == dict.fromkeys(BUILD_PHASES, 70.0)
        build = queued_build()
        ImageBuild.objects.filter(pk=build.pk).update(state_changed_at=timezone.now() - timedelta(seconds=35))

        response = client.get(f"/builds/{build.pk}/")

        assert pages.text_of(response).count("usually 1 min 10 s") == len(BUILD_PHASES)
        assert 'max="70000"' in response.content.decode()
