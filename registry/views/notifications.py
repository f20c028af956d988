"""The inbox, what one hears of, and watching models."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from registry import selectors, services
from registry.models import Concern
from registry.news import news_path, news_rows
from registry.permissions import may_be_told, may_take_part
from registry.selectors import notifications as reads
from registry.selectors.watching import watched_models
from registry.services.notifying import read_unsubscribe_token
from registry.views.access import account_of, asked, own_page, paged, requires


@require_safe
@requires(may_be_told)
def inbox(request: HttpRequest) -> HttpResponse:
    """What concerns the account, unread first."""
    account = account_of(request)
    unread_only, concern = asked(request, "show") == "unread", asked(request, "concern")
    page = paged(request, reads.inbox(account, unread_only=unread_only, concern=concern))
    unread = reads.unread_by_concern(account)
    context = {
        "page": page,
        "rows": news_rows(page.object_list, reader=account),
        "unread_only": unread_only,
        "concern": concern,
        "concerns": [(each.value, each.label, unread.get(each, 0)) for each in reads.concerns_of(account)],
        "unread_total": sum(unread.values()),
    }
    return render(request, "registry/notifications.html", context)


@require_safe
@requires(may_be_told)
def follow(request: HttpRequest, pk: int) -> HttpResponse:
    """Lead to what a notification is about, which is thereby read. Only the account's own row is touched."""
    account = account_of(request)
    notification = reads.own_notification(account=account, pk=pk)
    services.mark_read(account=account, ids=[pk])
    return redirect(news_path(notification, reader=account))


@require_POST
@requires(may_be_told)
def mark_read(request: HttpRequest) -> HttpResponse:
    """Mark one notification read or unread, or all of them read."""
    account = account_of(request)
    if "all" in request.POST:
        services.mark_read(account=account)
        messages.success(request, _("Everything is marked as read."))
    for name, read in (("read", True), ("unread", False)):
        ids = [int(value) for value in request.POST.getlist(name) if value.isdecimal() and len(value) < 19]  # noqa: PLR2004  # what a row's number can be
        if ids:
            services.mark_read(account=account, ids=ids, read=read)
    return redirect(own_page(request, reverse("registry:notifications")))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(may_be_told)
def settings_page(request: HttpRequest) -> HttpResponse:
    """What the account hears of, where and how often, and the models that it follows."""
    account = account_of(request)
    if request.method == "POST":
        for switch in reads.switches_of(account):
            chosen = request.POST.getlist(switch.concern)
            services.set_switch(account=account, concern=switch.concern, inbox="inbox" in chosen, mail="mail" in chosen)
        services.set_mail_pace(account=account, daily=request.POST.get("pace") == "daily")
        messages.success(request, _("Your choice is saved."))
        return redirect("registry:notification_settings")
    context = {
        "switches": reads.switches_of(account),
        "daily": account.daily_mail,
        "soon": not account.daily_mail,
        "address": reads.mail_address(account),
        "page": paged(request, watched_models(account)),
    }
    return render(request, "registry/notification_settings.html", context)


# The token is the proof: mail programs post here without a session or a cookie (RFC 8058).
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Switch off the mail that a token names; only a post does it, since programs visit links by themselves."""
    account, concerns = read_unsubscribe_token(token)
    done = request.method == "POST"
    if done:
        services.unsubscribe(token=token)
    labels = [Concern(concern).label for concern in concerns]
    context = {"name": account.username, "labels": labels, "done": done, "token": token}
    return render(request, "registry/unsubscribe.html", context)


@require_POST
@requires(may_take_part)
def watch(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """Follow a model, or stop."""
    registered_model = selectors.model_named(user=request.user, owner=owner, name=name)
    watching = request.POST.get("watching") == "1"
    services.watch_model(registered_model=registered_model, account=account_of(request), watching=watching)
    said = _("You hear of what happens to this model.") if watching else _("You do not hear of this model any more.")
    messages.success(request, said)
    return redirect(own_page(request, reverse("registry:model", args=[owner, name])))
