"""Answering a repeated request with the first answer (the draft standard of the header `Idempotency-Key`).

Who comes first claims the key in a row of its own. `registry.api.idempotency` tells what becomes of a claim whose
holder died: where a repetition can do no harm it is free again after a minute, else it stays without an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db import IntegrityError as DatabaseIntegrityError
from django.db import transaction
from django.utils import timezone

from registry.errors import ConflictError, UserError
from registry.models import Account, IdempotencyKey

CLAIM_LASTS = timedelta(minutes=1)


class KeyReusedError(UserError):
    """The key was used with another request."""

    http_status = HTTPStatus.UNPROCESSABLE_ENTITY


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to do the request, or, with `status`, the answer that it got before."""

    row_id: int
    claimed_at: datetime
    status: int | None = None
    body: Any = None
    headers: Mapping[str, str] | None = None


def claim_key(*, account: Account, key: str, fingerprint: str, mends: bool = True) -> Claim:
    """Claim the key or find its answer.

    `ConflictError` while another works on it, `KeyReusedError` if it belongs to another request. `mends`: a claim that
    was given up may be taken over; where not, a `ConflictError` says that its end is not known.
    """
    now = timezone.now()
    until = now + timedelta(hours=settings.IDEMPOTENCY_HOURS)
    IdempotencyKey.objects.filter(account=account, expires_at__lte=now).delete()
    try:
        with transaction.atomic():
            row = IdempotencyKey.objects.create(
                account=account,
                key=key,
                fingerprint=fingerprint,
                claimed_at=now,
                expires_at=until,
            )
        return Claim(row_id=row.pk, claimed_at=now)
    except DatabaseIntegrityError:
        return _known(account, key, fingerprint, now, mends=mends)


def _known(account: Account, key: str, fingerprint: str, now: datetime, *, mends: bool) -> Claim:
    row = IdempotencyKey.objects.filter(account=account, key=key).first()
    if row is None:  # its holder failed and let it go this very moment
        raise ConflictError("api.key_busy", seconds=1)
    if row.fingerprint != fingerprint:
        raise KeyReusedError("api.key_reused")
    if row.status is not None:
        return Claim(
            row_id=row.pk, claimed_at=row.claimed_at, status=row.status, body=row.body, headers=dict(row.headers)
        )
    if not mends and row.claimed_at <= now - CLAIM_LASTS:
        raise ConflictError("api.key_end_unknown")
    abandoned = IdempotencyKey.objects.filter(pk=row.pk, status__isnull=True, claimed_at__lte=now - CLAIM_LASTS)
    if not abandoned.update(claimed_at=now):
        raise ConflictError("api.key_busy", seconds=1)
    return Claim(row_id=row.pk, claimed_at=now)


def keep_answer(*, claim: Claim, status: int, body: Any, headers: Mapping[str, str]) -> None:
    """Write the answer down. `ConflictError` for who lost the claim; work in the same transaction is then undone."""
    mine = IdempotencyKey.objects.filter(pk=claim.row_id, claimed_at=claim.claimed_at, status__isnull=True)
    if not mine.update(status=status, body=body, headers=dict(headers)):
        raise ConflictError("api.key_busy", seconds=1)


def release_key(*, claim: Claim) -> None:
    """Let go of a key whose request failed: it may be mended and sent again."""
    IdempotencyKey.objects.filter(pk=claim.row_id, claimed_at=claim.claimed_at, status__isnull=True).delete()
