"""What strangers verify images with: the portal's public keys, and each build's signed provenance."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from deployer import selectors
from deployer.attestations import PROVENANCE_TITLE
from deployer.backends import image_builder, public_keys
from deployer.errors import NotFoundError
from deployer.models import ImageBuildState
from deployer.outputs import INERT

KEYS_SECONDS = 300


@require_safe
@cache_control(public=True, max_age=KEYS_SECONDS)
def signing_keys(request: HttpRequest) -> HttpResponse:
    """The key that verifies what is signed now, then those of earlier times, as PEM."""
    del request
    text = "".join(key.pem for key in public_keys())
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers=INERT)


@require_safe
def provenance(request: HttpRequest, pk: int) -> HttpResponse:
    """Who made a build's image from what, in a Sigstore bundle; 404 until it is published."""
    del request
    build = selectors.build_by_id(pk)
    if build.state != ImageBuildState.SUCCEEDED:
        raise NotFoundError("build.image_missing", digest=build.approved_digest)
    for each in image_builder().attachments(build.approved_digest):
        if each.title == PROVENANCE_TITLE:
            headers = {**INERT, "Content-Disposition": f'attachment; filename="build-{pk}.sigstore.json"'}
            return HttpResponse(each.data, content_type="application/json", headers=headers)
    raise NotFoundError("build.image_missing", digest=build.approved_digest)
