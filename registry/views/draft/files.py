"""The second step: files, and uploading them."""

from __future__ import annotations

import uuid
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from registry import selectors, services
from registry.inspection.formats import browser_table
from registry.models import ModelVersion
from registry.permissions import may_submit
from registry.presentation.rows import FileRow, file_rows, wait_note
from registry.tasks import ring
from registry.uploads.selectors import finishing_job, takes_direct_uploads, unfinished_uploads
from registry.views.access import account_of, errors_as_messages, requires
from registry.views.draft import frame
from registry.views.draft.upload_commands import upload_commands
from registry.views.model_frame import origin_of


@require_safe
@requires(may_submit)
def draft_files(request: HttpRequest, pk: int) -> HttpResponse:
    """The files, and uploading them."""
    return _page(request, frame.draft_of(request, pk))


@require_safe
@requires(may_submit)
def draft_file_rows(request: HttpRequest, pk: int) -> HttpResponse:
    """The list of files alone, for the upload script."""
    draft = frame.draft_of(request, pk)
    return render(request, "registry/fragments/file_rows.html", {**_lists(draft), "version": draft})


@require_POST
@requires(may_submit)
def file_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Take files from a plain form."""
    draft = frame.draft_of(request, pk)
    uploads = [file for file in request.FILES.getlist("files") if isinstance(file, UploadedFile)]
    stored = 0
    if not uploads:
        messages.error(request, _("No file was chosen. Choose at least one file, then upload again."))
    for upload in uploads:
        name = upload.name or ""
        with errors_as_messages(request, about=name):
            ring(services.store_form_file(version=draft, actor=account_of(request), path=name, uploaded_file=upload))
            messages.success(request, _("%(name)s was uploaded and verified.") % {"name": name})
            stored += 1
    if uploads and stored == len(uploads):
        return redirect("registry:draft_files", draft.pk)
    return _page(request, draft, status=400)


@require_POST
@requires(may_submit)
def file_remove(request: HttpRequest, version_pk: int, pk: int) -> HttpResponse:
    """Take one file out of the draft."""
    draft = frame.draft_of(request, version_pk)
    file = draft.files.filter(pk=pk).first()
    if file is not None:
        with errors_as_messages(request):
            ring(services.remove_file(version=draft, actor=account_of(request), path=file.path))
    return redirect("registry:draft_files", draft.pk)


@require_POST
@requires(may_submit)
def upload_cancel(request: HttpRequest, version_pk: int, upload_pk: uuid.UUID) -> HttpResponse:
    """Drop an unfinished upload, for browsers without JavaScript."""
    draft = frame.draft_of(request, version_pk)
    services.cancel_upload(upload_id=upload_pk, version=draft, actor=account_of(request))
    return redirect("registry:draft_files", draft.pk)


@require_POST
@requires(may_submit)
def upload_retry(request: HttpRequest, version_pk: int, upload_pk: uuid.UUID) -> HttpResponse:
    """Finish an upload once more; the upload script wants no page for an answer."""
    draft = frame.draft_of(request, version_pk)
    ring(services.retry_upload(upload_id=upload_pk, version=draft, actor=account_of(request)))
    if not request.accepts("text/html"):
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    return redirect("registry:draft_files", draft.pk)


def _page(request: HttpRequest, draft: ModelVersion, *, status: int = 200) -> HttpResponse:
    step = frame.Step(draft=draft, name="files", part="", template="registry/draft_files.html")
    rules = {
        **browser_table(),
        "max_file_bytes": settings.LIMITS["max_file_bytes"],
        "max_total_bytes": settings.LIMITS["max_version_bytes"],
    }
    return frame.page(
        request,
        step,
        None,
        status=status,
        upload_rules=rules,
        **_lists(draft),
        direct_url=reverse("api:direct_uploads", args=[draft.pk]) if takes_direct_uploads() else "",
        form_upload_max_bytes=settings.LIMITS["form_upload_max_bytes"],
        max_file_bytes=settings.LIMITS["max_file_bytes"],
        **upload_commands(origin=origin_of(request), path=reverse("registry:uploads"), version_id=draft.pk),
    )


def _lists(draft: ModelVersion) -> dict[str, Any]:
    """Uploads and files. Uploads first: what becomes a file in between shall be missing from neither list."""
    unfinished = unfinished_uploads(version=draft)
    finishing = wait_note(finishing_job(draft)) if unfinished else None
    return {"unfinished": unfinished, "finishing": finishing, "files": _rows(draft)}


def _rows(draft: ModelVersion) -> list[FileRow]:
    checks = selectors.current_checks(draft) if draft.is_editable else []
    return file_rows(draft, selectors.files_of(draft), removable=draft.is_editable, checks=checks)
