"""How many chunks may travel at once, so that uploads never take the site's last thread."""

from __future__ import annotations

import contextlib
import fcntl
import os
import threading
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from registry.models import Account
from registry.uploads.protocol import TusError


@contextlib.contextmanager
def sending_slot(account: Account) -> Iterator[None]:
    """One of the account's places and one of this process's; 423 while all are taken.

    423 and not 429, since it is the answer that browsers' tus clients wait and repeat after.
    """
    places = places_of_process()
    if not places.acquire(blocking=False):
        raise TusError("upload.site_busy", status=423)
    try:
        descriptor = _account_place(account)
        try:
            yield
        finally:
            os.close(descriptor)
    finally:
        places.release()


def _account_place(account: Account) -> int:
    """A locked file. The kernel frees the locks of a killed process, so no place is ever lost."""
    folder = Path(settings.UPLOADS_DIR) / "places"
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    limit = settings.LIMITS.get("uploads_at_once_per_account", 8)
    for number in range(limit):
        descriptor = os.open(folder / f"{account.pk}-{number}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
        else:
            return descriptor
    raise TusError("upload.too_many_at_once", status=423, limit=limit)


@lru_cache(maxsize=1)
def places_of_process() -> threading.BoundedSemaphore:
    """The places of this process; made at the first use, when the settings are there."""
    return threading.BoundedSemaphore(settings.LIMITS.get("uploads_at_once_per_process", 60))
