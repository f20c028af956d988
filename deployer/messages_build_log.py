"""The lines of a build's log, by message id."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from registry.messages import Message

BUILD_LOG_MESSAGES = {
    "build_log.queued": Message(_("The version was approved. The build waits for a worker.")),
    "build_log.retried": Message(_("%(actor)s asked for another try. The build waits for a worker.")),
    "build_log.begun": Message(_("A worker began, attempt %(attempt)s.")),
    "build_log.resumed": Message(_("Another worker took the build up, attempt %(attempt)s.")),
    "build_log.checked": Message(_("The content is what was reviewed: %(digest)s.")),
    "build_log.file": Message(_("To be packaged: %(path)s, %(size_bytes)s.")),
    "build_log.read": Message(_("%(percent)s %% of %(total_bytes)s packaged.")),
    "build_log.built": Message(_("The image is complete: %(digest)s.")),
    "build_log.published": Message(_("The image can be pulled as %(reference)s.")),
    "build_log.accepted": Message(_("It is the image that was approved. The rollout waits for a worker.")),
    "build_log.accepted_late": Message(
        _("It is the image that was approved, but a version that was approved later has taken its place.")
    ),
    "build_log.withdrawn": Message(_("The version is no longer wanted, so the image is not rolled out.")),
    "build_log.cancelled": Message(_("The build was cancelled.")),
    "build_log.full": Message(_("The log is full; further lines are left out.")),
}
