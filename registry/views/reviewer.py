"""The review desk."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from registry import selectors, services
from registry.card_diff import card_diff
from registry.errors import ConflictError
from registry.forms import ReviewForm
from registry.models import Decision, ModelVersion, VersionState
from registry.permissions import may_decide, may_review
from registry.tasks import ring
from registry.views.access import account_of, errors_on, paged, requires
from registry.views.presentation import check_rows, example_rows, file_rows, review_rows, timeline_rows, trial_row


@require_safe
@requires(may_review)
def review_queue(request: HttpRequest) -> HttpResponse:
    """What waits for a decision, the longest waiting first."""
    page = paged(request, selectors.review_queue())
    rows = [{"version": version, "mine": not may_decide(request.user, version)} for version in page.object_list]
    return render(request, "registry/review_queue.html", {"page": page, "rows": rows, "nav_section": "reviews"})


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_review)
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything that a decision needs, on one page."""
    version = selectors.version_by_id(pk=pk, user=request.user)
    if version.state == VersionState.DRAFT:
        raise ConflictError("review.not_in_review", state=version.state)
    initial = {"content_digest": version.content_digest, "image_digest": version.image_digest}
    form = ReviewForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            ring(services.state_review(version=version, reviewer=account_of(request), **form.cleaned_data))
            messages.success(request, _("Your review is recorded."))
            return redirect("registry:review", version.pk)
        version.refresh_from_db()
        if any(form.data.get(name) != getattr(version, name) for name in ("content_digest", "image_digest")):
            form.data = _as_shown_now(form, version)
    status = 400 if request.method == "POST" else 200
    return render(request, "registry/review.html", _review_context(request, version, form), status=status)


def _as_shown_now(form: ReviewForm, version: ModelVersion) -> QueryDict:
    """What was typed, on the content that the answer shows; the decision has to be made anew."""
    typed = QueryDict(mutable=True)
    typed.update({"comment": form.data.get("comment", ""), "decision": Decision.COMMENT})
    typed.update({"content_digest": version.content_digest, "image_digest": version.image_digest})
    return typed


def _review_context(request: HttpRequest, version: ModelVersion, form: ReviewForm) -> dict[str, object]:
    checks = check_rows(selectors.current_checks(version))
    in_use = selectors.version_in_use(version.registered_model, before=version)
    return {
        "version": version,
        "registered_model": version.registered_model,
        "row": selectors.with_status([version])[0],
        "checks": checks,
        "passed_count": sum(check.verdict == "pass" for check in checks),
        "failed_count": sum(check.verdict == "fail" for check in checks),
        "warned_count": sum(check.verdict == "warn" for check in checks),
        "trial": trial_row(selectors.trial_run_of(version)),
        "files": file_rows(version, selectors.files_of(version)),
        "examples": example_rows(version.examples.all()),
        "in_use": in_use,
        "diff": card_diff(in_use.card_source, version.card_source) if in_use else [],
        "reviews": review_rows(version.reviews.select_related("reviewer")),
        "events": timeline_rows(selectors.public_events().filter(version=version)[:20]),
        "form": form,
        "may_decide": may_decide(request.user, version) and version.state == VersionState.IN_REVIEW,
        "own": not may_decide(request.user, version),
        "nav_section": "reviews",
    }
