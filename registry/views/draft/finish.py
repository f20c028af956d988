"""The last step: the checks, what will be frozen, and submitting; and deleting a draft."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from registry import selectors, services
from registry.artifacts.content import content_digest
from registry.editions import EditionError, edition_of
from registry.interfaces import Verdict
from registry.licences import licence_named
from registry.messages import message
from registry.models import ModelVersion
from registry.permissions import may_submit
from registry.presentation.rows import check_rows, wait_note
from registry.tasks import ring
from registry.views.access import account_of, errors_as_messages, errors_on, requires
from registry.views.draft import frame
from registry.views.draft.forms import SubmitForm
from registry.views.draft.stepper import mending_links

PART = "submit"


@require_safe
@requires(may_submit)
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """Checks of the draft, and submitting it."""
    return _page(request, frame.draft_of(request, pk), SubmitForm())


@require_safe
@requires(may_submit)
def version_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The checks alone; asks to be loaded again only while work is under way."""
    version = selectors.own_version(pk=pk, user=request.user)
    # What the page shows around this is what it showed at first, so that is what may be submitted from it.
    token = request.GET.get("token") or (edition_of(version, PART) if version.is_editable else "")
    context = {"version": version, "submit_form": SubmitForm(), "token": token, **_progress(version)}
    return render(request, "registry/fragments/progress.html", context)


@require_POST
@requires(may_submit)
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Run the draft's checks once more."""
    version = frame.draft_of(request, pk)
    with errors_as_messages(request):
        ring(services.check_again(version=version, actor=account_of(request)))
    return redirect("registry:draft", version.pk)


@require_POST
@requires(may_submit)
def version_submit(request: HttpRequest, pk: int) -> HttpResponse:
    """Freeze the draft and send it on its way, once its submitter has confirmed what no check can see.

    Where it is no longer what was looked at, the page comes back with what it is now, to be confirmed anew.
    """
    version = selectors.own_version(pk=pk, user=request.user)
    form = SubmitForm(request.POST)
    if not version.is_editable:
        with errors_as_messages(request):
            ring(services.submit_version(version=version, actor=account_of(request), confirmed=()))
        return frame.to_version(version)
    if not form.is_valid():
        return _page(request, version, form, status=400)
    with errors_on(form):
        actor, seen = account_of(request), request.POST.get("token", "")
        try:
            ring(services.submit_version(version=version, actor=actor, confirmed=form.confirmed(), seen=seen))
        except EditionError as error:
            text = message(error.code, error.params)
            messages.error(request, f"{text.title} {text.body}")
            return redirect("registry:draft", version.pk)
        messages.success(request, _("Submitted. Checks and a trial run come first, then a reviewer looks at it."))
        return frame.to_version(version)
    return _page(request, version, form, status=400)


@require_POST
@requires(may_submit)
def draft_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a draft that was never submitted."""
    version = selectors.own_version(pk=pk, user=request.user)
    with errors_as_messages(request):
        services.delete_draft(version=version, actor=account_of(request))
        messages.success(request, _("The draft is deleted."))
        return redirect("registry:my_models")
    return frame.to_version(version)


def _page(request: HttpRequest, version: ModelVersion, form: SubmitForm, *, status: int = 200) -> HttpResponse:
    step = frame.Step(draft=version, name="submit", part=PART, template="registry/draft_submit.html")
    files = selectors.files_of(version)
    licence = licence_named(version.licence)
    extra = {
        "submit_form": form,
        "file_count": len(files),
        "file_bytes": sum(file.blob.size for file in files),
        "example_count": version.examples.count(),
        "card_bytes": len(version.card_source.encode()),
        "licence_name": licence.name if licence else "",
        "content_digest": content_digest(version),
        **_progress(version),
    }
    if form.is_bound and "token" in request.POST:
        extra["token"] = request.POST["token"]  # what is ticked was ticked for that
    return frame.page(request, step, form, status=status, **extra)


def _progress(version: ModelVersion) -> dict[str, object]:
    job = selectors.open_job(version)
    checks = selectors.current_checks(version)
    note = wait_note(job)
    links = mending_links(version, checks) if version.is_editable else {}
    return {
        "checks": check_rows(checks, links=links),
        "note": note,
        "waiting": note is not None and not note.failed,
        "ready": bool(checks) and all(row.verdict != Verdict.FAIL for row in checks),
        "failed_count": sum(row.verdict == Verdict.FAIL for row in checks),
        "version": version,
    }
