"""A file's bytes, as an inert attachment that no browser renders or runs."""

from __future__ import annotations

from django.http import FileResponse
from django.utils.http import content_disposition_header

from registry.backends import blob_store
from registry.models import VersionFile


def file_answer(file: VersionFile) -> FileResponse:
    """The bytes under the last part of the file's path, with their digest as ETag."""
    response = FileResponse(blob_store().open(file.blob_id), content_type="application/octet-stream")
    name = file.path.rsplit("/", 1)[-1]
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or "attachment"
    response["Content-Length"] = str(file.blob.size)
    response["ETag"] = f'"{file.blob_id}"'
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["X-Content-Type-Options"] = "nosniff"
    return response
