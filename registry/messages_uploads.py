"""What people read when an upload is refused or stops."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from registry.messages import Message

_PROGRAM = _("The program that uploads is at fault. Use the upload page, or a client that speaks tus 1.0.0.")

UPLOAD_MESSAGES = {
    "upload.scope": Message(
        _("This token may not upload."), _("Create one with the scope “submit”, on the page of your tokens.")
    ),
    "upload.sign_in": Message(
        _("You are not signed in."), _("Sign in with an active account, then go on: nothing that arrived is lost.")
    ),
    "upload.csrf": Message(
        _("The page is too old to upload from."),
        _("Its security token is missing or does not fit your session. Reload the page, then choose the file again."),
    ),
    "upload.unknown": Message(
        _("This upload does not exist."),
        _("It was cancelled, has expired, or its draft or file was removed. Start the upload again."),
    ),
    "upload.expired": Message(
        _("This upload has expired."),
        _("No bytes arrived for too long, so the portal gave the space back. Start the upload again."),
    ),
    "upload.busy": Message(
        _("Another connection is sending this file right now."),
        _("Only one may write at a time. Wait a few seconds; the upload goes on where the other one stops."),
    ),
    "upload.too_many_at_once": Message(
        ngettext_lazy(
            "You are sending %(limit)s file already.", "You are sending %(limit)s files at once already.", "limit"
        ),
        _("That is the most for one account. The upload goes on when one of the others has finished."),
    ),
    "upload.site_busy": Message(
        _("Many people are uploading right now."), _("Wait a few seconds; the upload goes on when a place is free.")
    ),
    "upload.elsewhere": Message(
        _("Another web server holds this upload."),
        _(
            "Nothing is lost: it goes on as soon as a request reaches that one. An operator must let all web servers "
            "and workers share one folder of uploads."
        ),
    ),
    "upload.interrupted": Message(
        _("The connection broke off while the file was sent."),
        _("%(arrived_bytes)s have arrived and are kept. Repeat the upload; it goes on from there."),
    ),
    "upload.too_large": Message(
        _("The file is larger than this portal accepts."),
        _("It has %(size_bytes)s and the limit is %(limit_bytes)s. Upload a smaller one, or ask an operator for more."),
    ),
    "upload.form_too_large": Message(
        _("The file is too large for an upload without JavaScript."),
        _("It has %(size_bytes)s and the limit is %(limit_bytes)s. With JavaScript, larger files go in pieces."),
    ),
    "upload.quota": Message(
        _("Your storage quota does not hold this file."),
        _(
            "It has %(size_bytes)s, and %(free_bytes)s of your %(quota_bytes)s are free; unfinished uploads count. "
            "Remove files or unfinished uploads from your drafts, or ask an operator for more."
        ),
    ),
    "upload.file_and_folder": Message(
        _("“%(path)s” and “%(other)s” would make one name both a file and a folder."), _("Rename one of them.")
    ),
    "upload.disk_full": Message(
        _("The server's disk is full."),
        _("%(arrived_bytes)s have arrived and are kept. An operator must free space; then repeat the upload."),
    ),
    "upload.bytes_missing": Message(
        _("The file arrived, but the store does not have it any more."),
        _("The portal tries again by itself. If this stays, cancel the upload and start it again."),
    ),
    "upload.checksum_mismatch": Message(
        _("A piece of the file was damaged on its way."),
        _("The portal kept everything before that piece. Repeat the upload; it goes on from there."),
    ),
    "upload.wrong_offset": Message(
        _("The piece does not fit where the upload stands."),
        _("%(offset)s bytes have arrived, and the piece begins at %(given)s. Ask for the offset, then go on from it."),
    ),
    "upload.past_end": Message(
        _("More bytes were sent than the file was said to have."),
        _("It was announced with %(length)s bytes, so nothing of this piece was kept. Start the upload again."),
    ),
    "upload.direct_empty": Message(
        _("An empty file has no parts."), _("Send it by tus or with the form; both take it.")
    ),
    "upload.direct_finished": Message(
        _("This upload has ended."), _("Its file is on the draft's page. Start a new upload for another one.")
    ),
    "upload.direct_incomplete": Message(
        _("Not everything has arrived yet."),
        _("Part %(number)s is missing or is of another length. Send it again, then complete the upload once more."),
    ),
    "upload.direct_not_begun": Message(
        _("This upload is sent by tus."), _("Its parts have no addresses. Go on at its own address.")
    ),
    "upload.direct_off": Message(
        _("This portal takes no parts past itself."),
        _("Send the file by tus. To switch direct uploads on, an operator sets MODEL_COMMONS_S3_PUBLIC_URL."),
    ),
    "upload.direct_only": Message(
        _("This upload goes to the object storage in parts."),
        _("Ask for the addresses of its parts and send them there."),
    ),
    "upload.direct_part": Message(
        _("There is no part %(number)s."), _("The parts of this file are numbered from 1 to %(last)s.")
    ),
    "upload.direct_size": Message(
        _("What arrived is not the file that was announced."),
        _("%(arrived_bytes)s came instead of %(length)s bytes, so nothing was kept. Start the upload again."),
    ),
    "upload.protocol_version": Message(_("The portal speaks version %(version)s of the tus protocol only."), _PROGRAM),
    "upload.method": Message(_("An upload's address does not take this method."), _("It takes %(allowed)s.")),
    "upload.body_at_creation": Message(_("An upload is created without a body."), _PROGRAM),
    "upload.length_deferred": Message(_("The file's length has to be known before it is sent."), _PROGRAM),
    "upload.length_required": Message(_("The piece was sent without its length."), _PROGRAM),
    "upload.no_concatenation": Message(_("The portal does not join several uploads into one."), _PROGRAM),
    "upload.bad_length": Message(_("The header %(header)s is missing or is not a number of bytes."), _PROGRAM),
    "upload.bad_offset": Message(_("The header %(header)s is missing or is not a number of bytes."), _PROGRAM),
    "upload.bad_metadata": Message(
        _("The upload does not say which file of which draft it is."),
        _("Upload-Metadata needs “filename” and “version”, each key once, each value in base64."),
    ),
    "upload.content_type": Message(_("A piece of a file is sent as %(expected)s and as nothing else."), _PROGRAM),
    "upload.checksum_algorithm": Message(
        _("The portal does not know this kind of checksum."), _("It takes %(allowed)s. Nothing was stored.")
    ),
    "upload.bad_checksum": Message(_("The checksum is not valid base64 of the right length."), _PROGRAM),
}
