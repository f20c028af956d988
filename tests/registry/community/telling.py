"""The sweep and the worker in one: everything that is due about news gets done."""

from __future__ import annotations

import html
import re
from typing import Any

from django.utils import timezone

from registry.events import record_event
from registry.jobs import runner
from registry.models import Account, Event, ModelVersion, Notification
from registry.news_jobs import queue_mail, queue_telling
from tests.factories import make_draft, make_model


def tell() -> None:
    """Turn every untold event into notifications."""
    for job_id in queue_telling():
        runner.run_job(job_id=job_id)


def mail() -> None:
    """Send what is due."""
    for job_id in queue_mail():
        runner.run_job(job_id=job_id)


def bare_version(owner: Account, name: str = "iris", **fields: object) -> ModelVersion:
    """A version that stands in review, without a history."""
    fields = {"state": "in_review", "submitted_by": owner, "submitted_at": timezone.now(), "revision": 1, **fields}
    return make_draft(make_model(owner, name), files={}, examples=(), **fields)  # type: ignore[arg-type]  # columns


def happened(tag: str, version: ModelVersion, *, actor: Account | None = None, **fields: object) -> Event:
    """An event about the version, of which nobody was told yet."""
    fields = {"subject": f"version:{version.pk}", **fields}
    return record_event(tag=tag, actor=actor, version=version, **fields)  # type: ignore[arg-type]  # its own columns


def told() -> dict[str, list[str]]:
    """Who was told of what and why: {user name: [tag reason]}, oldest first."""
    found: dict[str, list[str]] = {}
    rows = Notification.objects.order_by("event_id").select_related("account", "event")
    for row in rows:
        found.setdefault(row.account.username, []).append(f"{row.event.tag} {row.concern}")
    return found


def words(page: Any) -> str:
    """What a page says, without its markup."""
    text = re.sub(r"<(script|style).*?</\1>", "", page.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", "", text))).strip()
