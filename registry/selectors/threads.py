"""Threads as they stand in the present content, and what a version's reviewers ask to be changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q, QuerySet

from registry.card_diff import carried_lines
from registry.checklist import STEP_OF_CHECK, place_of_target
from registry.errors import NotFoundError
from registry.interfaces import Verdict
from registry.messages import message, message_alone
from registry.models import (
    Account,
    Decision,
    ModelVersion,
    RegisteredModel,
    Review,
    ReviewThread,
    ThreadComment,
    ThreadSubject,
    VersionRevision,
    VersionState,
)
from registry.permissions import User, may_see_version
from registry.selectors.versions import example_positions, files_of
from registry.submitted import as_seen

STEP_OF_SUBJECT = {ThreadSubject.CARD: "card", ThreadSubject.FILE: "files", ThreadSubject.EXAMPLE: "examples"}


@dataclass(frozen=True, slots=True)
class PlacedThread:
    """A thread and where it stands now: `line` in the present card, None with `outdated` where its place is gone."""

    thread: ReviewThread
    comments: Sequence[ThreadComment]
    line: int | None
    outdated: bool

    @property
    def is_resolved(self) -> bool:
        """Whether somebody settled it."""
        return self.thread.resolved_at is not None


@dataclass(frozen=True, slots=True)
class ChangeRequest:
    """One thing to change. `step` is a step of the draft: basics, files, card, examples, or "" for the whole.

    `anchor` says where in the step: "" for all of it, `resources`, `licence`, `section:<title>`, `line:<number>`, a
    file's path or an example's number. `text` is Markdown of a person, or the portal's own words (`author` None).
    `of_version` is the number of an earlier version that it was asked of.
    """

    step: str
    anchor: str
    text: str
    author: Account | None
    at: datetime
    thread_id: int | None = None
    of_version: int | None = None


def threads_of(version: ModelVersion) -> QuerySet[ReviewThread]:
    """The version's threads, oldest first, with their people and comments."""
    return _with_people(ReviewThread.objects.filter(version=version))


def threads_in_play(version: ModelVersion) -> QuerySet[ReviewThread]:
    """The version's threads, and those of the model's earlier versions that nobody settled: they carry over."""
    return _with_people(ReviewThread.objects.filter(Q(version=version) | _carried_over(version)))


def _carried_over(version: ModelVersion) -> Q:
    earlier = Q(version__registered_model=version.registered_model_id, version__number__lt=version.number)
    return earlier & Q(resolved_at__isnull=True)


def _with_people(threads: QuerySet[ReviewThread]) -> QuerySet[ReviewThread]:
    people = threads.select_related("opened_by", "resolved_by", "version")
    return people.prefetch_related("comments__author", "comments__hidden_by")


def thread_by_id(*, pk: int, user: User) -> ReviewThread:
    """One thread, if this person may see its version."""
    found = (
        ReviewThread.objects.select_related("version__registered_model__owner", "version__submitted_by")
        .filter(pk=pk)
        .first()
    )
    if found is None or not may_see_version(user, found.version):
        raise NotFoundError("thread.unknown")
    (found.version,) = as_seen(user, [found.version])
    return found


def open_thread_count(version: ModelVersion) -> int:
    """How many threads nobody has settled, those of earlier versions among them."""
    return threads_in_play(version).filter(resolved_at__isnull=True).count()


def placed_threads(version: ModelVersion, threads: Iterable[ReviewThread]) -> list[PlacedThread]:
    """The threads with their places in the version's present content, in the given order; two queries more."""
    rows = list(threads)
    lines = _lines_now(version, rows)
    paths = {file.path for file in files_of(version)}
    positions = example_positions(version)
    placed = []
    for thread in rows:
        line = lines.get(thread.pk)
        there = {
            ThreadSubject.CARD: line is not None,
            ThreadSubject.FILE: thread.path in paths,
            ThreadSubject.EXAMPLE: thread.position in positions,
        }[ThreadSubject(thread.subject)]
        placed.append(PlacedThread(thread, list(thread.comments.all()), line, outdated=not there))
    return placed


def _lines_now(version: ModelVersion, threads: Sequence[ReviewThread]) -> dict[int, int | None]:
    """The present line of each thread about the card, by the thread's id."""
    by_digest: dict[str, list[ReviewThread]] = defaultdict(list)
    for thread in threads:
        if thread.subject == ThreadSubject.CARD and thread.line is not None:
            by_digest[thread.content_digest].append(thread)
    earlier = set(by_digest) - ({version.content_digest} if version.state != VersionState.DRAFT else set())
    revisions = VersionRevision.objects.filter(version__registered_model=version.registered_model_id)
    cards = dict(revisions.filter(content_digest__in=earlier).values_list("content_digest", "card_source"))
    found: dict[int, int | None] = {}
    for digest, group in by_digest.items():
        if digest not in earlier:
            found |= {thread.pk: thread.line for thread in group}
            continue
        numbers = [thread.line for thread in group if thread.line is not None]
        carried = carried_lines(cards.get(digest, ""), version.card_source, numbers)
        found |= {thread.pk: carried.get(thread.line or 0) for thread in group}
    return found


def open_change_requests(version: ModelVersion) -> list[ChangeRequest]:
    """What the newest submission was asked to change and has not settled, in the order of the draft's steps.

    Requests are those of reviewers about the last revision, the portal's own where a check of that revision failed,
    and every thread that nobody resolved, of this version or an earlier one. Submitting again leaves only the threads.
    """
    found = [*_asked_by_reviewers(version), *_asked_by_checks(version), *_asked_in_threads(version)]
    order = {"": 0, "basics": 1, "files": 2, "card": 3, "examples": 4}
    return sorted(found, key=lambda request: (order[request.step], request.at))


def _asked_by_reviewers(version: ModelVersion) -> list[ChangeRequest]:
    if version.state not in {VersionState.CHANGES_REQUESTED, VersionState.DRAFT}:
        return []
    reviews = version.reviews.filter(decision=Decision.REQUEST_CHANGES, revision=version.revision, revision__gt=0)
    return [
        ChangeRequest(step, anchor, _words(review, review.comment), review.reviewer, review.created_at)
        for review in reviews.select_related("reviewer")
        for step, anchor in ([place_of_target(target) for target in review.targets] or [("", "")])
    ]


def _words(said: ThreadComment | Review, words: str) -> str:
    return str(message_alone("said.hidden").title) if said.is_hidden else words


def _asked_by_checks(version: ModelVersion) -> list[ChangeRequest]:
    if version.state not in {VersionState.CHANGES_REQUESTED, VersionState.DRAFT} or not version.content_digest:
        return []
    failed = version.checks.filter(frozen=True, content_digest=version.content_digest, verdict=Verdict.FAIL)
    found = []
    for check in failed:
        anchor = "licence" if check.name == "licence" else ""
        text = message(check.code, check.params)
        said = f"{text.title} {text.body}".strip()
        found.append(ChangeRequest(STEP_OF_CHECK.get(check.name, ""), anchor, said, None, check.created_at))
    for trial in version.trial_runs.filter(content_digest=version.content_digest, passed=False):
        text = message(trial.code, trial.params)
        found.append(ChangeRequest("examples", "", f"{text.title} {text.body}".strip(), None, trial.created_at))
    return found


def _asked_in_threads(version: ModelVersion) -> list[ChangeRequest]:
    placed = placed_threads(version, threads_in_play(version).filter(resolved_at__isnull=True))
    return [
        ChangeRequest(
            STEP_OF_SUBJECT[ThreadSubject(each.thread.subject)],
            _anchor(each),
            _words(each.comments[0], each.comments[0].body) if each.comments else "",
            each.thread.opened_by,
            each.thread.created_at,
            each.thread.pk,
            each.thread.version.number if each.thread.version_id != version.pk else None,
        )
        for each in placed
    ]


def _anchor(placed: PlacedThread) -> str:
    thread = placed.thread
    if thread.subject == ThreadSubject.FILE:
        return thread.path
    if thread.subject == ThreadSubject.EXAMPLE:
        return str(thread.position)
    if placed.line is not None:
        return f"line:{placed.line}"
    return f"section:{thread.section}" if thread.section else ""


Entry = tuple[datetime, str, int]
"""(when, `review` or `thread`, id) of something said about a version."""


def conversation_entries(version: ModelVersion) -> list[Entry]:
    """Everything that was said about the version, oldest first, for paging."""
    reviews = [(at, "review", pk) for at, pk in version.reviews.values_list("created_at", "pk")]
    return sorted([*reviews, *((at, "thread", pk) for at, pk in version.threads.values_list("created_at", "pk"))])


def conversation(version: ModelVersion, entries: Sequence[Entry]) -> list[Review | PlacedThread]:
    """What these entries stand for, in their order; a constant number of queries."""
    ids = {kind: [pk for _at, found, pk in entries if found == kind] for kind in ("review", "thread")}
    reviews = version.reviews.filter(pk__in=ids["review"]).select_related("reviewer", "hidden_by")
    placed = placed_threads(version, threads_of(version).filter(pk__in=ids["thread"]))
    found: dict[tuple[str, int], Review | PlacedThread] = {("review", review.pk): review for review in reviews}
    found |= {("thread", each.thread.pk): each for each in placed}
    return [found[kind, pk] for _at, kind, pk in entries if (kind, pk) in found]


def reviewed_versions(registered_model: RegisteredModel) -> QuerySet[ModelVersion]:
    """The versions about which something was said, newest first, with `thread_count` and `open_count`."""
    said = Q(reviews__isnull=False) | Q(threads__isnull=False)
    unsettled = Q(threads__isnull=False, threads__resolved_at__isnull=True)
    return (
        registered_model.versions.filter(said)
        .annotate(
            thread_count=Count("threads", distinct=True),
            open_count=Count("threads", filter=unsettled, distinct=True),
        )
        .order_by("-number")
    )
