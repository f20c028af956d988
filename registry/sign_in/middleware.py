"""When and from where a session was last used, for its owner to see."""

from __future__ import annotations

import time
from collections.abc import Callable

from allauth.usersessions.models import UserSession
from django.http import HttpRequest, HttpResponse

EVERY_SECONDS = 600
SEEN = "seen_at"


class SessionActivityMiddleware:
    """Writes at most once in ten minutes per session, as a write at each page would queue behind SQLite's others."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer; then note the visit."""
        response = self.get_response(request)
        # Only where the view looked at the session anyway: an answer that needs none shall cost no query.
        if request.session.accessed and request.session.session_key and request.user.is_authenticated:
            now = int(time.time())
            if now - request.session.get(SEEN, 0) >= EVERY_SECONDS:
                UserSession.objects.create_from_request(request)
                request.session[SEEN] = now
        return response


def note_sign_in(request: HttpRequest) -> None:
    """At a sign-in allauth has just written down the new session; the first page need not do it again."""
    request.session[SEEN] = int(time.time())
