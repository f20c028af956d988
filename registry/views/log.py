"""The public log: its page, its entries and its Atom feeds. Filters stand in the address."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.feedgenerator import Atom1Feed
from django.utils.http import http_date, quote_etag
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from registry import selectors
from registry.models import Event
from registry.presentation.events import EVENT_TEXTS, event_kind, tags_asked_for, timeline_rows
from registry.selectors import LogFilter
from registry.views.access import asked, asked_number
from registry.views.model_frame import origin_of

PAGE = 50
GROUPS = {
    "version": _("Versions"),
    "review": _("Reviews"),
    "discussion": _("Discussions"),
    "trial": _("Trial runs"),
    "image_build": _("Image builds"),
    "rollout": _("Rollouts"),
    "report": _("Reports"),
    "account": _("Accounts"),
}
# What XML 1.0 cannot hold at all.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@require_safe
def event_log(request: HttpRequest) -> HttpResponse:
    """Everything that was decided and done, newest first."""
    wanted = wanted_of(request)
    page = selectors.log_page(
        wanted, before=asked_number(request, "before"), after=asked_number(request, "after"), size=PAGE
    )
    rows = timeline_rows(page.events)
    fields = ("tag", "model", "actor", "since", "until")
    kept = request.GET.copy()
    for gone in ("before", "after"):
        kept.pop(gone, None)
    context = {
        "page": page,
        "log_rows": list(zip(page.events, rows, strict=True)),
        "asked": {field: asked(request, field) for field in fields},
        "filtered": any(asked(request, field) for field in fields),
        "tags": [(tag, event_kind(tag)) for tag in EVENT_TEXTS if tag.partition(":")[0] in GROUPS],
        "groups": [(f"{name}:", label) for name, label in GROUPS.items()],
        "feed_url": f"{reverse('registry:log_feed')}{'?' if kept else ''}{kept.urlencode()}",
    }
    return render(request, "registry/event_log.html", context)


@require_safe
def event(request: HttpRequest, pk: int) -> HttpResponse:
    """One event, at an address that stays."""
    found = selectors.event_by_id(pk)
    return render(request, "registry/event.html", {"event": found, "row": timeline_rows([found])[0]})


@require_safe
def log_feed(request: HttpRequest) -> HttpResponseBase:
    """The log as Atom, with the filters of the page."""
    return _feed(request, wanted_of(request), title=gettext("Decision log"), page=reverse("registry:event_log"))


@require_safe
def model_feed(request: HttpRequest, owner: str, name: str) -> HttpResponseBase:
    """The log of one model as Atom."""
    registered_model = selectors.model_named(user=request.user, owner=owner, name=name)
    wanted = replace(wanted_of(request), owner=owner, model=name)
    return _feed(
        request,
        wanted,
        title=gettext("Log of %(model)s") % {"model": registered_model},
        page=reverse("registry:model_log", args=[owner, name]),
    )


def wanted_of(request: HttpRequest) -> LogFilter:
    """The filters that the address names; what makes no sense there is left out."""
    owner, slash, model = asked(request, "model").partition("/")
    return LogFilter(
        tags=tags_asked_for(asked(request, "tag")),
        owner=owner if slash else "",
        model=model if slash else owner,
        actor=asked(request, "actor"),
        since=_day(asked(request, "since")),
        until=_day(asked(request, "until")),
    )


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if date.min < day < date.max else None


def _feed(request: HttpRequest, wanted: LogFilter, *, title: str, page: str) -> HttpResponseBase:
    """Atom with entries that keep their ids; a reader that has them all is told so without their text."""
    origin = origin_of(request)
    events = list(selectors.logged(wanted)[:PAGE])
    newest = events[0] if events else None
    etag = quote_etag(f"{newest.pk if newest else 0}-{len(events)}-{get_language()}")
    modified = int(newest.at.timestamp()) if newest else None
    known = get_conditional_response(request, etag=etag, last_modified=modified)
    response = known or HttpResponse(_atom(events, origin, request, title, page), "application/atom+xml; charset=utf-8")
    response["ETag"] = etag
    if modified is not None:
        response["Last-Modified"] = http_date(modified)
    return response


def _atom(events: Sequence[Event], origin: str, request: HttpRequest, title: str, page: str) -> str:
    feed = Atom1Feed(
        title=f"{title} – {settings.SITE_NAME}",  # noqa: RUF001  # the dash of every page's title
        link=origin + page,
        feed_url=origin + request.get_full_path(),
        feed_guid=origin + request.get_full_path(),
        description="",
        language=get_language(),
        author_name=settings.SITE_NAME,
    )
    for found, row in zip(events, timeline_rows(events), strict=True):
        url = origin + row.url
        who = row.actor_name or gettext("The portal")
        about = f" · {found.registered_model}" if found.registered_model else ""
        feed.add_item(
            title=_writable(f"{who} {row.text}{about}"),
            link=url,
            description=_writable(row.comment),
            pubdate=found.at,
            updateddate=found.at,
            author_name=_writable(who),
            unique_id=_tag_uri(url, found.at),
            categories=[found.tag],
        )
    return feed.writeString("utf-8")


def _tag_uri(url: str, at: datetime) -> str:
    """An entry's id for ever (RFC 4151), whichever scheme the portal is asked by."""
    parts = urlsplit(url)
    return f"tag:{parts.hostname},{at:%Y-%m-%d}:{parts.path}"


def _writable(text: str) -> str:
    return _UNWRITABLE.sub("\ufffd", text)
