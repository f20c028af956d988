"""Whether a file may be uploaded: its name, its size, the draft's limits and the account's quota."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet, Sum

from registry.errors import ConflictError, QuotaError, UserError
from registry.inspection.formats import MODEL_EXTENSIONS, extension, judge_name, refused_family
from registry.inspection.names import case_duplicates, judge_path
from registry.models import Account, Blob, ModelVersion, Upload, VersionFile
from registry.uploads.protocol import TusError
from registry.uploads.unnamed import unnamed_blobs


def check_name_and_size(*, path: str, length: int) -> None:
    """Refuse what no version may contain."""
    limit = settings.LIMITS["max_file_bytes"]
    if length > limit:
        raise TusError("upload.too_large", status=413, field="files", limit_bytes=limit, size_bytes=length)
    code = judge_path(path)
    if code:
        raise UserError(code, field="files", path=path[:200])
    code = judge_name(path, length) or ""
    if code:
        family, accepted = refused_family(path), ", ".join(MODEL_EXTENSIONS)
        advice = family.advice if family is not None else ""
        ending = extension(path) or path.rsplit("/", 1)[-1]
        raise UserError(code, field="files", path=path, extension=ending, accepted=accepted, advice=advice)


def check_draft_limits(*, draft: ModelVersion, path: str, length: int) -> None:
    """Refuse what does not fit beside the draft's files and the uploads under way. Call it under the account's lock."""
    stored = {p: size for p, size in draft.files.values_list("path", "blob__size") if p != path}
    coming = list(unfinished().filter(version=draft).values_list("path", "length"))
    others = {*stored, *(p for p, _ in coming)} - {path}
    for pair in case_duplicates([*sorted(others), path]):
        if path in pair:
            other = pair[0] if pair[1] == path else pair[1]
            same = other.casefold() == path.casefold()
            code = "file.case_twin" if same else "upload.file_and_folder"
            raise ConflictError(code, field="files", path=path, other=other)
    if len(others) >= settings.LIMITS["max_version_files"]:
        raise UserError("file.too_many", field="files", limit=settings.LIMITS["max_version_files"])
    total = sum(stored.values()) + sum(size for _, size in coming) + length
    if total > settings.LIMITS["max_version_bytes"]:
        raise UserError("file.version_too_large", field="files", limit=settings.LIMITS["max_version_bytes"])


def check_quota(*, account: Account, length: int) -> None:
    """Refuse what the account's quota does not hold. Call it under the account's lock, or two may share one rest."""
    quota, used = quota_of(account), used_bytes(account)
    if used + length > quota:
        raise QuotaError(
            "upload.quota", field="files", size_bytes=length, free_bytes=max(quota - used, 0), quota_bytes=quota
        )


def quota_of(account: Account) -> int:
    """Bytes that the account may hold."""
    return settings.LIMITS["account_quota_bytes"] if account.quota_bytes is None else account.quota_bytes


def used_bytes(account: Account) -> int:
    """Bytes that count against the quota: different blobs of the account's versions, and unfinished uploads.

    Blobs that the account stored and nothing names any more count as long as they are there.
    """
    named = VersionFile.objects.filter(blob=OuterRef("pk"), version__registered_model__owner=account)
    stored = Blob.objects.filter(Exists(named)).aggregate(total=Sum("size"))["total"] or 0
    removed = unnamed_blobs().filter(stored_by=account).aggregate(total=Sum("size"))["total"] or 0
    coming = unfinished().filter(owner=account).aggregate(total=Sum("length"))["total"] or 0
    return int(stored + removed + coming)


def unfinished() -> QuerySet[Upload]:
    """Uploads that are not yet files of a version."""
    return Upload.objects.filter(finished_at__isnull=True)
