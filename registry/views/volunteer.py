"""A volunteer's own models, and what one does with a version that is no draft; the draft's steps are in `draft/`."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from registry import selectors, services
from registry.forms import RetireForm, WithdrawForm
from registry.permissions import may_submit
from registry.tasks import ring
from registry.uploads.admission import quota_of, used_bytes
from registry.views.access import account_of, errors_as_messages, paged, requires
from registry.views.draft.frame import to_version
from registry.views.draft.stepper import change_requests_for
from registry.views.model_pages import version_page
from registry.views.own_models import own_row


@require_safe
@requires(may_submit)
def my_models(request: HttpRequest) -> HttpResponse:
    """The account's models with the state of each newest version."""
    page = paged(request, selectors.own_models(account_of(request)))
    models = list(page.object_list)
    newest = selectors.newest_own_versions(models)
    rows = [own_row(model, newest[model.pk]) for model in models if model.pk in newest]
    quota = quota_of(account_of(request))
    context = {"page": page, "rows": rows, "used": used_bytes(account_of(request)), "quota": quota}
    return render(request, "registry/my_models.html", context)


@require_POST
@requires(may_submit)
def version_start(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """Open the next draft of a model."""
    registered_model = selectors.model_named(user=request.user, owner=owner, name=name)
    draft = services.start_version(registered_model=registered_model, actor=account_of(request))
    return redirect("registry:draft_basics", draft.pk)


@require_POST
@requires(may_submit)
def version_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a version back."""
    version = selectors.own_version(pk=pk, user=request.user)
    form = WithdrawForm(request.POST)
    if not form.is_valid():
        return version_page(request, version, form=form, status=HTTPStatus.BAD_REQUEST)
    with errors_as_messages(request):
        reason = form.cleaned_data["reason"]
        ring(services.withdraw_version(version=version, actor=account_of(request), reason=reason))
        messages.success(request, _("Withdrawn. You can reopen it as a draft at any time."))
    return to_version(version)


@require_POST
@requires(may_submit)
def version_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a version a draft again, and go to the first place that was asked to be changed."""
    version = selectors.own_version(pk=pk, user=request.user)
    with errors_as_messages(request):
        ring(services.reopen_version(version=version, actor=account_of(request)))
        asked = next((change.url for change in change_requests_for(version, "") if change.url), "")
        if asked:
            return redirect(asked)
    return to_version(version)


@require_POST
@requires(may_submit)
def version_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Repeat a step that failed for a reason outside the model."""
    version = selectors.version_by_id(pk=pk, user=request.user)
    with errors_as_messages(request):
        ring(services.retry_version(version=version, actor=account_of(request)))
    return to_version(version)


@require_POST
@requires(may_submit)
def version_retire(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an approved version out of service."""
    version = selectors.version_by_id(pk=pk, user=request.user)
    form = RetireForm(request.POST)
    if not form.is_valid():
        return version_page(request, version, form=form, status=HTTPStatus.BAD_REQUEST)
    with errors_as_messages(request):
        reason = form.cleaned_data["reason"]
        ring(services.retire_version(version=version, actor=account_of(request), reason=reason))
    return to_version(version)
