"""What the app announces when it is ready."""

from __future__ import annotations

from allauth.account.signals import password_changed, password_reset
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest

from registry.handlers import KINDS
from registry.jobs.kinds import register
from registry.jobs.sweep import register_sweeper
from registry.listing import fill_catalogue, mend_listings
from registry.messages import register_messages
from registry.messages_api import API_MESSAGES
from registry.messages_checks import CHECK_MESSAGES
from registry.messages_community import COMMUNITY_MESSAGES
from registry.messages_drafts import DRAFT_MESSAGES
from registry.messages_gate import GATE_MESSAGES
from registry.messages_registry import REGISTRY_MESSAGES
from registry.messages_review import REVIEW_MESSAGES
from registry.messages_s3 import S3_MESSAGES
from registry.messages_storage import STORAGE_MESSAGES
from registry.messages_tokens import TOKEN_MESSAGES
from registry.messages_uploads import UPLOAD_MESSAGES
from registry.news_jobs import NEWS_KINDS, queue_mail, queue_telling
from registry.selectors.totals import refresh_totals
from registry.services.clearing import clear_expired_keys, clear_old_notifications
from registry.services.statistics import refresh_statistics
from registry.sign_in.after_password import after_change, after_reset
from registry.sign_in.middleware import note_sign_in
from registry.uploads.handlers import UPLOAD_KINDS
from registry.uploads.sweeping import expire_uploads


def announce() -> None:
    """Register texts, kinds of work and sweep steps."""
    for texts in (
        REGISTRY_MESSAGES,
        REVIEW_MESSAGES,
        GATE_MESSAGES,
        CHECK_MESSAGES,
        DRAFT_MESSAGES,
        STORAGE_MESSAGES,
        S3_MESSAGES,
        API_MESSAGES,
        TOKEN_MESSAGES,
        UPLOAD_MESSAGES,
        COMMUNITY_MESSAGES,
    ):
        register_messages(texts)
    for kind in (*KINDS, *UPLOAD_KINDS, *NEWS_KINDS):
        register(kind)
    register_sweeper(expire_uploads)
    register_sweeper(queue_telling)
    register_sweeper(queue_mail)
    register_sweeper(mend_listings)
    register_sweeper(clear_expired_keys)
    register_sweeper(clear_old_notifications)
    register_sweeper(refresh_totals)
    register_sweeper(refresh_statistics)


def connect() -> None:
    """Listen to what Django and allauth tell."""
    user_logged_in.connect(_note_sign_in, dispatch_uid="registry.note_sign_in")
    password_changed.connect(after_change, dispatch_uid="registry.after_change")
    password_reset.connect(after_reset, dispatch_uid="registry.after_reset")


def _note_sign_in(sender: object, request: HttpRequest, **_more: object) -> None:
    del sender
    note_sign_in(request)


def after_migrations(**_kwargs: object) -> None:
    """Make the catalogue where its tables have only just come."""
    fill_catalogue()
