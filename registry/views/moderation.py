"""Hiding what was said in a review, and bringing it back; both with a public reason."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from registry import services
from registry.errors import ForbiddenError
from registry.forms_community import HideForm
from registry.models import Review, ThreadComment
from registry.permissions import may_hide_said, may_take_part
from registry.selectors.reviews import comment_by_id, review_by_id
from registry.views.access import account_of, errors_on, requires
from registry.views.review_rows import version_address

GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])


@GET_OR_POST
@requires(may_take_part)
def comment_hide(request: HttpRequest, pk: int) -> HttpResponse:
    """A comment of a conversation."""
    return _hide(request, comment_by_id(pk=pk, user=request.user))


@GET_OR_POST
@requires(may_take_part)
def review_hide(request: HttpRequest, pk: int) -> HttpResponse:
    """The words of a reviewer's statement; its decision stays."""
    return _hide(request, review_by_id(pk=pk, user=request.user))


def said_path(said: ThreadComment | Review) -> str:
    """Where what was said in a review is read."""
    if isinstance(said, Review):
        return f"{version_address(said.version)}#review-{said.pk}"
    return f"{reverse('registry:thread', args=[said.thread_id])}#comment-{said.pk}"


def _hide(request: HttpRequest, said: ThreadComment | Review) -> HttpResponse:
    if not may_hide_said(request.user, said.version):
        raise ForbiddenError("rights.moderate_review")
    form = HideForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        act = services.show_said if said.is_hidden else services.hide_said
        with errors_on(form):
            act(said=said, actor=account_of(request), reason=form.cleaned_data["reason"])
            messages.success(request, _("Your decision is in the log."))
            return redirect(said_path(said))
    context = {
        "form": form,
        "said": said,
        "said_html": said.comment_html if isinstance(said, Review) else said.body_html,
        "version": said.version,
        "registered_model": said.version.registered_model,
        "back": said_path(said),
        "nav_section": "reviews",
    }
    return render(request, "registry/said_hide.html", context, status=400 if request.method == "POST" else 200)
