from __future__ import annotations

import pytest

from deployer import services, trial
from deployer.errors import BuildError, IntegrityError, TransientError
from deployer.interfaces import CupPhase, CupSpec, CupStatus, ServingResponse
from registry.models import Event, Job, JobState, ModelVersion, TrialRun, VersionState
from registry.services import withdraw_version
from tests.deployer import scene

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fakes")]


def try_once(version: ModelVersion) -> None:
    """Run the trial that is due, to the end or to its first failure."""
    scene.work(services.queue_trial(version_id=version.pk))
    version.refresh_from_db()


def try_it(version: ModelVersion) -> TrialRun:
    """The result of the trial that is due."""
    try_once(version)
    return TrialRun.objects.get(version=version)


def test_a_wrong_answer_sends_the_version_back_with_the_deviation() -> None:
    wrong = {"outputs": [{"name": "predict", "shape": [1], "datatype": "FP64", "data": [6.5]}]}

    version = scene.submitted(expected=wrong)
    found = try_it(version)

    assert version.state == VersionState.CHANGES_REQUESTED
    assert (found.passed, found.code) == (False, "trial.wrong_answer")
    assert found.params == {"title": "Six", "wrong": 1, "total": 1}
    assert found.examples[0]["worst"] == pytest.approx(0.5 / 6.5)
    assert found.p50_ms is None, "a wrong model is not measured"
    assert scene.serving().statuses() == {}


def test_a_model_that_does_not_start_sends_the_version_back_with_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = scene.serving()
    real = backend.status

    def failing(name: str) -> CupStatus:
        backend.fail(name, "serving.load_failed", log="ValueError: bad file")
        return real(name)

    monkeypatch.setattr(backend, "status", failing)
    version = scene.submitted()
    found = try_it(version)

    assert version.state == VersionState.CHANGES_REQUESTED
    assert (found.code, found.log_tail) == ("serving.load_failed", "ValueError: bad file")
    assert backend.calls[-1] == ("delete", f"trial-{version.pk}-1-1")


def test_a_model_that_dies_of_its_example_fails_with_what_killed_it() -> None:
    backend = scene.serving()

    def exhausted(spec: CupSpec, *_args: object) -> ServingResponse:
        backend.fail(spec.name, "serving.out_of_memory")
        raise TransientError("serving.unreachable")

    backend.answer = exhausted
    version = scene.submitted()
    found = try_it(version)

    assert version.state == VersionState.CHANGES_REQUESTED
    assert found.examples[0]["code"] == "serving.out_of_memory"


def test_a_cup_that_somebody_took_away_is_not_the_models_fault() -> None:
    backend = scene.serving()

    def taken_away(spec: CupSpec, *_args: object) -> ServingResponse:
        backend.become(spec.name, CupPhase.STOPPING)
        raise TransientError("serving.unreachable")

    backend.answer = taken_away
    version = scene.submitted()

    try_once(version)

    assert not TrialRun.objects.exists()
    assert version.state == VersionState.SUBMITTED
    assert Job.objects.get().last_error == "serving.unreachable"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (
            ServingResponse(status=400, content_type="application/json", body=b'{"error": "no"}'),
            "serving.request_refused",
        ),
        (ServingResponse(status=200, content_type="text/plain", body=b"hello"), "serving.answer_not_json"),
        (ServingResponse(status=200, content_type="application/json", body=b"[]"), "serving.answer_not_json"),
        (ServingResponse(status=200, content_type="application/json", body=b"{}"), "examples.answer_malformed"),
    ],
)
def test_a_strange_answer_is_a_failed_example(answer: ServingResponse, code: str) -> None:
    scene.serving().answer = lambda *_args: answer
    version = scene.submitted()

    assert try_it(version).examples[0]["code"] == code
    assert version.state == VersionState.CHANGES_REQUESTED


def test_a_silent_model_is_too_slow() -> None:
    scene.serving().seconds = 1e6
    version = scene.submitted()

    assert try_it(version).examples[0]["code"] == "serving.timeout"


def test_content_that_cannot_be_packaged_sends_the_version_back() -> None:
    scene.builder().failure = BuildError("build.bad_path", path="x")
    version = scene.submitted()
    found = try_it(version)

    assert version.state == VersionState.CHANGES_REQUESTED
    assert (found.code, found.params, found.image_digest) == ("build.bad_path", {"path": "x"}, "")


def test_a_missing_runtime_is_repeated_and_then_left_to_an_operator_with_the_reason() -> None:
    scene.serving().unavailable.add(scene.RUNTIME)
    version = scene.submitted()
    try_once(version)
    job = Job.objects.get()
    assert (job.state, job.failures, job.last_error) == (JobState.QUEUED, 1, "runtime.unknown")

    Job.objects.update(failures=11, run_after=job.created_at)
    scene.work_off()

    version.refresh_from_db()
    job.refresh_from_db()
    assert version.state == VersionState.SUBMITTED
    assert (job.state, job.last_error) == (JobState.FAILED, "runtime.unknown")
    event = Event.objects.get(tag="trial:not_made")
    assert (event.version, event.reason) == (version, "runtime.unknown")


def test_an_untried_version_is_tried_again_once_the_cause_is_mended() -> None:
    scene.builder().failure = IntegrityError("build.blob_changed", path="model.json", expected="a", actual="b")
    version = scene.submitted()
    try_once(version)
    assert Job.objects.get().state == JobState.FAILED

    scene.builder().failure = None
    assert try_it(version).passed
    assert version.state == VersionState.IN_REVIEW


def test_a_version_withdrawn_during_its_trial_gets_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    version = scene.submitted()
    backend = scene.serving()
    real = backend.apply

    def withdrawn_meanwhile(spec: CupSpec) -> CupStatus:
        withdraw_version(version=version, actor=scene.owner_of(version))
        return real(spec)

    monkeypatch.setattr(backend, "apply", withdrawn_meanwhile)
    try_once(version)

    assert version.state == VersionState.WITHDRAWN
    assert backend.statuses() == {}
    assert Job.objects.get().state == JobState.SUCCEEDED


def test_only_a_submitted_untried_version_is_tried() -> None:
    version = scene.in_review()

    assert services.queue_trial(version_id=version.pk) == ()


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.5, None),
        ([7.0], 0.95, 7.0),
        ([1.0, 2.0, 3.0, 4.0], 0.5, 2.0),
        ([float(n) for n in range(1, 21)], 0.95, 19.0),
    ],
)
def test_percentiles_are_nearest_ranks(values: list[float], share: float, expected: float | None) -> None:
    assert trial.percentile(values, share) == expected
