"""What the pages of a draft need to know."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Sum
from django.utils.text import slugify

from registry.models import Account, DraftTrial, Job, ModelVersion
from registry.names import NAME_PATTERN

LONGEST_NAME = 39
MEMORY_STEP = 64 << 20
LEAST_MEMORY = 128 << 20
RUNTIME_BYTES = 320 << 20
"""What a runtime's process takes before it has read a model; the four of the catalogue take 90 to 300 MB."""


def draft_trial_job(draft: ModelVersion) -> Job | None:
    """The work of trying the draft's examples, the newest if there are several."""
    return Job.objects.filter(kind="try_draft", subject_id=draft.pk).order_by("-pk").first()


def request_digest(request: Mapping[str, Any]) -> str:
    """Names a request by what it says, so that an answer is never shown beside another question."""
    text = json.dumps(request, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def files_digest(draft: ModelVersion) -> str:
    """Names the draft's files by what they hold, so that answers of other files are not taken for theirs."""
    rows = [list(row) for row in draft.files.order_by("path").values_list("path", "blob_id")]
    return hashlib.sha256(json.dumps(rows, separators=(",", ":")).encode()).hexdigest()


def answers_by_request(draft: ModelVersion, trial: DraftTrial | None) -> dict[str, Mapping[str, Any]]:
    """What the present files answered, by the request's digest."""
    if trial is None or (trial.files and trial.files != files_digest(draft)):
        return {}
    return {row["request"]: row for row in trial.answers}


def wanted_requests(draft: ModelVersion) -> list[dict[str, Any]]:
    """The requests that a try shall put: those that somebody asked for and that still are there, else all."""
    requests: list[dict[str, Any]] = list(draft.examples.order_by("position").values_list("request", flat=True))
    trial = DraftTrial.objects.filter(version=draft).first()
    chosen = [request for request in requests if trial and request_digest(request) in trial.wanted]
    return chosen or requests


def draft_answer(draft: ModelVersion, request: Mapping[str, Any]) -> dict[str, Any] | None:
    """What the model answered to this very request when it was tried, as an expected answer; None if it did not."""
    trial = DraftTrial.objects.filter(version=draft).first()
    found = answers_by_request(draft, trial).get(request_digest(request), {}).get("answer")
    return {"outputs": found["outputs"]} if found and found.get("outputs") else None


def suggested_memory(draft: ModelVersion) -> int:
    """Bytes of memory that the model should get: half as much again as it was seen to use, in steps of 64 MiB.

    Before it was tried, three times its files beside what a runtime needs for itself.
    """
    trial = DraftTrial.objects.filter(version=draft, peak_memory_bytes__isnull=False).first()
    if trial is not None and trial.peak_memory_bytes:
        wanted = trial.peak_memory_bytes * 3 // 2
    else:
        files = draft.files.aggregate(total=Sum("blob__size"))["total"] or 0
        wanted = RUNTIME_BYTES + 3 * files
    return max(LEAST_MEMORY, -(-wanted // MEMORY_STEP) * MEMORY_STEP)


@dataclass(frozen=True, slots=True, kw_only=True)
class NameOffer:
    """What would become of a name for a new model: `state` is empty, free, taken or bad.

    `name` is what was asked for, `suggestion` a name of the same letters that follows the rules and is free, if any.
    """

    state: str
    name: str
    suggestion: str = ""


def name_offer(account: Account, text: str) -> NameOffer:
    """Whether the account may have a model of this name. Only its own names matter: others have their own folder."""
    name = text.strip()
    if not name:
        return NameOffer(state="empty", name="")
    taken = set(account.registered_models.values_list("name", flat=True))
    if re.fullmatch(NAME_PATTERN, name):
        free = name not in taken
        return NameOffer(state="free" if free else "taken", name=name, suggestion="" if free else _free(name, taken))
    return NameOffer(state="bad", name=name[:80], suggestion=_free(_slug(name), taken))


def _slug(text: str) -> str:
    """The letters of a text as a name; "" if too few of them are Latin."""
    found = re.sub(r"^[^a-z]+|-+$", "", slugify(text).replace("_", "-"))
    short = re.sub(r"-{2,}", "-", found)[:LONGEST_NAME].rstrip("-")
    return short if re.fullmatch(NAME_PATTERN, short) else ""


def _free(name: str, taken: set[str]) -> str:
    if not name:
        return ""
    numbered = (f"{name[: LONGEST_NAME - 4].rstrip('-')}-{number}" for number in range(2, 1000))
    return next((each for each in (name, *numbered) if each not in taken), "")
