"""Texts of the content store."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from registry.messages import Message

STORAGE_MESSAGES: Mapping[str, Message] = {
    "storage.full": Message(
        _("The server's disk is full, so nothing was stored."),
        _("Nothing is lost on your side. An operator must free space; then try again."),
    ),
    "storage.blob_missing": Message(
        _("A stored file is gone."), _("An operator must restore %(sha256)s, or it must be uploaded again.")
    ),
    "storage.blob_corrupt": Message(
        _("A stored file no longer matches its digest."),
        _("Nothing may use %(sha256)s. Upload the file again, or restore it from a backup."),
    ),
    "storage.bad_digest": Message(
        _("This is not the name of a stored file."), _("Follow the link from the version's page.")
    ),
    "storage.not_a_file": Message(
        _("What arrived is not a regular file."), _("An operator must look at the upload folder.")
    ),
}
