"""The steps of a draft: where they are, what is done, and what still needs attention."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from registry.card_sections import read_sections
from registry.card_template import GUIDED_SECTIONS
from registry.checklist import STEP_OF_CHECK
from registry.checks.results import Detail, detail_text
from registry.errors import UserError
from registry.interfaces import Verdict
from registry.messages import message
from registry.models import Check, ModelVersion
from registry.selectors.threads import ChangeRequest, open_change_requests

STEPS = (
    ("basics", _("Basics"), "registry:draft_basics"),
    ("files", _("Files"), "registry:draft_files"),
    ("card", _("Model card"), "registry:draft_card"),
    ("examples", _("Examples and resources"), "registry:draft_examples"),
    ("submit", _("Check and submit"), "registry:draft"),
)
_NAMES = [name for name, _label, _view in STEPS]


@dataclass(frozen=True, slots=True)
class StepLink:
    """One step: `state` is done, current, attention or todo; no url before the draft exists."""

    label: str
    state: str
    url: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that keeps the draft from being submitted, and where it is mended."""

    step: str
    text: str
    url: str


def steps_of(draft: ModelVersion | None, current: str, problems: Sequence[Problem] = ()) -> list[StepLink]:
    """The steps with links; all are open once the draft exists, since volunteers work in any order.

    A step that nobody began is simply to do; attention is asked for what was begun and is not good enough.
    """
    done = _done_steps(draft) if draft else set()
    faulty = {problem.step for problem in problems}

    def state(name: str) -> str:
        if name == current:
            return "current"
        if name not in done:
            return "todo"
        return "attention" if name in faulty else "done"

    return [
        StepLink(str(label), state(name), reverse(view, args=[draft.pk]) if draft else "")
        for name, label, view in STEPS
    ]


def step_url(draft: ModelVersion, name: str) -> str:
    """The address of a step; "" for a name that is none."""
    view = next((view for each, _label, view in STEPS if each == name), "")
    return reverse(view, args=[draft.pk]) if view else ""


def neighbours(draft: ModelVersion, name: str) -> tuple[str, str]:
    """The addresses of the step before, "" at the first one, and of the step after."""
    at = _NAMES.index(name)
    return (
        step_url(draft, _NAMES[at - 1]) if at else "",
        step_url(draft, _NAMES[min(at + 1, len(_NAMES) - 1)]),
    )


def problems_of(draft: ModelVersion, checks: Iterable[Check]) -> list[Problem]:
    """The failed checks, one line for each place that has to be mended."""
    problems = []
    for check in checks:
        if check.verdict != Verdict.FAIL:
            continue
        step = STEP_OF_CHECK.get(check.name, "files")
        url = step_url(draft, step)
        details: list[Detail] = check.details
        if not details:
            text = message(check.code, check.params)
            problems.append(Problem(step, str(text.title), url + anchor_of(check.name)))
        problems += [Problem(step, detail_text(each), url + anchor_of(check.name, each)) for each in details]
    return problems


def mending_links(draft: ModelVersion, checks: Iterable[Check]) -> dict[str, str]:
    """The address of the field that mends each check's first fault, by the check's name."""
    return {
        check.name: step_url(draft, STEP_OF_CHECK.get(check.name, "files"))
        + anchor_of(check.name, check.details[0] if check.details else None)
        for check in checks
    }


@dataclass(frozen=True, slots=True)
class AskedChange:
    """What somebody asked to be changed, and the address of the place; `here` while that is on the present step."""

    request: ChangeRequest
    url: str
    here: bool


def change_requests_for(draft: ModelVersion, name: str) -> list[AskedChange]:
    """What the newest submission was asked to change: this step's first, then the whole draft's and the others'."""
    asked = [
        AskedChange(each, place_of(draft, each), here=each.step in {name, ""})
        for each in (open_change_requests(draft) if draft.revision or draft.number > 1 else ())
    ]
    return sorted(asked, key=lambda change: not change.here)


def place_of(draft: ModelVersion, asked: ChangeRequest) -> str:
    """The address of the field that a change is asked for; "" where the whole draft is meant."""
    kind, _colon, rest = asked.anchor.partition(":")
    step = "examples" if asked.anchor == "resources" else asked.step
    url = step_url(draft, step)
    if kind == "section":
        key = next((each.key for each in GUIDED_SECTIONS if each.is_titled(rest)), "")
        return f"{url}#id_{key}" if key else f"{url}?view=text"
    if kind == "line":
        return f"{url}?view=text&line={rest}#id_card_source"
    if asked.anchor in {"resources", "licence"}:
        return url + {"resources": "#id_cpu_millis", "licence": "#id_licence"}[asked.anchor]
    if step == "examples" and asked.anchor:
        return f"{url}#example-{asked.anchor}"
    return f"{url}#files" if step == "files" else url


def anchor_of(check: str, found: Detail | None = None) -> str:
    """The fragment of the field that mends a check's fault, "" where the whole step is meant."""
    params = found["params"] if found else {}
    if check == "licence" or (found and found["code"] == "card.licence_differs"):
        return "#id_licence"
    if check == "card" and "title" in params:
        key = next((each.key for each in GUIDED_SECTIONS if each.title == params["title"]), "")
        return f"#id_{key}" if key else ""
    if check == "examples":
        return f"#example-{params['number']}" if "number" in params else "#examples"
    return "#files" if check not in {"card", "licence"} else ""


def _done_steps(draft: ModelVersion) -> set[str]:
    """What the draft has already; whether it is good enough, the checks say."""
    has = {
        "basics": bool(draft.licence),
        "files": draft.files.exists(),
        "card": _is_card_begun(draft.card_source),
        "examples": draft.examples.exists(),
    }
    return {name for name, there in has.items() if there}


def _is_card_begun(source: str) -> bool:
    try:
        return any(read_sections(source).values())
    except UserError:  # a head that cannot be read was written by somebody
        return True
