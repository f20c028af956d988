"""How much of a form is taken before anybody has asked who sends it, and what for.

Django's check of the CSRF token reads the whole form ahead of every view, and writes its files to the disk that the
database needs. So its length is looked at first, files are written for the one form that has some, and never the last
free bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import SkipFile, TemporaryFileUploadHandler
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.template.defaultfilters import filesizeformat

from portal.error_pages import answer
from portal.error_texts import ErrorText
from portal.middleware import portal_error
from portal.signed_out import signed_out
from registry.artifacts.folder import full_disk_as_error, require_room
from registry.errors import PortalError, StorageFullError
from registry.messages import message
from registry.models import Account
from registry.permissions import may_submit
from registry.uploads.limits import sending_slot
from registry.uploads.receiving import discard, filled_by

MULTIPART, URLENCODED = "multipart/form-data", "application/x-www-form-urlencoded"
FILE_FORM = "registry:file_add"
TAKES_FILES = "portal.takes_files"
"""In the request's META, where no header can put it."""


class BodiesMiddleware:
    """Refuses a form that is larger than its address takes, and reads the others under the limits of every upload.

    It must stand ahead of the CSRF check. JSON, tus and predictions are read by their own views, with their own limits.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], _args: object, _kwargs: object
    ) -> HttpResponse | None:
        """Read the form, or say why not."""
        own_limits = getattr(view, "csrf_exempt", False)
        forms = {MULTIPART} if own_limits else {MULTIPART, URLENCODED}
        if request.method != "POST" or request.content_type not in forms:
            return None
        if "Transfer-Encoding" in request.headers:
            return answer(request, HTTPStatus.LENGTH_REQUIRED)
        account = None if own_limits else _sender_of_files(request)
        limit, declared = settings.DATA_UPLOAD_MAX_MEMORY_SIZE, request.META.get("CONTENT_LENGTH") or ""
        length = int(declared) if declared.isdecimal() else 0  # Django, too, reads nothing of a senseless one
        if account is not None:
            limit += settings.LIMITS["form_upload_max_bytes"]
        if length > limit:
            _read_away(request, length)
            if _is_file_form(request) and not request.user.is_authenticated:
                return signed_out(request)
            return _too_large(request, length, with_files=account is not None)
        return None if own_limits else _read(request, length, account)


def _sender_of_files(request: HttpRequest) -> Account | None:
    """Whose files may come with this form, if anybody's."""
    user = request.user if _is_file_form(request) else None
    return user if isinstance(user, Account) and may_submit(user) else None


def _is_file_form(request: HttpRequest) -> bool:
    match = request.resolver_match
    return request.content_type == MULTIPART and match is not None and match.view_name == FILE_FORM


def _read(request: HttpRequest, length: int, account: Account | None) -> HttpResponse | None:
    request.META[TAKES_FILES] = account is not None
    try:
        with nullcontext() if account is None else sending_slot(account):
            request.POST.keys()  # reads it
    except UnreadablePostError:
        return answer(request, HTTPStatus.REQUEST_TIMEOUT)
    except PortalError as error:
        _read_away(request, length)
        return portal_error(request, error)
    return None


def _read_away(request: HttpRequest, length: int) -> None:
    discard(fill=filled_by(request.read), length=length)


def _too_large(request: HttpRequest, length: int, *, with_files: bool) -> HttpResponse:
    if not with_files:
        return answer(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    limit = settings.LIMITS["form_upload_max_bytes"]
    code, sizes = "upload.form_too_large", {"size_bytes": length, "limit_bytes": limit}
    text = message(code, {name: filesizeformat(size) for name, size in sizes.items()})
    return answer(request, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, ErrorText(code, text.title, text.body))


class BoundedFileUploadHandler(TemporaryFileUploadHandler):
    """Writes the files of the form that may carry some, as long as the disk's reserve is left; skips all others."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file."""
        if self.request is None or not self.request.META.get(TAKES_FILES):
            raise SkipFile
        super().new_file(*args, **kwargs)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write what came; `StorageFullError` leaves nothing of the file behind."""
        try:
            require_room(self.file.fileno(), coming=len(raw_data), reserve=settings.LIMITS["disk_reserve_bytes"])
            with full_disk_as_error():
                super().receive_data_chunk(raw_data, start)
        except StorageFullError:
            self.upload_interrupted()
            raise
