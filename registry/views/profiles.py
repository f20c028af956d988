"""What an account shows to everybody, and what it says about itself."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from registry import services
from registry.forms_community import ProfileForm
from registry.permissions import may_be_told
from registry.presentation.events import timeline_rows
from registry.selectors import presences
from registry.selectors.profiles import account_named, profile_figures, public_acts_of, public_models_of
from registry.selectors.watching import watched_models
from registry.views.access import account_of, errors_on, paged, requires

RECENT = 15
WATCHED = 10


@require_safe
def profile(request: HttpRequest, username: str) -> HttpResponse:
    """Models, reviews and recent acts of an account."""
    account = account_named(username)
    page = paged(request, public_models_of(account), size=12)
    acts = list(public_acts_of(account)[:RECENT])
    models = list(page.object_list)
    found = presences(models)
    is_own = account.pk == request.user.pk
    context = {
        "account": account,
        "page": page,
        "rows": [(model, found[model.pk].shown if model.pk in found else None) for model in models],
        "figures": profile_figures(account),
        "log_rows": list(zip(acts, timeline_rows(acts), strict=True)),
        "is_own": is_own,
        "watched": list(watched_models(account)[:WATCHED]) if is_own else [],
    }
    return render(request, "registry/profile.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_be_told)
def profile_edit(request: HttpRequest) -> HttpResponse:
    """One's own display name and language, and the way to everything else about one's account."""
    account = account_of(request)
    initial = {"display_name": account.display_name, "language": account.language}
    form = ProfileForm(request.POST if request.method == "POST" else None, initial=initial)  # every field may be empty
    if request.method == "POST" and form.is_valid():
        with errors_on(form), transaction.atomic():
            services.choose_display_name(account=account, name=form.cleaned_data["display_name"])
            services.choose_language(account=account, language=form.cleaned_data["language"])
            messages.success(request, _("Your choice is saved."))
            return redirect("registry:profile", account.username)
    status = 400 if request.method == "POST" else 200
    return render(request, "registry/profile_edit.html", {"form": form}, status=status)
