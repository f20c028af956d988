"""The figures at the top of the operations page, each against its target."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deployer.overview import Figures as Standing
from deployer.traffic import Figures
from registry.templatetags.charts import amount, latency, percent

NOTEWORTHY_PERCENT, SENSELESS_PERCENT = 1, 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Kpi:
    """One figure: `tone` says whether it meets its target (success, warning, error), "" where it has none."""

    label: str
    value: str
    note: str = ""
    tone: str = ""


def kpis(standing: Standing, traffic: Figures, a_week_ago: Figures) -> list[Kpi]:
    """The six figures in the order in which the page shows them."""
    targets = settings.TARGETS
    return [
        _deployments(standing),
        Kpi(
            label=_("Requests"),
            # Translators: requests per second.
            value=_("%(rate)s /s") % {"rate": amount(traffic.per_second)},
            note=_compared(traffic, a_week_ago),
        ),
        Kpi(
            label=_("p95 latency"),
            value=latency(traffic.p95),
            note=_("target %(target)s") % {"target": latency(targets["p95_ms"])},
            tone=_met(traffic.p95, targets["p95_ms"]),
        ),
        Kpi(
            label=_("Error rate"),
            value=percent(traffic.error_percent),
            note=_("target %(target)s") % {"target": percent(targets["error_percent"])},
            tone=_met(traffic.error_percent, targets["error_percent"]),
        ),
        Kpi(
            label=_("Image builds"),
            value=ngettext("%(count)s running", "%(count)s running", standing.builds_running)
            % {"count": standing.builds_running},
            note=_queued(standing.builds_queued, standing.oldest_build),
        ),
        _reviews(standing),
    ]


def _deployments(standing: Standing) -> Kpi:
    parts = [ngettext("%(count)s healthy", "%(count)s healthy", standing.healthy) % {"count": standing.healthy}]
    if standing.starting:
        parts.append(
            ngettext("%(count)s starting", "%(count)s starting", standing.starting) % {"count": standing.starting}
        )
    if standing.down:
        parts.append(ngettext("%(count)s down", "%(count)s down", standing.down) % {"count": standing.down})
    if standing.suspended:
        parts.append(
            ngettext("%(count)s suspended", "%(count)s suspended", standing.suspended) % {"count": standing.suspended}
        )
    tone = "error" if standing.down else "success" if standing.healthy else ""
    # Translators: joins parts of a list such as "22 healthy, 1 down".
    return Kpi(label=_("Deployments"), value=amount(standing.endpoints), note=_(", ").join(parts), tone=tone)


def _reviews(standing: Standing) -> Kpi:
    oldest = standing.oldest_review
    late = oldest is not None and is_late(oldest)
    note = _("oldest %(age)s") % {"age": timesince(oldest, depth=1)} if oldest is not None else _("nothing waits")
    return Kpi(
        label=_("Waiting for review"), value=amount(standing.in_review), note=note, tone="warning" if late else ""
    )


def is_late(submitted_at: datetime) -> bool:
    """Whether a review waits longer than the target."""
    return submitted_at < timezone.now() - timedelta(hours=settings.TARGETS["review_hours"])


def _queued(count: int, oldest: datetime | None) -> str:
    if oldest is None:
        return _("none queued")
    text = ngettext("%(count)s queued, oldest: %(age)s", "%(count)s queued, oldest: %(age)s", count)
    return text % {"count": count, "age": timesince(oldest, depth=1)}


def _compared(traffic: Figures, before: Figures) -> str:
    if not before.requests:
        return ""
    change = 100 * (traffic.requests / before.requests - 1)
    if abs(change) > SENSELESS_PERCENT:
        return ""  # there was next to nothing to compare with
    if abs(change) < NOTEWORTHY_PERCENT:
        return _("as a week ago")
    text = _("%(share)s above a week ago") if change > 0 else _("%(share)s below a week ago")
    return text % {"share": percent(round(abs(change)))}


def _met(value: float | None, target: float) -> str:
    if value is None:
        return ""
    return "success" if value <= target else "error"
