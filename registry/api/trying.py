"""Trying a draft's examples before anything is submitted."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from registry import selectors, services
from registry.api.answers import WorkAnswer
from registry.api.base import ApiView, answered
from registry.api.fields import CharField, ChoiceField, DictField, FloatField, IntegerField, ListField, StrictSerializer
from registry.api.operations import operation
from registry.models import Scope
from registry.permissions import may_submit
from registry.presentation.draft_trial import trial_context
from registry.tasks import ring

OWNER = {"scopes": (Scope.SUBMIT,), "right": may_submit}


class TryBody(StrictSerializer):
    """Which examples to try."""

    position = IntegerField(
        required=False, min_value=1, max_value=10**3, help_text="The number of one example; without it, all of them."
    )


class TriedExampleAnswer(Serializer[Any]):
    """How one example went."""

    position = IntegerField()
    title = CharField(allow_blank=True)
    state = ChoiceField(
        choices=["pass", "fail", "none", "stale"],
        help_text="“none”: no answer is expected yet; “stale”: it was not tried as it is now.",
    )
    text = CharField(allow_blank=True)
    outputs = ListField(child=DictField(), help_text="What the model answered; may become what is expected.")
    latency_ms = FloatField(allow_null=True)


class DraftTrialAnswer(Serializer[Any]):
    """What the draft's model answered when it was tried last."""

    state = ChoiceField(choices=["none", "running", "failed", "answered"])
    work = WorkAnswer(allow_null=True, help_text="While it runs, or if it could not be tried.")
    fault = CharField(allow_blank=True, help_text="Why the model could not be asked.")
    load_ms = FloatField(allow_null=True)
    peak_memory_bytes = IntegerField(allow_null=True)
    suggested_memory_bytes = IntegerField(help_text="What the model should get, by what it was seen to use.")
    examples = TriedExampleAnswer(many=True)
    log_tail = CharField(allow_blank=True, help_text="The end of the model's own output.")


class DraftTrial(ApiView):
    """The try of a draft."""

    tag = "Checks and trial run"

    @operation(
        name="read_draft_trial", summary="Read what your draft's model answered to its examples.", **OWNER,
        answer=DraftTrialAnswer,
    )  # fmt: skip
    def get(self, request: Request, pk: int) -> Response:
        """The answers, or how far the try is."""
        return self._shown(request, pk)

    @operation(
        name="try_draft", summary="Try your draft's examples against its model in its own runtime.",
        description="Nothing is submitted. Read the answers once “state” is “answered”.", **OWNER, body=TryBody,
        answer=DraftTrialAnswer, status=HTTPStatus.ACCEPTED,
    )  # fmt: skip
    def post(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        """That it is under way."""
        draft = selectors.own_version(pk=pk, user=request.user)
        ring(services.try_draft(version=draft, actor=self.account(), **given))
        return self._shown(request, pk, status=HTTPStatus.ACCEPTED)

    def _shown(self, request: Request, pk: int, *, status: HTTPStatus = HTTPStatus.OK) -> Response:
        draft = selectors.own_version(pk=pk, user=request.user)
        found = trial_context(draft)
        trial, note, fault = found["trial"], found["trial_note"], found["trial_fault"]
        state = "running" if found["trial_running"] else "failed" if note or fault else "answered" if trial else "none"
        body = {
            "state": state,
            "work": note,
            "fault": f"{fault.title} {fault.body}".strip() if fault else "",
            "load_ms": trial.load_ms if trial else None,
            "peak_memory_bytes": trial.peak_memory_bytes if trial else None,
            "suggested_memory_bytes": selectors.suggested_memory(draft),
            "examples": [
                {
                    **{name: getattr(row, name) for name in ("title", "state", "text", "outputs", "latency_ms")},
                    "position": row.number,
                }
                for row in found["answers"]
            ],
            "log_tail": trial.log_tail if trial else "",
        }
        return answered(DraftTrialAnswer, body, status=status)
