"""What every answer owes the browser: headers that close doors, and a body where Django leaves an error empty."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render

from portal.error_pages import answer, not_found

GetResponse = Callable[[HttpRequest], HttpResponse]
PERMISSIONS = ", ".join(
    [
        *(f"{name}=()" for name in ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")),
        "publickey-credentials-create=(self)",
        "publickey-credentials-get=(self)",
    ]
)

COMPRESSED = {"text/html", "application/atom+xml", "application/xml", "application/vnd.oai.openapi+json"}


class HeadersMiddleware:
    """Headers that Django has no setting for; a view that sets one itself keeps it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with them."""
        response = self.get_response(request)
        response.setdefault("Permissions-Policy", PERMISSIONS)
        response.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if settings.SESSION_COOKIE_NAME in request.COOKIES or settings.SESSION_COOKIE_NAME in response.cookies:
            # Signed-in people's pages stay neither in a shared cache nor behind the next visitor's Back button.
            response.setdefault("Cache-Control", "private, no-store")
        return response


class CompressionMiddleware(GZipMiddleware):
    """Pages travel compressed: long tables shrink to a tenth, which people with slow connections feel.

    Django's middleware varies the length, so that guessing a secret by it does not pay. The API's JSON keeps its bytes,
    since a compressed answer would carry a weaker tag than `If-Match` accepts; so do files and predictions.
    """

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Compress what is read as text."""
        kind = response.get("Content-Type", "").partition(";")[0]
        if response.streaming or kind not in COMPRESSED:
            return response
        compressed: HttpResponseBase = super().process_response(request, response)
        return compressed


class ErrorPagesMiddleware:
    """Fills in what Django answers without a body, and lets a form lead to another site in spite of `form-action`."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer with a body."""
        response = self.get_response(request)
        if _is_bare_error(request, response):
            return _filled(request, response)
        if request.method == "POST" and response.status_code == HTTPStatus.FOUND:
            return _stepping_stone(request, response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A way to sign in that this installation does not offer is no page."""
        from allauth.socialaccount.models import SocialApp

        return not_found(request, exception) if isinstance(exception, SocialApp.DoesNotExist) else None


def _is_bare_error(request: HttpRequest, response: HttpResponseBase) -> bool:
    """Whether somebody who reads pages or problem details would see nothing; other clients keep what they know."""
    asked = request.headers.get("Accept", "")
    reads = "text/html" in asked or "json" in asked or request.headers.get("HX-Request") == "true"
    bare = not response.streaming and not getattr(response, "content", b"")
    return reads and bare and response.status_code >= HTTPStatus.BAD_REQUEST and request.method != "HEAD"


def _filled(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    known = {400, 403, 404, 405, 413, 429, 503}
    filled = answer(request, HTTPStatus(response.status_code if response.status_code in known else 400))
    filled.status_code = response.status_code
    for name, value in response.headers.items():
        if name.lower() not in {"content-type", "content-length"}:
            filled[name] = value
    return filled


def _stepping_stone(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """A page between: browsers apply `form-action` to redirects too, and no other site shall stand there."""
    target = urlsplit(response["Location"])
    if not target.netloc or target.netloc == request.get_host():
        return response
    page = render(request, "leaving.html", {"target": response["Location"], "host": target.hostname})
    page.cookies = response.cookies
    return page
