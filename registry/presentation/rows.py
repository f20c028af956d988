"""Rows as pages show them: stored codes become texts here, so that templates only print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from registry.checks.results import detail_text
from registry.interfaces import Verdict
from registry.messages import Message, message
from registry.models import Check, Example, Job, JobState, ModelVersion, TrialRun, VersionFile
from registry.readable_json import readable_json

CHECK_TITLES = {
    "names": _("File names"),
    "size": _("Size and quota"),
    "format": _("Format gate"),
    "scan": _("Second opinion"),
    "introspection": _("What the file tells"),
    "runtime": _("Runtime"),
    "card": _("Model card"),
    "licence": _("Licence"),
    "examples": _("Examples"),
}


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check."""

    name: str
    verdict: str
    summary: str
    details: str
    advice: str
    duration_ms: int
    mend_url: str = ""


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file."""

    path: str
    size: int
    sha256: str
    download_url: str
    remove_url: str = ""
    page_url: str = ""
    verdict: str = ""
    summary: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True)
class ExampleRow:
    """One example as text."""

    position: int
    title: str
    request_text: str
    expected_text: str
    tolerance: float


@dataclass(frozen=True, slots=True)
class TrialAnswer:
    """How one example went in a trial run."""

    title: str
    matches: bool
    text: str
    latency_ms: float | None


@dataclass(frozen=True, slots=True)
class TrialRow:
    """A trial run; `text` says why it failed."""

    passed: bool
    text: Message | None
    load_ms: float | None
    peak_memory_bytes: int | None
    p50_ms: float | None
    p95_ms: float | None
    answers: list[TrialAnswer]
    log_tail: str


@dataclass(frozen=True, slots=True)
class WaitNote:
    """What a submitter is told about work under way. `failed` means that it will not go on by itself."""

    title: str
    body: str
    failed: bool
    done: int
    total: int


def check_rows(checks: Iterable[Check], *, links: Mapping[str, str] | None = None) -> list[CheckRow]:
    """Checks with their texts; `links` holds the address at which each may be mended, by the check's name."""
    rows = []
    for check in checks:
        text = message(check.code, check.params)
        passed = check.verdict == Verdict.PASS
        advice = "" if passed else "\n".join(part for part in (str(text.body), check.advice) if part)
        details = "\n".join(detail_text(detail) for detail in check.details)
        title = str(CHECK_TITLES.get(check.name, check.name))
        url = "" if passed else (links or {}).get(check.name, "")
        rows.append(CheckRow(title, check.verdict, str(text.title), details, advice, check.duration_ms, url))
    return rows


def file_rows(
    version: ModelVersion,
    files: Iterable[VersionFile],
    *,
    removable: bool = False,
    checks: Iterable[Check] = (),
) -> list[FileRow]:
    """Files with their addresses, and what the checks object to in each."""
    faults = _faults_of_files(checks)
    model = version.registered_model
    named = (model.owner.username, model.name, version.number)
    return [
        FileRow(
            path=file.path,
            size=file.blob.size,
            sha256=file.blob_id,
            download_url=reverse("registry:file", args=[version.pk, file.pk]),
            remove_url=reverse("registry:file_remove", args=[version.pk, file.pk]) if removable else "",
            page_url="" if removable else reverse("registry:file_page", args=[*named, file.path]),
            verdict="fail" if file.path in faults else "",
            summary=str(faults[file.path].title) if file.path in faults else "",
            advice=str(faults[file.path].body) if file.path in faults else "",
        )
        for file in files
    ]


def lost_file_rows(version: ModelVersion, files: Iterable[VersionFile]) -> list[FileRow]:
    """Files that were submitted, where the version stands for what was, and are no longer among its `files`."""
    there = {(file.path, file.blob_id) for file in files}
    submitted = version.submission.files if version.submission is not None else ()
    text = gettext("The owner has removed or replaced this file since.")
    return [
        FileRow(file["path"], file["size"], file["sha256"], download_url="", verdict="warn", summary=text)
        for file in submitted
        if (file["path"], file["sha256"]) not in there
    ]


def _faults_of_files(checks: Iterable[Check]) -> dict[str, Message]:
    """What the first failed check says about each file, by its path."""
    found: dict[str, Message] = {}
    for check in checks:
        if check.verdict == Verdict.FAIL:
            for detail in check.details:
                found.setdefault(detail["subject"], message(detail["code"], detail["params"]))
    return found


def example_rows(examples: Iterable[Example]) -> list[ExampleRow]:
    """Examples as people read JSON."""
    return [
        ExampleRow(e.position, e.title, readable_json(e.request), readable_json(e.expected), e.tolerance)
        for e in examples
    ]


def trial_row(trial: TrialRun | None) -> TrialRow | None:
    """A trial run with its texts."""
    if trial is None:
        return None
    answers = [
        TrialAnswer(
            title=str(example.get("title", "")),
            matches=bool(example.get("matches")),
            text=_answer_text(example),
            latency_ms=example.get("latency_ms"),
        )
        for example in trial.examples
    ]
    return TrialRow(
        passed=trial.passed,
        text=None if trial.passed else message(trial.code, trial.params),
        load_ms=trial.load_ms,
        peak_memory_bytes=trial.peak_memory_bytes,
        p50_ms=trial.p50_ms,
        p95_ms=trial.p95_ms,
        answers=answers,
        log_tail=trial.log_tail,
    )


def _answer_text(example: Mapping[str, Any]) -> str:
    if example.get("matches"):
        return gettext("Answered as expected")
    return str(message(str(example.get("code", "")), example.get("params") or {}).title)


def wait_note(job: Job | None) -> WaitNote | None:
    """What to tell about a job."""
    if job is None:
        return None
    if job.state == JobState.FAILED:
        text = message(job.last_error, job.last_error_params)
        return WaitNote(str(text.title), str(text.body), failed=True, done=0, total=0)
    if job.state == JobState.QUEUED and job.last_error:
        text = message(job.last_error, job.last_error_params)
        return WaitNote(str(text.title), gettext("It is tried again in a moment."), failed=False, done=0, total=0)
    title = gettext("Waiting for a free worker") if job.state == JobState.QUEUED else phase_title(job.phase)
    return WaitNote(title, "", failed=False, done=job.progress_done, total=job.progress_total)


PHASES = {
    "": _("Working"),
    "checks": _("Checking the files"),
    "format": _("Reading the model's format"),
    "scan": _("Asking for a second opinion"),
    "packaging": _("Packaging the image"),
    "starting": _("Starting the model for its trial"),
    "examples": _("Trying the examples"),
    "runtime": _("Preparing the runtime"),
}


def phase_title(phase: str) -> str:
    """A job's phase in words."""
    if phase in CHECK_TITLES:
        return gettext("Checking: %(what)s") % {"what": CHECK_TITLES[phase]}
    return str(PHASES.get(phase, PHASES[""]))
