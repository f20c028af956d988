"""Builds, rollouts and endpoints as the API shows them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from rest_framework.serializers import Serializer

from deployer import overview, selectors
from deployer.models import Endpoint, Health, ImageBuild, ImageBuildState, Rollout, RolloutState
from deployer.presentation import PhaseRow, build_phases, failure_note, rollout_phases
from deployer.sync import Sync, is_compared, last_comparison, sync_of
from registry.api.addresses import absolute
from registry.api.answers import ModelRefAnswer, NamedVersionAnswer, model_ref, version_ref
from registry.api.fields import BooleanField, CharField, ChoiceField, DateTimeField, FloatField, IntegerField, URLField


class FailureAnswer(Serializer[Any]):
    """Why a step failed and who has to act."""

    code = CharField()
    title = CharField()
    body = CharField(allow_blank=True)
    who = CharField()


class PhaseAnswer(Serializer[Any]):
    """One step."""

    label = CharField()  # type: ignore[assignment]  # a field, which the framework takes off the class
    state = ChoiceField(choices=["done", "current", "failed", "todo"])
    milliseconds = FloatField(allow_null=True)
    done = IntegerField()
    total = IntegerField()


class BuildAnswer(Serializer[Any]):
    """The packaging of one approved version."""

    id = IntegerField()
    number = IntegerField()
    version = NamedVersionAnswer()
    state = ChoiceField(choices=ImageBuildState.choices)
    approved_digest = CharField(allow_blank=True, help_text="What the reviewers approved.")
    built_digest = CharField(allow_blank=True, help_text="What was built; the same, or the build fails.")
    failure = FailureAnswer(allow_null=True)
    created_at = DateTimeField()
    state_changed_at = DateTimeField()
    finished_at = DateTimeField(allow_null=True)
    url = URLField()
    page_url = URLField()


class BuildDetailAnswer(BuildAnswer):
    """A build with its steps."""

    phases = PhaseAnswer(many=True)


class RolloutAnswer(Serializer[Any]):
    """A version being served, or on its way there. State and health are two things."""

    id = IntegerField()
    endpoint = CharField()
    version = NamedVersionAnswer()
    build = IntegerField()
    state = ChoiceField(choices=RolloutState.choices)
    health = ChoiceField(choices=Health.choices)
    live = BooleanField(help_text="Whether the endpoint answers with it now.")
    image_digest = CharField(allow_blank=True)
    restarts = IntegerField()
    failure = FailureAnswer(allow_null=True)
    created_at = DateTimeField()
    state_changed_at = DateTimeField()
    ready_at = DateTimeField(allow_null=True)
    url = URLField()
    page_url = URLField()


class RolloutDetailAnswer(RolloutAnswer):
    """A rollout with its steps."""

    sync = ChoiceField(choices=list(Sync), help_text="Whether what should run runs; unknown while nobody compares.")
    phases = PhaseAnswer(many=True)


class EndpointAnswer(Serializer[Any]):
    """A stable name that consumers call."""

    name = CharField()
    model = ModelRefAnswer()
    version = IntegerField(allow_null=True, help_text="The number of the version that answers; null while none does.")
    rollout = IntegerField(allow_null=True)
    health = CharField(allow_null=True, help_text="As a rollout's; null while nothing answers.")
    image_digest = CharField(allow_null=True)
    infer_url = URLField(help_text="Open Inference Protocol V2.")
    predict_url = URLField(help_text="Version 1 of the protocol.")
    url = URLField()
    page_url = URLField()


class SnippetsAnswer(Serializer[Any]):
    """Commands that work as pasted."""

    curl = CharField()
    python = CharField()


class EndpointDetailAnswer(EndpointAnswer):
    """An endpoint with commands to call it."""

    snippets = SnippetsAnswer(allow_null=True)


def build_row(request: HttpRequest, build: ImageBuild) -> dict[str, object]:
    """A build without its steps."""
    names = ("number", "state", "approved_digest", "built_digest", "created_at", "state_changed_at", "finished_at")
    return {
        **{name: getattr(build, name) for name in names},
        "id": build.pk,
        "version": version_ref(request, build.version),
        "failure": _failure(build.failure_code, build.failure_params),
        "url": absolute(request, "deployer_api:build", build.pk),
        "page_url": absolute(request, "deployer:build", build.pk),
    }


def build_detail(request: HttpRequest, build: ImageBuild) -> dict[str, object]:
    """A build with its steps."""
    phases: list[PhaseRow] = build_phases(
        build, selectors.job_of("build_image", build.pk), overview.usual_build_phases()
    )
    return {**build_row(request, build), "phases": phases}


def rollout_row(request: HttpRequest, rollout: Rollout) -> dict[str, object]:
    """A rollout without its steps."""
    names = ("state", "health", "image_digest", "restarts", "created_at", "state_changed_at", "ready_at")
    return {
        **{name: getattr(rollout, name) for name in names},
        "id": rollout.pk,
        "endpoint": rollout.endpoint.name,
        "version": version_ref(request, rollout.version),
        "build": rollout.build_id,
        "live": rollout.endpoint.current_id == rollout.pk,
        "failure": _failure(rollout.failure_code, rollout.failure_params),
        "url": absolute(request, "deployer_api:rollout", rollout.pk),
        "page_url": absolute(request, "deployer:rollout", rollout.pk),
    }


def rollout_detail(request: HttpRequest, rollout: Rollout) -> dict[str, object]:
    """A rollout with its steps."""
    phases: list[PhaseRow] = rollout_phases(
        rollout, selectors.job_of("roll_out", rollout.pk), overview.usual_rollout_phases()
    )
    sync = sync_of(rollout, compared=is_compared(last_comparison()))
    return {**rollout_row(request, rollout), "sync": sync, "phases": phases}


def endpoint_rows(request: HttpRequest, endpoints: Iterable[Endpoint]) -> list[dict[str, object]]:
    """Endpoints with what answers there."""
    return [_endpoint(request, endpoint) for endpoint in endpoints]


def _endpoint(request: HttpRequest, endpoint: Endpoint) -> dict[str, object]:
    current = endpoint.current
    return {
        "name": endpoint.name,
        "model": model_ref(request, endpoint.registered_model),
        "version": current.version.number if current else None,
        "rollout": current.pk if current else None,
        "health": current.health if current else None,
        "image_digest": current.image_digest if current else None,
        "infer_url": absolute(request, "deployer:v2_infer", endpoint.name),
        "predict_url": absolute(request, "deployer:v1_predict", endpoint.name),
        "url": absolute(request, "deployer_api:endpoint", endpoint.name),
        "page_url": absolute(request, "deployer:endpoint", endpoint.name),
    }


def _failure(code: str, params: dict[str, object]) -> dict[str, object] | None:
    note = failure_note(code, params)
    return None if note is None else {"code": code, "title": note.title, "body": note.body, "who": note.who}
