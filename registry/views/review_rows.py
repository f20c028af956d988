"""The review desk's rows: what selectors found, in the words and addresses that templates print."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from registry.card_diff import DiffLine
from registry.checklist import CARD_SECTION, STEP_OF_CHECK
from registry.forms import ReviewForm, target_choices
from registry.interfaces import Verdict
from registry.models import Check, Decision, ModelVersion, Review, ThreadSubject
from registry.selectors.desk import Obstacle, Standing
from registry.selectors.queue import Risk, Show
from registry.selectors.threads import PlacedThread

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

RISKS: dict[Risk, tuple[StrOrPromise, StrOrPromise]] = {
    Risk.FIRST_SUBMISSION: (_("First submission"), _("None of this owner's versions was approved before.")),
    Risk.NEW_LICENCE: (_("New licence"), _("No approved version of the portal has this licence yet.")),
    Risk.LICENCE_CHANGED: (_("Licence changed"), _("The version that it would replace has another licence.")),
    Risk.LARGE: (_("Large"), _("Its files hold a gibibyte or more.")),
    Risk.RESOURCE_JUMP: (_("More resources"), _("It asks for at least twice the CPU or memory of the one in use.")),
    Risk.LIVE_ENDPOINT: (_("Live endpoint"), _("An approval changes what consumers are answered with.")),
}
SHOWN: dict[Show, StrOrPromise] = {
    Show.ALL: _("All"),
    Show.MINE: _("Mine"),
    Show.UNCLAIMED: _("Unclaimed"),
    Show.WARNINGS: _("With warnings"),
}
STANDINGS: dict[Standing, tuple[StrOrPromise, str, str]] = {
    Standing.APPROVED: (_("approved this revision"), "success", "success"),
    Standing.APPROVED_EARLIER: (_("approved an earlier revision"), "success", "subtle"),
    Standing.REQUESTED_CHANGES: (_("requested changes"), "alert", "warning"),
    Standing.REJECTED: (_("rejected it"), "error", "error"),
    Standing.COMMENTED: (_("commented"), "notice", "subtle"),
    Standing.LOOKING: (_("is looking at it"), "clock", ""),
}
OBSTACLES: dict[Obstacle, StrOrPromise] = {
    Obstacle.CHECK_FAILED: _("A required check failed, so you can't approve yet."),
    Obstacle.NOT_TRIED: _("The trial run has not passed, so you can't approve yet."),
    Obstacle.APPROVED_ALREADY: _("You have approved exactly this revision already."),
}
# By itself, as "Comment" is the name of the field above.
COMMENT_ONLY = _("Comment only")
DECISION_HELP: dict[str, StrOrPromise] = {
    Decision.COMMENT: _("Say something without deciding."),
    Decision.REQUEST_CHANGES: _("The submitter mends it and submits again."),
    Decision.APPROVE: _("Exactly these digests are built and served."),
    Decision.REJECT: _("Ends this version for good."),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """One link of a set of views or filters."""

    label: StrOrPromise
    url: str
    current: bool
    count: int | None = None


@dataclass(frozen=True, slots=True)
class CardRow:
    """A line of the card with the threads that stand at it; `comment_url` opens the form, shown where `writing`.

    `kind`, `old`, `new` and `text` are those of a `DiffLine`.
    """

    kind: str
    old: int | str
    new: int | str
    text: str
    threads: Sequence[PlacedThread]
    comment_url: str
    writing: bool


@dataclass(frozen=True, slots=True)
class DecisionOption:
    """A radio button; `help` says why it is disabled where it is."""

    value: str
    label: StrOrPromise
    help: StrOrPromise
    disabled: bool
    checked: bool


def risk_rows(risks: Iterable[Risk]) -> list[tuple[StrOrPromise, StrOrPromise]]:
    """(flag, what it means) of each."""
    return [RISKS[risk] for risk in risks]


def filter_choices(current: str) -> list[Choice]:
    """The queue's filters as links."""
    chosen = current if current in list(Show) else Show.ALL
    address = reverse("registry:review_queue")
    return [
        Choice(label, address if show is Show.ALL else f"{address}?show={show.value}", current=show == chosen)
        for show, label in SHOWN.items()
    ]


def card_rows(
    lines: Iterable[DiffLine], threads: Iterable[PlacedThread], *, comment_url: str, writing: int | None
) -> tuple[list[CardRow], list[PlacedThread]]:
    """The lines with their threads, and the threads about the card that stand at none of them."""
    waiting: dict[int, list[PlacedThread]] = {}
    elsewhere = []
    for each in threads:
        if each.line is None:
            elsewhere.append(each)
        else:
            waiting.setdefault(each.line, []).append(each)
    rows = []
    for line in lines:
        there = waiting.pop(line.new, []) if isinstance(line.new, int) else []
        url = f"{comment_url}&comment={line.new}#comment" if comment_url and isinstance(line.new, int) else ""
        rows.append(
            CardRow(line.kind, line.old, line.new, line.text, there, url, writing=bool(url) and line.new == writing)
        )
    unseen = [each for number in sorted(waiting) for each in waiting[number]]
    return rows, [*unseen, *elsewhere]


def decision_options(form: ReviewForm, obstacle: Obstacle | None) -> list[DecisionOption]:
    """The decisions with what each does, approving disabled where something stands in its way."""
    chosen = form["decision"].value()
    options = []
    for value, label in Decision.choices:
        blocked = obstacle is not None and value == Decision.APPROVE
        text = OBSTACLES[obstacle] if blocked and obstacle is not None else DECISION_HELP[value]
        name = COMMENT_ONLY if value == Decision.COMMENT else label
        options.append(DecisionOption(value, name, text, disabled=blocked, checked=value == chosen and not blocked))
    return options


def suggested_targets(checks: Iterable[Check], threads: Iterable[PlacedThread]) -> list[str]:
    """What a request for changes would name by itself: where checks failed and where threads are open."""
    known = {key for key, _label in target_choices()}
    found = [
        STEP_OF_CHECK[check.name] for check in checks if check.verdict == Verdict.FAIL and check.name in STEP_OF_CHECK
    ]
    for each in threads:
        if each.is_resolved:
            continue
        section = f"{CARD_SECTION}{each.thread.section}"
        found.append(
            {
                ThreadSubject.CARD: section if section in known else "card",
                ThreadSubject.FILE: "files",
                ThreadSubject.EXAMPLE: "examples",
            }[ThreadSubject(each.thread.subject)]
        )
    return sorted(set(found))


def review_targets(review: Review) -> list[str]:
    """The places that a request for changes named, in words."""
    labels = dict(target_choices())
    return [labels.get(target, target.removeprefix(CARD_SECTION)) for target in review.targets]


def version_address(version: ModelVersion) -> str:
    """The public page of the version."""
    model = version.registered_model
    return reverse("registry:version", args=[model.owner.username, model.name, version.number])
