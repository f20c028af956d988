"""What every page's frame shows."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from portal import env
from registry import permissions, selectors
from registry.models import Account
from registry.selectors.notifications import MANY, unread_count


def navigation(request: HttpRequest) -> dict[str, object]:
    """`nav`: the entries that this person may use, with the review count; lazy, for pages that show no frame.

    `canonical`: the page's address without what only sorts or filters it.
    """

    def build() -> dict[str, object]:
        # A request that is refused early, as under a foreign host name, has come to nobody yet.
        user = getattr(request, "user", AnonymousUser())
        reviewer = permissions.may_review(user)
        unread = unread_count(user) if isinstance(user, Account) else 0
        return {
            "may_submit": permissions.may_submit(user),
            "may_review": reviewer,
            "may_operate": permissions.may_operate(user),
            "may_handle_reports": permissions.may_handle_reports(user),
            "may_administer": permissions.may_administer(user),
            "unread_count": unread,
            # The count ends at its limit: for a person a hundred is many.
            "unread_shown": f"{MANY - 1}+" if unread == MANY else str(unread),
            "lacks_second_factor": permissions.lacks_second_factor(user),
            "review_count": selectors.open_review_count() if reviewer else 0,
        }

    return {
        "nav": SimpleLazyObject(build),
        "site_name": settings.SITE_NAME,
        "theme": request.COOKIES.get("theme", ""),
        "source_url": env.SOURCE_URL,
        "privacy_url": env.PRIVACY_URL,
        "canonical": _origin(request) + request.path,
    }


def _origin(request: HttpRequest) -> str:
    """The portal's public address; "" under a host name that it does not answer to, whose error page is a page too."""
    if settings.SITE_URL:
        return str(settings.SITE_URL)
    try:
        return f"{request.scheme}://{request.get_host()}"
    except DisallowedHost:
        return ""
