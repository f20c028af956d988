"""The API's own documents: the OpenAPI schema, a page for people made from it, and the list of problems."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import etag, require_safe

from registry.api.addresses import absolute
from registry.api.problems import anchor_of
from registry.api.schema import document
from registry.api.schema_page import chapters
from registry.messages import known_codes, message_alone


@lru_cache(maxsize=1)
def _schema() -> tuple[bytes, str]:
    body = json.dumps(document(), ensure_ascii=False, indent=1).encode()
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


@require_safe
@etag(lambda _request: _schema()[1])
def schema(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document."""
    del request
    return HttpResponse(_schema()[0], content_type="application/vnd.oai.openapi+json")


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """Every operation, for people."""
    curl = f"curl --header 'Authorization: Bearer mcpat_…' {absolute(request, 'api:me')}"
    context = {"chapters": chapters(document()), "curl": curl}
    return render(request, "api/docs.html", context)


@require_safe
def problem_list(request: HttpRequest) -> HttpResponse:
    """Every code that a refusal may carry; what a problem's `type` points to."""
    problems = [(anchor_of(code), code, message_alone(code)) for code in sorted(known_codes())]
    return render(request, "api/problems.html", {"problems": problems})
