"""What builds and replicas put out, as pages and programs read it."""

from __future__ import annotations

from datetime import UTC

from django.http import HttpResponse
from django.utils import translation

from deployer import selectors
from deployer.backends import serving_backend
from deployer.errors import PortalError
from deployer.models import ImageBuild, Rollout
from deployer.presentation import log_rows

LOG_BYTES = 16_384
# What others wrote is passed on as what no browser runs or renders on the portal's own origin.
INERT = {"Content-Security-Policy": "sandbox; default-src 'none'", "X-Content-Type-Options": "nosniff"}


def raw_log_answer(build: ImageBuild) -> HttpResponse:
    """A build's log as an answer that no browser renders."""
    with translation.override("en"):
        rows = log_rows(selectors.log_of(build))
    lines = [f"{row.at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} {row.text}\n" for row in rows]
    return HttpResponse("".join(lines), content_type="text/plain; charset=utf-8", headers=INERT)


def replica_output(rollout: Rollout) -> str:
    """The end of the replica's output; what was kept of it once the replica is gone."""
    kept = str(rollout.failure_params.get("log_tail", ""))
    try:
        return serving_backend().logs(rollout.cup_name, max_bytes=LOG_BYTES) or kept
    except PortalError:
        return kept
