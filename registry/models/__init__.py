"""The tables of registration and review."""

from registry.models.account import Account
from registry.models.catalogue import ModelVersion, RegisteredModel, VersionState
from registry.models.content import Blob, Example, VersionFile
from registry.models.desk import (
    ReviewClaim,
    ReviewThread,
    ThreadComment,
    ThreadSubject,
    VersionRevision,
    ViewedFile,
)
from registry.models.discussion import DiscussionMessage, EarlierText
from registry.models.event import Event
from registry.models.idempotency import IdempotencyKey
from registry.models.job import Job, JobState, Lease
from registry.models.listing import CatalogueEntry, StaleListing
from registry.models.notification import Concern, Notification, NotificationSwitch, UntoldEvent, Watch
from registry.models.report import Report, ReportCategory, ReportState
from registry.models.review import Check, Decision, DraftTrial, Review, TrialRun
from registry.models.token import ApiToken, Scope
from registry.models.upload import Upload

__all__ = [
    "Account",
    "ApiToken",
    "Blob",
    "CatalogueEntry",
    "Check",
    "Concern",
    "Decision",
    "DiscussionMessage",
    "DraftTrial",
    "EarlierText",
    "Event",
    "Example",
    "IdempotencyKey",
    "Job",
    "JobState",
    "Lease",
    "ModelVersion",
    "Notification",
    "NotificationSwitch",
    "RegisteredModel",
    "Report",
    "ReportCategory",
    "ReportState",
    "Review",
    "ReviewClaim",
    "ReviewThread",
    "Scope",
    "StaleListing",
    "ThreadComment",
    "ThreadSubject",
    "TrialRun",
    "UntoldEvent",
    "Upload",
    "VersionFile",
    "VersionRevision",
    "VersionState",
    "ViewedFile",
    "Watch",
]
