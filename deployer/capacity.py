"""What the machine has and what is asked of it: processor, memory, disk."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.db.models import Count, Q, Sum
from django.utils import timezone

from deployer.models import ImageBuild, ImageBuildState, Rollout, RolloutState
from registry.models import Blob

MEASURE_AGAIN_AFTER = 900.0
# While no sweep runs, the last figure stays: a runtime's environment hardly ever changes.
_KEPT_SECONDS = 7 * 86_400
_KEY = "disk:environments"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """Processor in thousandths of a core and memory in bytes: asked for by what is served, and there in all."""

    cpu_asked: int
    cpu_total: int
    memory_asked: int
    memory_total: int

    @property
    def exceeded(self) -> bool:
        """Whether more is promised than there is."""
        return self.cpu_asked > self.cpu_total or self.memory_asked > self.memory_total


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """Bytes on the file system of the data folder, and what the parts of it hold."""

    free: int
    total: int
    reserve: int
    blobs: int
    blob_bytes: int
    images: int
    environment_bytes: int | None
    """Of the runtimes; None where they lie elsewhere, or were not measured yet."""

    @property
    def used(self) -> int:
        """Bytes that are not free."""
        return self.total - self.free

    @property
    def scarce(self) -> bool:
        """Whether less than a tenth, or less than twice the reserve, is free."""
        return self.free * 10 < self.total or self.free < 2 * self.reserve


def capacity() -> Capacity:
    """What live and starting versions ask for, against this machine or the cluster's share of ours; one query."""
    draining = Q(state=RolloutState.SUPERSEDED, stop_after__gt=timezone.now())
    served = Rollout.objects.filter(Q(state__in=[RolloutState.APPLYING, RolloutState.READY]) | draining)
    asked = served.aggregate(cpu=Sum("version__cpu_millis"), memory=Sum("version__memory_bytes"))
    elsewhere = settings.BACKENDS["serving"].get("capacity", {})
    return Capacity(
        cpu_asked=asked["cpu"] or 0,
        cpu_total=elsewhere.get("cpu_millis") or len(os.sched_getaffinity(0)) * 1000,
        memory_asked=asked["memory"] or 0,
        memory_total=elsewhere.get("memory_bytes") or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
    )


def disk() -> Disk:
    """The disk under the data folder; two queries, and the environments' size as the sweep measured it last."""
    usage = shutil.disk_usage(settings.DATA_DIR)
    blobs = Blob.objects.aggregate(count=Count("pk"), size=Sum("size"))
    built = ImageBuild.objects.filter(state=ImageBuildState.SUCCEEDED)
    return Disk(
        free=usage.free,
        total=usage.total,
        reserve=settings.LIMITS["disk_reserve_bytes"],
        blobs=blobs["count"],
        blob_bytes=blobs["size"] or 0,
        images=built.values("built_digest").distinct().count(),
        environment_bytes=None if _environments() is None else (cache.get(_KEY) or {}).get("bytes"),
    )


def measure_environments() -> tuple[int, ...]:
    """A step of the sweep: measures the runtimes' environments now and then, so that no page has to."""
    folder = _environments()
    if folder is not None:
        known = cache.get(_KEY)
        if known is None or time.time() - known["at"] > MEASURE_AGAIN_AFTER:
            cache.set(_KEY, {"at": time.time(), "bytes": folder_bytes(folder)}, _KEPT_SECONDS)
    return ()


def _environments() -> Path | None:
    """Where they lie; None if that is elsewhere."""
    folder = settings.BACKENDS["serving"]["options"].get("environments_dir")
    return None if folder is None else Path(folder)


def folder_bytes(folder: Path) -> int:
    """Bytes that the files below a folder take; a file with several names, as uv makes them, counts once."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for path, _folders, files in os.walk(folder):
        for name in files:
            try:
                found = os.lstat(os.path.join(path, name))  # noqa: PTH118  # ten thousands of files: Path is slow
            except FileNotFoundError:
                continue  # an installation is under way
            if (found.st_dev, found.st_ino) not in seen:
                seen.add((found.st_dev, found.st_ino))
                total += found.st_blocks * 512
    return total
