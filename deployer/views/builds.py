"""Pages of image builds."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from deployer import overview, selectors, services
from deployer.models import ImageBuild
from deployer.outputs import raw_log_answer
from deployer.presentation import build_phases, failure_note, log_rows
from deployer.selectors import UNFINISHED_BUILDS
from registry.permissions import may_retry, may_submit
from registry.presentation.events import timeline_rows
from registry.tasks import ring
from registry.views.access import account_of, asked, errors_as_messages, paged, requires

LONGEST_NUMBER = 9


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    """Every build, newest first."""
    page = paged(request, overview.all_builds())
    return render(request, "deployer/builds.html", {"page": page, "nav_section": "operations"})


@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """One build: steps with durations, what went wrong and who acts, digests, log."""
    build = selectors.build_by_id(pk)
    context = {
        **_progress(request, build),
        "events": timeline_rows(selectors.events_of(f"image_build:{pk}")),
        **_log(build),
        "rollout": build.rollouts.order_by("-pk").first(),
        "usual_ms": _milliseconds(overview.usual_seconds()),
        "nav_section": "operations",
    }
    return render(request, "deployer/build.html", context)


@require_safe
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the page that changes while the build runs."""
    context = _progress(request, selectors.build_by_id(pk))
    return render(request, "deployer/fragments/build_progress.html", context)


@require_safe
def log(request: HttpRequest, pk: int) -> HttpResponse:
    """The lines of the log after the number that the address names, and the request for the next ones."""
    after = asked(request, "after")
    context = _log(
        selectors.build_by_id(pk), after=int(after) if after.isdecimal() and len(after) < LONGEST_NUMBER else 0
    )
    return render(request, "deployer/fragments/build_log.html", context)


@require_safe
def raw_log(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole log as plain text, in English whoever asks, as it goes into reports of faults."""
    del request
    return raw_log_answer(selectors.build_by_id(pk))


@require_POST
@requires(may_submit)
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Queue a failed build once more."""
    with errors_as_messages(request):
        ring(services.retry_build(build=selectors.build_by_id(pk), actor=account_of(request)))
    return redirect("deployer:build", pk)


@require_POST
@requires(may_submit)
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop a build that has not ended."""
    with errors_as_messages(request):
        ring(services.cancel_build(build=selectors.build_by_id(pk), actor=account_of(request)))
    return redirect("deployer:build", pk)


def _progress(request: HttpRequest, build: ImageBuild) -> dict[str, object]:
    job = selectors.job_of("build_image", build.pk)
    return {
        "build": build,
        "phases": build_phases(build, job, overview.usual_build_phases()),
        "failure": failure_note(build.failure_code, build.failure_params),
        "running": _running(build),
        "may_retry": may_retry(request.user, build.version),
    }


def _log(build: ImageBuild, *, after: int = 0) -> dict[str, object]:
    # The state was read before the lines: once it says that the build is over, no line is missed.
    rows = log_rows(selectors.log_of(build, after=after))
    return {"build": build, "rows": rows, "after": rows[-1].number if rows else after, "running": _running(build)}


def _running(build: ImageBuild) -> bool:
    return build.state in UNFINISHED_BUILDS


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000
