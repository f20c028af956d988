"""Texts of S3-compatible storage."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from registry.messages import Message

S3_MESSAGES: Mapping[str, Message] = {
    "s3.busy": Message(
        _("The object storage is busy."),
        _("The bucket “%(bucket)s” answered with status %(status)s several times. It is tried again later."),
    ),
    "s3.denied": Message(
        _("The object storage refuses the portal."),
        _(
            "Check MODEL_COMMONS_S3_ACCESS_KEY_ID and MODEL_COMMONS_S3_SECRET_ACCESS_KEY, the region, the clock, and "
            "whether the key may read, write, list and delete in the bucket “%(bucket)s”."
        ),
    ),
    "s3.full": Message(
        _("The object storage is full, so nothing was stored."),
        _("An operator must free space in the bucket “%(bucket)s” or raise its quota; then try again."),
    ),
    "s3.misconfigured": Message(
        _("The object storage cannot be asked with these settings."),
        _("An operator must check the settings that begin with MODEL_COMMONS_S3_ (%(reason)s)."),
    ),
    "s3.no_bucket": Message(
        _("The object storage has no such bucket."),
        _("An operator must create the bucket “%(bucket)s” or correct MODEL_COMMONS_S3_BUCKET."),
    ),
    "s3.no_credentials": Message(
        _("The portal has no key for the object storage."),
        _("An operator must set MODEL_COMMONS_S3_ACCESS_KEY_ID and MODEL_COMMONS_S3_SECRET_ACCESS_KEY."),
    ),
    "s3.refused": Message(
        _("The object storage refuses the request."),
        _("It answered with status %(status)s (%(reason)s). An operator must look at its log."),
    ),
    "s3.untrusted": Message(
        _("Nobody vouches for the object storage."),
        _("An operator must name the certificates of its authority in MODEL_COMMONS_S3_CA_FILE."),
    ),
    "s3.unreachable": Message(
        _("The object storage does not answer."),
        _("The bucket “%(bucket)s” could not be reached, or was cut off. It is tried again later."),
    ),
}
