"""A person's API tokens: made, listed and revoked here and nowhere else, so that no token can make another."""

from __future__ import annotations

import time
from datetime import timedelta

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.account.decorators import reauthentication_required
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST

from registry import services
from registry.errors import UserError
from registry.models import Account, ApiToken, Scope
from registry.permissions import may_submit
from registry.selectors.tokens import grantable_scopes, tokens_of
from registry.views.access import account_of, errors_on, requires

SCOPE_TEXTS = {
    Scope.SUBMIT: gettext_lazy("Submit: register models, upload files, submit, withdraw and retire your versions"),
    Scope.REVIEW: gettext_lazy("Review: read the review desk and decide"),
    Scope.OPERATE: gettext_lazy("Operate: retry, cancel, roll back and retire"),
    Scope.ADMINISTER: gettext_lazy(
        "Administer: give and take rights, suspend accounts, hide messages; for 30 days at most"
    ),
}
LIFETIMES = (7, 30, 90, 180, 365)
USUAL_LIFETIME = 30


class TokenForm(forms.Form):
    """What a new token is for, what it may do, and how long it lives."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=80, help_text=gettext_lazy("What it is for, as in “nightly upload”.")
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("May also"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Every token may read what your account may read."),
    )
    lifetime = forms.TypedChoiceField(
        label=gettext_lazy("Expires after"), coerce=lambda days: timedelta(days=int(days)), initial=USUAL_LIFETIME
    )

    def __init__(self, account: Account, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # handed on as they are
        scopes, lifetime = self.fields["scopes"], self.fields["lifetime"]
        if isinstance(scopes, forms.MultipleChoiceField) and isinstance(lifetime, forms.TypedChoiceField):
            scopes.choices = [(scope.value, SCOPE_TEXTS[scope]) for scope in grantable_scopes(account)]
            days = [number for number in LIFETIMES if number <= settings.TOKEN_MAX_DAYS] or [settings.TOKEN_MAX_DAYS]
            lifetime.choices = [
                (number, ngettext("%(count)s day", "%(count)s days", number) % {"count": number}) for number in days
            ]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_submit)
@sensitive_variables("secret", "context")
def tokens(request: HttpRequest) -> HttpResponse:
    """The list, and a form for a new one. A fresh secret stands on the answer to the form, and only there."""
    account = account_of(request)
    form = TokenForm(account, request.POST or None)
    context: dict[str, object] = {"form": form}
    status = 400 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            token, secret = _create(request, form)
            context |= {"form": TokenForm(account), "new_token": token, "secret": secret}
            status = 201
    context["tokens"] = tokens_of(account)
    return render(request, "registry/tokens.html", context, status=status)


@reauthentication_required  # type: ignore[untyped-decorator]  # allauth ships no types
def _create(request: HttpRequest, form: TokenForm) -> tuple[ApiToken, str]:
    """A session left open makes no key that outlives it: allauth asks for a password or a factor, then comes back."""
    if not get_adapter().get_reauthentication_methods(request.user) and not _has_just_signed_in(request):
        raise UserError("token.sign_in_again")  # a provider knows who it is, and is asked at a sign-in only
    return services.create_token(actor=account_of(request), **form.cleaned_data)


def _has_just_signed_in(request: HttpRequest) -> bool:
    last = max((record["at"] for record in get_authentication_records(request, request.user)), default=0.0)
    return bool(time.time() - last < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT)


@require_POST
@requires(may_submit)
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End one token."""
    services.revoke_token(token_id=pk, actor=account_of(request))
    messages.success(request, _("The token is revoked. Nothing can use it any more."))
    return redirect("registry:tokens")
