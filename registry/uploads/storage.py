"""Where the settings put partial files."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from registry.uploads.partial_files import PartialFiles


def partial_files() -> PartialFiles:
    """The folder of unfinished uploads."""
    return PartialFiles(Path(settings.UPLOADS_DIR), reserve=settings.LIMITS.get("disk_reserve_bytes", 256 << 20))
