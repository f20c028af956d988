"""One thing of each kind per owner, for tests that send everybody everywhere. Rows only: no work is under way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from deployer.models import Endpoint, ImageBuild, Rollout
from registry.artifacts.content import content_digest
from registry.events import record_event
from registry.listing import refresh_listing
from registry.models import (
    Account,
    ApiToken,
    Check,
    DiscussionMessage,
    Event,
    Job,
    ModelVersion,
    Notification,
    Report,
    Review,
    ReviewClaim,
    ReviewThread,
    ThreadComment,
    TrialRun,
    Upload,
    VersionFile,
    VersionRevision,
    VersionState,
    ViewedFile,
    Watch,
)
from tests.factories import add_file, make_account, make_draft, make_model

IMAGE = "sha256:" + "1" * 64


class Writes:
    """Tells, as a wrapper of a connection's statements, whether anything was written but sessions."""

    def __init__(self) -> None:
        self.seen = False

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: Any, context: Any) -> Any:
        self.seen = self.seen or (sql.startswith(("INSERT", "UPDATE", "DELETE")) and "session" not in sql)
        return execute(sql, params, many, context)


@dataclass(frozen=True)
class Belongings:
    """What one account owns. `draft` was never submitted, so nobody else may know of it.

    `reopened` was, and is being changed again: `added_file` is not for others yet.
    """

    owner: Account
    draft: ModelVersion
    draft_file: VersionFile
    upload: Upload
    secret: Event
    waiting: ModelVersion
    withdrawn: ModelVersion
    stuck: ModelVersion
    reopened: ModelVersion
    submitted_file: VersionFile
    added_file: VersionFile
    live: ModelVersion
    live_file: VersionFile
    public: Event
    endpoint: Endpoint
    ready: Rollout
    replaced: Rollout
    failed_rollout: Rollout
    failed_build: ImageBuild
    queued_build: ImageBuild
    news: Notification
    message: DiscussionMessage
    report: Report
    token: ApiToken
    thread: ReviewThread
    comment: ThreadComment
    review: Review

    def rows(self) -> list[Any]:
        """Everything that a request which is refused must leave as it was."""
        tables = (
            ModelVersion,
            VersionFile,
            Upload,
            Review,
            Event,
            Check,
            Endpoint,
            Rollout,
            ImageBuild,
            Job,
            ApiToken,
            Watch,
            DiscussionMessage,
            Report,
            ReviewThread,
            ThreadComment,
            ReviewClaim,
            ViewedFile,
            Account,
        )
        return [list(table.objects.order_by("pk").values()) for table in tables]


def belongings_of(owner: Account) -> Belongings:
    draft = _version(owner, "draft", VersionState.DRAFT)
    _check(draft, content_digest(draft), frozen=False)
    live = _version(owner, "live", VersionState.APPROVED)
    endpoint = Endpoint.objects.create(name=f"{owner.username}-live", registered_model=live.registered_model)
    replaced = _rollout(endpoint, live, "superseded")
    ready = _rollout(endpoint, live, "ready")
    Endpoint.objects.filter(pk=endpoint.pk).update(current=ready)
    broken = _version(owner, "broken", VersionState.APPROVED)
    other_endpoint = Endpoint.objects.create(name=f"{owner.username}-broken", registered_model=broken.registered_model)
    stuck = _version(owner, "stuck", VersionState.SUBMITTED)
    Job.objects.create(
        kind="check_frozen", subject_id=stuck.pk, key=f"check_frozen:{stuck.pk}:1", state="failed",
        last_error="storage.full", run_after=timezone.now(),
    )  # fmt: skip
    waiting = _version(owner, "waiting", VersionState.IN_REVIEW)
    thread = ReviewThread.objects.create(
        version=waiting, revision=1, content_digest=waiting.content_digest, subject="card", line=1, opened_by=owner
    )
    _revision(waiting)
    reopened = _version(owner, "reopened", VersionState.WITHDRAWN)
    submitted_file = reopened.files.select_related("blob").get()
    _revision(reopened, submitted_file)
    ModelVersion.objects.filter(pk=reopened.pk).update(state=VersionState.DRAFT)
    public = record_event(tag="version:approved", subject=f"version:{live.pk}", actor=None, version=live)
    return Belongings(
        owner=owner,
        draft=draft,
        draft_file=draft.files.get(),
        upload=Upload.objects.create(
            owner=owner, version=draft, path="big.json", length=9, expires_at=timezone.now() + timedelta(days=1)
        ),
        secret=record_event(
            tag="model:registered",
            subject="model:1",
            actor=owner,
            registered_model=draft.registered_model,
            public=False,
        ),
        waiting=waiting,
        withdrawn=_version(owner, "withdrawn", VersionState.WITHDRAWN),
        stuck=stuck,
        reopened=ModelVersion.objects.get(pk=reopened.pk),
        submitted_file=submitted_file,
        added_file=add_file(reopened, "added.json", owner.username.encode()),
        live=live,
        live_file=live.files.get(),
        public=public,
        endpoint=endpoint,
        ready=ready,
        replaced=replaced,
        failed_rollout=_rollout(other_endpoint, broken, "failed"),
        failed_build=_build(broken, "failed"),
        queued_build=_build(broken, "queued"),
        message=DiscussionMessage.objects.create(
            registered_model=live.registered_model, author=owner, source="Hello", html="<p>Hello</p>"
        ),
        report=Report.objects.create(registered_model=live.registered_model, category="other", text="Odd."),
        news=Notification.objects.create(account=owner, event=public, concern="own"),
        token=ApiToken.objects.create(
            account=owner,
            name="bot",
            hint="mcpat_",
            digest=owner.username,
            scopes=["read"],
            expires_at=timezone.now() + timedelta(days=1),
        ),
        thread=thread,
        comment=ThreadComment.objects.create(thread=thread, author=owner, body="Why?", body_html="<p>Why?</p>"),
        review=Review.objects.create(
            version=waiting,
            reviewer=owner,
            decision="comment",
            comment="Hm.",
            comment_html="<p>Hm.</p>",
            content_digest=waiting.content_digest,
            revision=1,
        ),
    )


def _version(owner: Account, name: str, state: str) -> ModelVersion:
    version = make_draft(make_model(owner, name, summary="A model", task="tabular-classification"), files={})
    add_file(version, "model.json", f"{{{name}}}".encode())
    if state != VersionState.DRAFT:
        digest = content_digest(version)
        changes = {"content_digest": digest, "image_digest": IMAGE, "submitted_by": owner, "revision": 1}
        ModelVersion.objects.filter(pk=version.pk).update(state=state, submitted_at=timezone.now(), **changes)
        _check(version, digest, frozen=True)
        TrialRun.objects.create(version=version, content_digest=digest, image_digest=IMAGE, passed=True)
        refresh_listing(version.registered_model_id)  # as the move into that state would have done
    return ModelVersion.objects.select_related("registered_model__owner").get(pk=version.pk)


def _revision(version: ModelVersion, *files: VersionFile) -> None:
    VersionRevision.objects.create(
        version=version, number=1, content_digest=version.content_digest, submitted_by=version.registered_model.owner,
        submitted_at=timezone.now(), cpu_millis=1000, memory_bytes=1 << 30,
        files=[{"path": file.path, "sha256": file.blob_id, "size": file.blob.size} for file in files],
    )  # fmt: skip


def _check(version: ModelVersion, digest: str, *, frozen: bool) -> None:
    Check.objects.create(
        version=version, content_digest=digest, frozen=frozen, name="format", position=0, verdict="pass",
        code="format.passed", params={"path": "model.json", "format": "xgboost-json"},
    )  # fmt: skip


def _build(version: ModelVersion, state: str) -> ImageBuild:
    return ImageBuild.objects.create(
        version=version, number=version.image_builds.count() + 1, state=state, content_digest=version.content_digest,
        approved_digest=IMAGE, failure_code="build.crashed" if state == "failed" else "",
    )  # fmt: skip


def _rollout(endpoint: Endpoint, version: ModelVersion, state: str) -> Rollout:
    return Rollout.objects.create(
        endpoint=endpoint, version=version, build=_build(version, "succeeded"), state=state, image_digest=IMAGE,
        ready_at=None if state == "failed" else timezone.now(),
        failure_code="serving.start_timeout" if state == "failed" else "",
    )  # fmt: skip


def people() -> dict[str, Account]:
    """One account per right, and one with none."""
    groups = {"account": [], "reviewer": ["reviewers"], "operator": ["operators"], "administrator": ["administrators"]}
    return {role: make_account(role, groups=held) for role, held in groups.items()}
