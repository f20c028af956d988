"""What concerns an account: watched models, notifications, and which of them it wants where."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from registry.models.catalogue import RegisteredModel
from registry.models.event import Event


class Concern(models.TextChoices):
    """Why an event concerns somebody. Each has a switch for the inbox and one for mail."""

    OWN = "own", _("Your models")
    REVIEW = "review", _("Reviews that you take part in")
    DISCUSSION = "discussion", _("Discussions that you follow")
    WATCHED = "watched", _("Models that you watch")
    REVIEW_QUEUE = "review_queue", _("New in the review queue")
    OPERATIONS = "operations", _("Builds and rollouts that need attention")
    REPORTS = "reports", _("Reports about models")
    ACCOUNT = "account", _("Your account and its rights")


class Watch(models.Model):
    """Whether an account follows a model. Without a row owners do and others do not; a stop is a row and lasts."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="watches")
    registered_model = models.ForeignKey(RegisteredModel, on_delete=models.CASCADE, related_name="watches")
    watching = models.BooleanField(default=True)
    changed_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["account", "registered_model"], name="watch_once")]
        ordering: ClassVar = ["-changed_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.account}: {self.registered_model}"


class UntoldEvent(models.Model):
    """An event of which those concerned have not been told; written with the event, gone with the telling."""

    event = models.OneToOneField(Event, primary_key=True, on_delete=models.CASCADE, related_name="untold")
    failures = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.event)


class Notification(models.Model):
    """One event that concerns one account, told once. `mail_due` lasts until it was mailed or need not be any more."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications")
    event = models.ForeignKey(Event, on_delete=models.CASCADE, related_name="notifications")
    concern = models.CharField(max_length=20, choices=Concern)
    in_inbox = models.BooleanField(default=True)
    read_at = models.DateTimeField(null=True)
    mail_due = models.BooleanField(default=False)
    mailed_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["account", "event"], name="told_once")]
        indexes: ClassVar = [
            models.Index(
                fields=["account"],
                name="notification_unread",
                condition=models.Q(in_inbox=True, read_at__isnull=True),
            ),
            models.Index(fields=["account"], name="notification_to_mail", condition=models.Q(mail_due=True)),
            models.Index(fields=["account", "-event"], name="notification_inbox"),
            models.Index(fields=["account", "mailed_at"], name="notification_mailed"),
            models.Index(
                fields=["created_at"],
                name="notification_done",
                condition=models.Q(models.Q(read_at__isnull=False) | models.Q(in_inbox=False), mail_due=False),
            ),
        ]
        ordering: ClassVar = ["-event_id"]

    def __str__(self) -> str:
        return f"{self.account}: {self.event}"


class NotificationSwitch(models.Model):
    """What an account wants to hear of one concern, and where. Without a row both are on."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="switches")
    concern = models.CharField(max_length=20, choices=Concern)
    inbox = models.BooleanField(default=True)
    mail = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["account", "concern"], name="one_switch_per_concern")]

    def __str__(self) -> str:
        return f"{self.account}: {self.concern}"
