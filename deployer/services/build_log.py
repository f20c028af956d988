"""Writing the log of a build: public, in plain words, of bounded length, and never with raw output of a program."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Max

from deployer.errors import plain_params
from deployer.models import BuildLogLine, ImageBuild

MOST_LINES = 400


def log_line(*, build: ImageBuild, code: str, params: Mapping[str, Any] | None = None) -> None:
    """Add a line. Call it in the fenced transaction of the job, or in that of the move it tells of.

    Of a build that was repeated for ever the lines after `MOST_LINES` are left out; the last one kept says so.
    """
    last = BuildLogLine.objects.filter(build=build).aggregate(last=Max("number"))["last"] or 0
    if last >= MOST_LINES:
        return
    kept = plain_params(params or {})
    if last == MOST_LINES - 1:
        code, kept = "build_log.full", {}
    BuildLogLine.objects.create(build=build, number=last + 1, code=code, params=kept)
