"""`manage.py verify_blobs`: whether each stored file still has the bytes that its digest names."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.template.defaultfilters import filesizeformat

from registry.artifacts.verification import files_of_blob, read_blobs
from registry.backends import blob_store
from registry.errors import PortalError
from registry.messages import message
from registry.models import Blob

TELL_SECONDS = 5.0


class Command(BaseCommand):
    """Reads all and changes nothing, so it may run beside the portal and be broken off at any time."""

    help = "Read every stored file and compare it with its digest; exit status 1 if one is gone or altered."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Name what is gone or altered with the versions that it belongs to, and tell how far the reading is."""
        expected, read, size, faults, told = Blob.objects.count(), 0, 0, 0, time.monotonic()
        try:
            for blob in read_blobs(blob_store()):
                read, size = read + 1, size + blob.size
                if blob.fault:
                    faults += 1
                    title = message(blob.fault, {"sha256": blob.sha256}).title
                    self.stdout.write("\n  ".join([f"{blob.sha256} {title}", *files_of_blob(blob.sha256)]))
                if time.monotonic() - told > TELL_SECONDS:
                    told = time.monotonic()
                    self.stdout.write(f"{read} of {expected} files read, {filesizeformat(size)}")
        except PortalError as error:
            text = message(error.code, error.params)
            raise CommandError(f"{text.title} {text.body}".strip()) from error
        if faults:
            raise CommandError(f"{faults} of {read} files are gone or altered. Restore them from a backup.")
        self.stdout.write(f"{read} files, {filesizeformat(size)}: all have the bytes that their digests name.")
