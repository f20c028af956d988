"""`Idempotency-Key` on every POST: the same key and request get the same answer, and the work is done once."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable

from django.db import transaction
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from registry.errors import UserError
from registry.models import Account
from registry.services.idempotency import claim_key, keep_answer, release_key

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_KEPT_HEADERS = ("Location", "ETag")


def once(request: Request, work: Callable[[], Response]) -> Response:
    """Do the work, or give the answer that the same request got before. Refusals are not kept: they changed nothing."""
    key = request.headers.get(HEADER)
    if key is None or not isinstance(request.user, Account):
        return work()
    if not _KEY.fullmatch(key):
        raise UserError("api.key_malformed", field=HEADER)
    claim = claim_key(account=request.user, key=key, fingerprint=_fingerprint(request))
    if claim.status is not None:
        return Response(claim.body, status=claim.status, headers={**(claim.headers or {}), REPLAYED: "true"})
    try:
        with transaction.atomic():
            answer = work()
            body = json.loads(JSONRenderer().render(answer.data)) if answer.data is not None else None
            headers = {name: answer[name] for name in _KEPT_HEADERS if name in answer}
            keep_answer(claim=claim, status=answer.status_code, body=body, headers=headers)
    except BaseException:
        release_key(claim=claim)
        raise
    return answer


def _fingerprint(request: Request) -> str:
    """What makes two requests the same: method, address and body, however the body's JSON is written."""
    body = json.dumps(request.data, sort_keys=True, default=str)
    return hashlib.sha256(f"{request.method} {request.get_full_path()}\n{body}".encode()).hexdigest()
