"""What somebody has to look at, worst first: each with who must act, where to go and how to repeat."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from deployer import overview
from deployer.capacity import Capacity, Disk
from deployer.kpis import is_late
from deployer.models import Endpoint, ImageBuild, PartTrouble, Rollout
from deployer.presentation import failure_note
from deployer.reachability import SERVING
from deployer.traffic import Figures
from registry.messages import message
from registry.models import ModelVersion
from registry.templatetags.charts import amount

ENOUGH_REQUESTS = 20
LONGEST_WAIT = timedelta(minutes=5)
ERROR, WARNING = "error", "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionRow:
    """One line. `about` names the thing and links to it; `retry_url` is "" for who may not, or where nothing helps."""

    tone: str
    title: str
    body: str
    who: str = ""
    about: str = ""
    about_url: str = ""
    more_url: str = ""
    more_label: str = ""
    retry_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the page knows already; `disk` and `capacity` are None for who may not see them.

    `swept`: a worker's sweep is alive. `compared`: one held what runs against what is wanted not long ago.
    """

    standing: overview.Figures
    swept: bool
    compared: bool
    last_hour: Mapping[int, Figures]
    may_operate: bool
    disk: Disk | None = None
    capacity: Capacity | None = None


def attention_rows(seen: Seen) -> list[AttentionRow]:
    """All lines; a constant number of queries, at most 20 lines of each cause."""
    return [*_of_the_house(seen), *_of_versions(seen), *_of_traffic(seen), *_of_reviews(seen)]


def _of_the_house(seen: Seen) -> Iterator[AttentionRow]:
    operator = _("An operator has to act.")
    troubles = list(PartTrouble.objects.order_by("since", "part")) if seen.swept else []  # else nobody has looked
    if not seen.swept:
        yield _row(ERROR, "attention.silent", who=operator)
    elif not seen.compared and SERVING not in {trouble.part for trouble in troubles}:
        yield _row(ERROR, "attention.hung", who=operator)
    elif seen.standing.oldest_job is not None and seen.standing.oldest_job < timezone.now() - LONGEST_WAIT:
        yield _row(WARNING, "attention.queue_waits", who=operator, more_url="#queue", more_label=_("See the queue"))
    yield from _of_parts(seen, troubles)
    if seen.disk is not None and seen.disk.scarce:
        sizes = {"free_bytes": seen.disk.free, "reserve_bytes": seen.disk.reserve}
        yield _row(ERROR, "attention.disk", sizes, who=operator, more_url="#disk", more_label=_("See the disk"))
    if seen.capacity is not None and seen.capacity.exceeded:
        yield _row(WARNING, "attention.capacity", who=operator, more_url="#capacity", more_label=_("See the capacity"))


def _of_parts(seen: Seen, troubles: Iterable[PartTrouble]) -> Iterator[AttentionRow]:
    """Outside systems that do not answer; why, and how to mend it, is for operators, as it names addresses."""
    for trouble in troubles:
        text = message("attention.part", {"part": message(trouble.part).title})
        why = message(trouble.code, trouble.params)
        yield AttentionRow(
            tone=ERROR, title=str(text.title), who=_("An operator has to act."),
            body=f"{why.title} {why.body}" if seen.may_operate else str(text.body),
            more_url=reverse("deployer:backends") if seen.may_operate else "",
            more_label=_("Backends") if seen.may_operate else "",
        )  # fmt: skip


def _of_versions(seen: Seen) -> Iterator[AttentionRow]:
    found = overview.attention()
    bringing_back = _("The portal is bringing it back. If it stays down, an operator has to act.")
    for rollout in found.down:
        text = message(rollout.health_code, rollout.health_params)
        yield _about(
            rollout.version, WARNING, str(text.title), str(text.body),
            who=_("An operator has to act.") if rollout.misses_its_route else bringing_back,
            more_url=reverse("deployer:rollout", args=[rollout.pk]),
        )  # fmt: skip
    failed: list[Rollout | ImageBuild] = [*found.failed_rollouts, *found.failed_builds]
    for row in failed:
        note = failure_note(row.failure_code, row.failure_params)
        name = "deployer:rollout" if isinstance(row, Rollout) else "deployer:build"
        yield _about(
            row.version, ERROR, note.title if note else _("It failed."), note.body if note else "",
            who=note.who if note else "", more_url=reverse(name, args=[row.pk]),
        )  # fmt: skip
    for version, job in found.untried:
        text = message(job.last_error, job.last_error_params)
        retry = reverse("registry:version_retry", args=[version.pk]) if seen.may_operate else ""
        yield _about(
            version, ERROR, str(text.title), str(text.body), who=_("An operator has to act."), retry_url=retry
        )  # fmt: skip


def _of_traffic(seen: Seen) -> Iterator[AttentionRow]:
    """Endpoints that miss a target, by enough requests for the figure to mean something."""
    targets, operator = settings.TARGETS, _("An operator has to act.")
    asked = {pk: each for pk, each in seen.last_hour.items() if each.requests >= ENOUGH_REQUESTS}
    failing = {pk for pk, each in asked.items() if (each.error_percent or 0) > targets["error_percent"]}
    slow = {pk for pk, each in asked.items() if (each.p95 or 0) > targets["p95_ms"]} - failing
    rows = Endpoint.objects.filter(pk__in=failing | slow).order_by("name")
    for endpoint in rows[: overview.MOST_PER_CAUSE]:
        each = asked[endpoint.pk]
        if endpoint.pk in failing:
            shown = {"percent": amount(each.error_percent), "target": amount(targets["error_percent"])}
            text = message("attention.errors", shown)
        else:
            text = message("attention.slow", {"milliseconds": amount(each.p95), "target": amount(targets["p95_ms"])})
        url = reverse("deployer:endpoint", args=[endpoint.name])
        yield AttentionRow(
            tone=ERROR if endpoint.pk in failing else WARNING, about=endpoint.name, about_url=url,
            title=str(text.title), body=str(text.body), who=operator, more_url=url, more_label=_("Open figures"),
        )  # fmt: skip


def _of_reviews(seen: Seen) -> Iterator[AttentionRow]:
    oldest = seen.standing.oldest_review
    if oldest is not None and is_late(oldest):
        yield _row(
            WARNING, "attention.review_waits", {"hours": amount(settings.TARGETS["review_hours"])},
            who=_("A reviewer has to act."), more_url=reverse("registry:review_queue"), more_label=_("Review queue"),
        )  # fmt: skip


def _row(
    tone: str, code: str, params: Mapping[str, object] | None = None, *, who: str, more_url: str = "",
    more_label: str = "",
) -> AttentionRow:  # fmt: skip
    text = message(code, params)
    return AttentionRow(
        tone=tone, title=str(text.title), body=str(text.body), who=who, more_url=more_url, more_label=more_label
    )


def _about(
    version: ModelVersion, tone: str, title: str, body: str, *, who: str, more_url: str = "", retry_url: str = ""
) -> AttentionRow:
    model = version.registered_model
    url = reverse("registry:version", args=[model.owner.username, model.name, version.number])
    return AttentionRow(
        tone=tone, about=str(version), about_url=url, title=title, body=body, who=who, more_url=more_url,
        more_label=_("Details") if more_url else "", retry_url=retry_url,
    )  # fmt: skip
