"""What reviewers and owners do beside deciding: claim, tick files, and talk about lines, files and examples."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from registry import selectors, services
from registry.card_diff import card_lines
from registry.errors import ForbiddenError, NotFoundError
from registry.forms import NewThreadForm, PlaceForm, ThreadForm
from registry.models import ModelVersion, ThreadSubject
from registry.permissions import may_discuss, may_hide_said, may_review, may_submit
from registry.selectors import threads
from registry.views.access import account_of, errors_as_messages, errors_on, own_page, requires
from registry.views.review_rows import version_address


@require_POST
@requires(may_review)
def review_claim(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that one is looking at the version; `take_over` from somebody else."""
    version = selectors.version_by_id(pk=pk, user=request.user)
    with errors_as_messages(request):
        take_over = request.POST.get("take_over") == "1"
        services.claim_version(version=version, actor=account_of(request), take_over=take_over)
        messages.success(request, _("You are reviewing this version now; others see that."))
    return _back(request, reverse("registry:review", args=[version.pk]))


@require_POST
@requires(may_review)
def review_release(request: HttpRequest, pk: int) -> HttpResponse:
    """Give one's claim back."""
    version = selectors.version_by_id(pk=pk, user=request.user)
    services.release_claim(version=version, actor=account_of(request))
    return _back(request, reverse("registry:review", args=[version.pk]))


@require_POST
@requires(may_review)
def file_viewed(request: HttpRequest, version_pk: int, pk: int) -> HttpResponse:
    """Tick a file of the version, or take the tick back."""
    version = selectors.version_by_id(pk=version_pk, user=request.user)
    file = selectors.file_of(version=version, pk=pk)
    with errors_as_messages(request):
        services.mark_file_viewed(
            version=version,
            reviewer=account_of(request),
            path=file.path,
            sha256=request.POST.get("sha256", ""),
            viewed=request.POST.get("viewed") == "1",
        )
    return redirect(reverse("registry:review_files", args=[version.pk]) + f"#file-{file.pk}")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_submit)
def thread_new(request: HttpRequest, pk: int) -> HttpResponse:
    """A form for a comment on a line, a file or an example; what was refused comes back here with its words."""
    version = selectors.version_by_id(pk=pk, user=request.user)
    if not may_discuss(request.user, version):
        raise ForbiddenError("rights.discuss")
    place = PlaceForm(request.POST if request.method == "POST" else request.GET)
    if not place.is_valid():
        raise NotFoundError("thread.no_such_place")
    initial = {**place.cleaned_data, "content_digest": version.content_digest}
    form = NewThreadForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            thread = services.post_line_comment(version=version, author=account_of(request), **form.cleaned_data)
            messages.success(request, _("Your comment is posted."))
            return _back(request, _home_of(request, version), anchor=f"thread-{thread.pk}")
    context = {"version": version, "registered_model": version.registered_model, "form": form, "nav_section": "reviews"}
    context |= _place_context(version, place.cleaned_data) | {"next": request.POST.get("next", "")}
    return render(request, "registry/thread_new.html", context, status=400 if request.method == "POST" else 200)


def _place_context(version: ModelVersion, place: dict[str, object]) -> dict[str, object]:
    """What the form stands at: a few lines of the card around it, or the name of the file or example."""
    line = place["line"]
    if place["subject"] != ThreadSubject.CARD or not isinstance(line, int):
        return {"place": place}
    lines = list(enumerate(card_lines(version.card_source), start=1))
    return {"place": place, "around": lines[max(0, line - 3) : line]}


@require_http_methods(["GET", "HEAD", "POST"])
def thread(request: HttpRequest, pk: int) -> HttpResponse:
    """A thread by itself, at an address that stays, and answering it."""
    form = ThreadForm(request.POST or None)
    if request.method == "POST":
        return _reply(request, pk, form)
    return render(request, "registry/thread.html", _thread_context(request, pk, form))


@requires(may_submit)
def _reply(request: HttpRequest, pk: int, form: ThreadForm) -> HttpResponse:
    found = threads.thread_by_id(pk=pk, user=request.user)
    if form.is_valid():
        with errors_on(form):
            services.reply_to_thread(thread=found, author=account_of(request), body=form.cleaned_data["body"])
            messages.success(request, _("Your comment is posted."))
            return _back(request, _home_of(request, found.version), anchor=f"thread-{pk}")
    if not may_discuss(request.user, found.version):
        raise ForbiddenError("rights.discuss")
    return render(request, "registry/thread.html", _thread_context(request, pk, form), status=400)


def _thread_context(request: HttpRequest, pk: int, form: ThreadForm) -> dict[str, object]:
    found = threads.thread_by_id(pk=pk, user=request.user)
    (placed,) = threads.placed_threads(found.version, threads.threads_of(found.version).filter(pk=pk))
    return {
        "placed": placed,
        "version": found.version,
        "registered_model": found.version.registered_model,
        "form": form,
        "may_discuss": may_discuss(request.user, found.version),
        "may_hide": may_hide_said(request.user, found.version),
        "may_review": may_review(request.user),
        "here": request.path,
        "next": request.POST.get("next", ""),
    }


@require_POST
@requires(may_submit)
def thread_resolve(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark a thread as settled, or open it again."""
    found = threads.thread_by_id(pk=pk, user=request.user)
    services.resolve_thread(thread=found, actor=account_of(request), resolved=request.POST.get("resolved", "1") == "1")
    return _back(request, _home_of(request, found.version), anchor=f"thread-{pk}")


def _home_of(request: HttpRequest, version: ModelVersion) -> str:
    """Where the conversation of a version is read: on the desk by reviewers, on the version's page by others."""
    if may_review(request.user):
        return reverse("registry:review_conversation", args=[version.pk])
    return version_address(version)


def _back(request: HttpRequest, otherwise: str, *, anchor: str = "") -> HttpResponse:
    """To the page that the form stood on, if it is one of ours."""
    address = own_page(request, otherwise).partition("#")[0]
    return redirect(f"{address}#{anchor}" if anchor else address)
