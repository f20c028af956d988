"""Trying a draft's examples: answers for its submitter, from a model whose files have passed their checks."""

from __future__ import annotations

import json

import pytest

from deployer import cups
from deployer.draft_trial import MAX_ANSWER_BYTES
from deployer.handlers import trials
from deployer.interfaces import CupSpec, ServingResponse
from deployer.reconcile import reconcile
from registry import services
from registry.artifacts.content import content_digest
from registry.models import Check, DraftTrial, Job, JobState, ModelVersion
from registry.selectors import answers_by_request, request_digest
from tests.deployer import scene
from tests.fakes.serving import sum_of_rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_fakes")]


@pytest.fixture
def draft() -> ModelVersion:
    """One whose checks have passed."""
    version = scene.submitted()
    ModelVersion.objects.filter(pk=version.pk).update(state="draft", revision=0, submitted_by=None)
    version.refresh_from_db()
    (check,) = Check.objects.filter(version=version)
    for name in ("format", "scan"):
        check.pk, check.name, check.frozen = None, name, False
        check.save()
    return version


def try_it(draft: ModelVersion) -> DraftTrial:
    scene.work(services.try_draft(version=draft, actor=scene.owner_of(draft)))
    return DraftTrial.objects.get(version=draft)


def test_each_example_gets_the_models_answer(draft: ModelVersion) -> None:
    found = try_it(draft)

    (row,) = found.answers
    assert row["request"] == request_digest(scene.REQUEST)
    assert row["answer"]["outputs"][0]["data"] == [6.0]
    assert (found.code, row["code"]) == ("", "")
    assert found.peak_memory_bytes == scene.serving().peak_memory_bytes
    assert scene.serving().calls[-1] == ("delete", f"draft-{draft.pk}-1")


def test_a_second_try_replaces_the_first(draft: ModelVersion) -> None:
    first = try_it(draft)
    second = try_it(draft)

    assert first.pk != second.pk
    assert Job.objects.get(kind="try_draft").state == JobState.SUCCEEDED


def test_one_example_alone_is_asked_beside_what_the_others_were_answered(draft: ModelVersion) -> None:
    """Answers of other files are not kept; whoever asks for all of them anew gets all of them."""
    (first,) = draft.examples.all()
    request = json.loads(json.dumps(scene.REQUEST))
    request["inputs"][0]["data"] = [value + 1 for value in request["inputs"][0]["data"]]
    draft.examples.create(position=2, title="More", request=request, expected=first.expected, tolerance=0)
    Check.objects.filter(version=draft).update(content_digest=content_digest(draft))

    def try_one(position: int) -> DraftTrial:
        scene.work(services.try_draft(version=draft, actor=scene.owner_of(draft), position=position))
        return DraftTrial.objects.get(version=draft)

    def answered(trial: DraftTrial) -> list[str]:
        return [row["request"] for row in trial.answers]

    one, two = request_digest(scene.REQUEST), request_digest(request)
    assert answered(try_one(2)) == [two]
    assert answered(try_one(1)) == [two, one]
    assert answered(try_it(draft)) == [one, two]
    draft.examples.filter(position=2).update(request=json.loads(json.dumps(request).replace("2.0", "3.0")))
    Check.objects.filter(version=draft).update(content_digest=content_digest(draft))
    assert answered(try_one(1)) == [one]
    draft.files.latest("pk").delete()
    assert list(answers_by_request(draft, DraftTrial.objects.get())) == []


def test_files_that_failed_a_check_are_never_started(draft: ModelVersion) -> None:
    Check.objects.filter(version=draft, name="scan").update(verdict="fail")

    found = try_it(draft)

    assert found.code == "try.checks_failed"
    assert ("apply", f"draft-{draft.pk}-1") not in scene.serving().calls


def test_answers_wait_for_the_checks_of_the_present_content(
    draft: ModelVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "CHECKS_SECONDS", 0.0)
    Check.objects.filter(version=draft).update(content_digest="sha256:old")

    scene.work(services.try_draft(version=draft, actor=scene.owner_of(draft)))

    job = Job.objects.get(kind="try_draft")
    assert (job.state, job.last_error) == (JobState.QUEUED, "try.checks_pending")
    assert scene.serving().calls == []


def test_a_refused_request_is_told_beside_its_example(draft: ModelVersion) -> None:
    def refusing(spec: CupSpec, method: str, path: str, body: bytes) -> ServingResponse:
        return ServingResponse(status=400, content_type="application/json", body=b'{"error": "three columns"}')

    scene.serving().answer = refusing
    (row,) = try_it(draft).answers

    assert (row["code"], row["params"]["detail"]) == ("serving.request_refused", "three columns")


def test_an_answer_that_no_page_could_show_is_not_kept(draft: ModelVersion) -> None:
    def verbose(spec: CupSpec, method: str, path: str, body: bytes) -> ServingResponse:
        content = json.dumps({"outputs": ["x" * MAX_ANSWER_BYTES]}).encode()
        return ServingResponse(status=200, content_type="application/json", body=content)

    scene.serving().answer = verbose
    (row,) = try_it(draft).answers

    assert (row["code"], row["answer"]) == ("try.answer_large", None)


def test_a_model_that_does_not_start_says_why(draft: ModelVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = scene.serving()
    real = backend.status

    def failing(name: str) -> object:
        backend.fail(name, "serving.load_failed", log="ValueError: bad file")
        return real(name)

    monkeypatch.setattr(backend, "status", failing)
    found = try_it(draft)

    assert (found.code, found.log_tail) == ("serving.load_failed", "ValueError: bad file")


def test_the_sweep_leaves_a_cup_that_is_being_tried_alone(draft: ModelVersion) -> None:
    due = services.try_draft(version=draft, actor=scene.owner_of(draft))
    Job.objects.filter(pk__in=due).update(state=JobState.RUNNING, attempt=1)
    spec = cups.draft_cup(draft, attempt=1, model_name="m", content_digest=content_digest(draft))
    scene.serving().apply(spec)

    reconcile()
    assert f"draft-{draft.pk}-1" in scene.serving().statuses()
    Job.objects.filter(pk__in=due).update(state=JobState.SUCCEEDED)
    reconcile()
    assert f"draft-{draft.pk}-1" not in scene.serving().statuses()


def test_a_version_that_was_submitted_meanwhile_is_not_tried(draft: ModelVersion) -> None:
    due = services.try_draft(version=draft, actor=scene.owner_of(draft))
    ModelVersion.objects.filter(pk=draft.pk).update(state="submitted")

    scene.work(due)

    assert not DraftTrial.objects.exists()


def test_a_cluster_tries_a_draft_from_an_image_of_its_own(draft: ModelVersion) -> None:
    """It pulls what it serves, so the draft's present content is packaged first, as a trial's image is."""
    backend, seen = scene.serving(), []
    backend.pulls_images = True

    def answer(spec: CupSpec, method: str, path: str, body: bytes) -> ServingResponse:
        seen.append(spec)
        return sum_of_rows(spec, method, path, body)

    backend.answer = answer

    assert try_it(draft).code == ""
    assert scene.builder().get(seen[0].image_digest).digest != content_digest(draft)
    assert {spec.trial for spec in seen} == {True}
