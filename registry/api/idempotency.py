"""`Idempotency-Key` on every POST: the same key and request get the same answer, and the work is done once.

An operation says by its `Repetition` how its work and the kept answer hang together. `TOGETHER`, the usual one, is for
work that lies in the database alone: one transaction holds both, so a process that dies leaves neither, and whoever
repeats after a minute does the work for the first time.

Work that speaks to the object storage or waits for another process may not hold a transaction meanwhile: SQLite lets
nobody else write. It runs in the transactions that it makes itself, and the answer is kept right after. A process may
die, or a fault happen, in three places:

- After the claim, before the work: nothing was done.
- Within the work: some of its transactions, or of what it told the storage, may stand.
- After the work, before the answer is kept: all was done.

Nobody can tell them apart afterwards. With `APART` the claim therefore stays for as long as a key is kept: who repeats
hears “busy” for a minute and then that the end is not known, to look and decide with a new key. It is never done
twice. With `SAFE` the operation itself makes repeating harmless, so after a minute it is done again. A first process
that was merely slow still keeps its answer, which is replayed from then on.

A refusal is told and not kept. What a service changed before it refused stays in these two forms as it does without a
key; so one that refuses after a change must not run `TOGETHER`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Callable
from enum import Enum, auto

from django.db import transaction
from django.http import Http404
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from registry.errors import ConflictError, PortalError, UserError
from registry.models import Account
from registry.services.idempotency import Claim, claim_key, keep_answer, release_key

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_KEPT_HEADERS = ("Location", "ETag")


class Repetition(Enum):
    """How the work and its kept answer hang together; see the module."""

    TOGETHER = auto()
    APART = auto()
    SAFE = auto()


def once(request: Request, work: Callable[[], Response], *, repetition: Repetition = Repetition.TOGETHER) -> Response:
    """Do the work, or give the answer that the same request got before. Refusals are not kept."""
    key = request.headers.get(HEADER)
    if key is None or not isinstance(request.user, Account):
        return work()
    if not _KEY.fullmatch(key):
        raise UserError("api.key_malformed", field=HEADER)
    claim = claim_key(
        account=request.user, key=key, fingerprint=_fingerprint(request), mends=repetition is not Repetition.APART
    )
    if claim.status is not None:
        return Response(claim.body, status=claim.status, headers={**(claim.headers or {}), REPLAYED: "true"})
    return _together(claim, work) if repetition is Repetition.TOGETHER else _apart(claim, work, repetition)


def _together(claim: Claim, work: Callable[[], Response]) -> Response:
    try:
        with transaction.atomic():
            answer = work()
            _keep(claim, answer)
    except BaseException:
        release_key(claim=claim)
        raise
    return answer


def _apart(claim: Claim, work: Callable[[], Response], repetition: Repetition) -> Response:
    try:
        answer = work()
    except (PortalError, APIException, Http404):
        release_key(claim=claim)
        raise
    except BaseException:
        if repetition is Repetition.SAFE:
            release_key(claim=claim)
        raise  # else the claim stays: nobody knows how far the work went
    with contextlib.suppress(ConflictError):  # the key ran out, or a repetition has it: the work is done all the same
        _keep(claim, answer)
    return answer


def _keep(claim: Claim, answer: Response) -> None:
    body = json.loads(JSONRenderer().render(answer.data)) if answer.data is not None else None
    headers = {name: answer[name] for name in _KEPT_HEADERS if name in answer}
    keep_answer(claim=claim, status=answer.status_code, body=body, headers=headers)


def _fingerprint(request: Request) -> str:
    """What makes two requests the same: method, address and body, however the body's JSON is written."""
    body = json.dumps(request.data, sort_keys=True, default=str)
    return hashlib.sha256(f"{request.method} {request.get_full_path()}\n{body}".encode()).hexdigest()
