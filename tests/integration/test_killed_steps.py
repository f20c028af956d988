"""A worker's process dies before, inside or after any step of any job: the next one ends where no death would have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from django.test import Client
from django.utils import timezone

from deployer import services as deployer_services
from deployer.backends import image_builder, serving_backend
from deployer.models import Endpoint, ImageBuild, Rollout
from deployer.packaging import image_spec
from deployer.reconcile import reconcile
from registry import services
from registry.artifacts.content import content_digest
from registry.artifacts.folder import FolderBlobStore
from registry.backends import blob_store
from registry.checklist import CHECKLIST
from registry.examples import ExampleInput
from registry.jobs.queue import due_job_ids
from registry.models import Account, Event, Job, JobState, ModelVersion, TrialRun, Upload, VersionState
from registry.services.finishing import queue_finishing
from registry.services.uploads import create_upload
from registry.uploads.storage import partial_files
from tests.factories import CONFIRMED, IRIS, make_account, make_draft, make_model, model_bytes
from tests.fakes.builders import InMemoryImageBuilder
from tests.fakes.inspection import FakeInspector, FakeScanner
from tests.fakes.shared_serving import SharedServingBackend
from tests.fakes.wiring import entry
from tests.integration.workers import Step, run_in_worker

KINDS = (
    "finish_uploads", "check_draft", "check_frozen", "try_version",
    "build_image", "roll_out", "converge_cup", "stop_cup",
)  # fmt: skip
SUM = {"outputs": [{"name": "predict", "shape": [1], "datatype": "FP64", "data": [10.2]}]}
EXAMPLE = ExampleInput("A setosa", IRIS.request, SUM, 1e-6)
MODEL = model_bytes()

pytestmark = [pytest.mark.once, pytest.mark.django_db(transaction=True)]


@dataclass(frozen=True)
class Ending:
    """What is left of a version's life, for comparison with an undisturbed one."""

    state: str
    events: tuple[str, ...]
    checks: int
    trials: tuple[bool, ...]
    builds: tuple[str, ...]
    rollouts: tuple[str, ...]
    answers: tuple[int, ...]
    unfinished: int


class Story:
    """The life of one version, from its last uploaded byte to its retirement, each job in a worker of its own."""

    def __init__(self, *, people: tuple[Account, Account], name: str, log: Path, death: Step | None = None) -> None:
        self.owner, self.reviewer = people
        self.draft = make_draft(make_model(self.owner, name), files={}, examples=[EXAMPLE])
        self.log, self.death, self.deaths = log, death, 0

    def live(self) -> Ending:
        """All of it; each step ends before the next one begins."""
        self._work(self._uploaded())
        self._work(services.submit_version(version=self.draft, actor=self.owner, confirmed=CONFIRMED))
        self.draft.refresh_from_db()
        assert self.draft.state == VersionState.IN_REVIEW, self.death
        self._work(
            services.state_review(
                version=self.draft,
                reviewer=self.reviewer,
                decision="approve",
                comment="",
                content_digest=self.draft.content_digest,
                image_digest=self.draft.image_digest,
                checklist=tuple(CHECKLIST),
            )
        )
        rollout = Rollout.objects.get(version=self.draft)
        self._one_image_is_served(rollout)
        answers = [self._asked()]
        backend().kill(rollout.cup_name)
        self._work(reconcile())
        reconcile()
        answers.append(self._asked())
        self.draft.refresh_from_db()
        self._work(services.retire_version(version=self.draft, actor=self.owner))
        reconcile()  # whatever a dead trial left running
        assert backend().statuses() == {}, self.death
        return self._ending((*answers, self._asked()))

    def _uploaded(self) -> tuple[int, ...]:
        upload = create_upload(actor=self.owner, version_id=self.draft.pk, path="model.json", length=len(MODEL))
        with partial_files().writer(upload.pk) as partial:
            partial.append(MODEL)
            partial.sync()
        return queue_finishing(upload)

    def _work(self, due: tuple[int, ...]) -> None:
        """Do what is due; of a dead worker the lease runs out, which nobody waits for here."""
        assert due
        rounds = 0
        while ids := due_job_ids():
            rounds += 1
            assert rounds < 12, (self.death, list(Job.objects.exclude(state=JobState.SUCCEEDED).values()))
            for job_id in ids:
                self.deaths += not run_in_worker(job_id, log=self.log, death=None if self.deaths else self.death)
            running = Job.objects.filter(state=JobState.RUNNING)
            running.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert not Job.objects.exclude(state=JobState.SUCCEEDED).exists(), self.death

    def _one_image_is_served(self, rollout: Rollout) -> None:
        """The image that was tried, built and is served is the one that this content gives anywhere else."""
        version = rollout.version
        other = InMemoryImageBuilder(blob_store()).build(image_spec(version)).digest
        build = ImageBuild.objects.get(version=version)
        assert version.content_digest == content_digest(version)
        assert {version.image_digest, build.built_digest, rollout.image_digest, other} == {other}, self.death
        assert image_builder().get(other).digest == other
        assert Endpoint.objects.get(registered_model=version.registered_model).current_id == rollout.pk
        running = {name for name in backend().statuses() if name.startswith("cup-")}
        assert running == {rollout.cup_name}, self.death

    def _asked(self) -> int:
        name = deployer_services.endpoint_name(self.draft.registered_model)
        answer = Client().post(f"/serve/v2/models/{name}/infer", EXAMPLE.request, content_type="application/json")
        if answer.status_code == 200:
            assert answer.json()["outputs"] == SUM["outputs"]
            assert answer["X-Model-Digest"] == self.draft.image_digest
        return answer.status_code

    def _ending(self, answers: tuple[int, ...]) -> Ending:
        version = ModelVersion.objects.get(pk=self.draft.pk)
        return Ending(
            state=version.state,
            events=tuple(Event.objects.filter(version=version).order_by("pk").values_list("tag", flat=True)),
            checks=version.checks.count(),
            trials=tuple(TrialRun.objects.filter(version=version).values_list("passed", flat=True)),
            builds=tuple(ImageBuild.objects.filter(version=version).values_list("state", flat=True)),
            rollouts=tuple(Rollout.objects.filter(version=version).values_list("state", flat=True)),
            answers=answers,
            unfinished=Upload.objects.filter(version=version, finished_at=None).count(),
        )


def backend() -> SharedServingBackend:
    return cast(SharedServingBackend, serving_backend())


@pytest.fixture(autouse=True)
def _shared(settings: Any, tmp_path: Path) -> None:
    """Everything that has to outlive a worker lies in files; the gate runs in the worker itself."""
    settings.UPLOADS_DIR = tmp_path / "uploads"
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    settings.BACKENDS = {
        **settings.BACKENDS,
        "blob_store": entry(FolderBlobStore(tmp_path / "blobs")),
        "file_inspector": entry(FakeInspector()),
        "pickle_scanner": entry(FakeScanner()),
        "serving": {"class": "tests.fakes.shared_serving.shared_serving", "options": {}},
        "image_builder": {
            "class": "deployer.builders.local.LocalImageBuilder",
            "options": {"root": tmp_path / "images"},
        },
    }
    serving_backend()  # built before the first worker, or each would build one of its own


def steps(log: Path, kind: str, *, alike: int) -> list[Step]:
    """The steps that jobs of this kind came to; of many calls alike the first few and the last."""
    rows = [line.split("\t") for line in log.read_text().splitlines()]
    found = list(dict.fromkeys(Step(row[0], row[1], int(row[2]), row[3]) for row in rows if row[0] == kind))
    last = {step.name: step.number for step in found}
    return [step for step in found if step.number <= alike or step.number == last[step.name]]


def live_and_die(kind: str, folder: Path, *, alike: int, sides: set[str]) -> None:
    """One undisturbed life, then one for each step with a death at it; all must end alike."""
    people = make_account("ada"), make_account("rita", groups=["reviewers"])
    log = folder / "steps"
    undisturbed = Story(people=people, name="undisturbed", log=log).live()
    assert undisturbed.answers == (200, 200, 410)
    points = [step for step in steps(log, kind, alike=alike) if step.side in sides]
    assert points

    for number, step in enumerate(points):
        story = Story(people=people, name=f"killed-{number}", log=log, death=step)
        assert (str(step), story.live()) == (str(step), undisturbed)
        assert story.deaths == 1, f"nobody died {step}"
    images = list((folder / "images" / "images").iterdir())
    assert len(images) == len(points) + 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_death_inside_or_after_a_step_leaves_what_no_death_would_have(kind: str, tmp_path: Path) -> None:
    live_and_die(kind, tmp_path, alike=0, sides={"inside", "after"})


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_a_death_at_any_side_of_any_step_leaves_what_no_death_would_have(kind: str, tmp_path: Path) -> None:
    live_and_die(kind, tmp_path, alike=2, sides={"before", "inside", "after"})
