"""Help for each kind of person. What the code decides (formats, limits, criteria, terms) is read from its tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from registry.backends import runtime_catalogue
from registry.card_template import REQUIRED_SECTIONS
from registry.checklist import CHECKLIST
from registry.errors import NotFoundError
from registry.glossary import TERMS
from registry.inspection.formats import (
    EXTENSIONS,
    MAX_MODEL_SIZE,
    MAX_SIDE_SIZE,
    MAX_TEXT_MODEL_SIZE,
    REFUSED,
    SIDE_EXTENSIONS,
    ModelFormat,
)
from registry.licences import LICENCES
from registry.messages import message_alone
from registry.permissions import ADMINISTRATORS, OPERATORS, REVIEWERS
from registry.presentation.rows import CHECK_TITLES

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

TOPICS: dict[str, StrOrPromise] = {
    "volunteers": _("For volunteers"),
    "reviewers": _("For reviewers"),
    "bots": _("For authors of bots"),
    "operators": _("For operators"),
    "formats": _("Formats, limits and conversion"),
    "keyboard": _("Keyboard shortcuts"),
    "glossary": _("Glossary"),
    "accessibility": _("Accessibility"),
    "privacy": _("Privacy"),
    "licence": _("Licence of content"),
}
FORMAT_NAMES = {
    ModelFormat.SKOPS: "scikit-learn (skops)",
    ModelFormat.XGBOOST_JSON: "XGBoost (JSON)",
    ModelFormat.XGBOOST_UBJ: "XGBoost (UBJSON)",
    ModelFormat.LIGHTGBM_TEXT: "LightGBM",
    ModelFormat.ONNX: "ONNX",
    ModelFormat.SAFETENSORS: "safetensors",
    ModelFormat.GGUF: "GGUF",
    ModelFormat.NPY: "NumPy (.npy)",
    ModelFormat.NPZ: "NumPy (.npz)",
}
RIGHTS = {
    REVIEWERS: _("Read the review desk, claim versions, comment and decide; never on a version of their own."),
    OPERATORS: _("Repeat or cancel steps, return an endpoint to a former version, take versions out of service."),
    ADMINISTRATORS: _("Give rights, set quotas, activate and deactivate accounts."),
}


@dataclass(frozen=True)
class FormatRow:
    """One accepted format. `runtime` is what serves it, or "" where nothing does yet."""

    name: str
    extensions: tuple[str, ...]
    runtime: str


@dataclass(frozen=True)
class RefusedRow:
    """One refused family, why, and the commands that convert such a file."""

    extensions: tuple[str, ...]
    reason: str
    advice: str
    commands: tuple[str, ...]


@require_safe
def help_index(request: HttpRequest) -> HttpResponse:
    """All topics, and whom to ask."""
    return render(request, "help/index.html", _frame(""))


@require_safe
def help_topic(request: HttpRequest, topic: str) -> HttpResponse:
    """One topic."""
    if topic not in TOPICS:
        raise NotFoundError("help.unknown")
    facts = _FACTS[topic]() if topic in _FACTS else {}
    return render(request, f"help/{topic}.html", {**_frame(topic), **facts})


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    """What this portal is, and who runs it."""
    return render(request, "help/about.html", _frame("about"))


def _frame(topic: str) -> dict[str, Any]:
    contact = settings.CONTACT
    return {
        "topics": TOPICS,
        "topic": topic,
        "topic_title": TOPICS.get(topic, ""),
        "contact": contact,
        "contact_url": f"mailto:{contact}" if "@" in contact and "://" not in contact else contact,
        "limits": settings.LIMITS,
    }


def _volunteers() -> dict[str, Any]:
    return {
        "sections": REQUIRED_SECTIONS,
        "checks": CHECK_TITLES.values(),
        "licences": LICENCES,
        "required_approvals": settings.REQUIRED_APPROVALS,
    }


def _reviewers() -> dict[str, Any]:
    return {
        "criteria": CHECKLIST.values(),
        "required_approvals": settings.REQUIRED_APPROVALS,
        "second_factor_required": settings.REQUIRE_SECOND_FACTOR,
    }


def _operators() -> dict[str, Any]:
    return {"rights": RIGHTS, "second_factor_required": settings.REQUIRE_SECOND_FACTOR}


def _formats() -> dict[str, Any]:
    return {
        "formats": [_format_row(kind) for kind in ModelFormat],
        "refused": [_refused_row(family) for family in REFUSED],
        "side_extensions": sorted(SIDE_EXTENSIONS),
        "sizes": {
            "largest_model": min(MAX_MODEL_SIZE, settings.LIMITS["max_file_bytes"]),
            "largest_text_model": MAX_TEXT_MODEL_SIZE,
            "largest_side_file": MAX_SIDE_SIZE,
        },
    }


def _format_row(kind: ModelFormat) -> FormatRow:
    runtime = runtime_catalogue().for_format(kind)
    return FormatRow(
        name=FORMAT_NAMES[kind],
        extensions=tuple(extension for extension, kinds in EXTENSIONS.items() if kind in kinds),
        runtime=runtime.label if runtime else "",
    )


def _refused_row(family: Any) -> RefusedRow:
    text = message_alone(family.code)
    return RefusedRow(
        extensions=family.extensions,
        reason=str(text.title),
        advice=str(text.body),
        commands=tuple(command.strip() for command in family.advice.split("  |  ") if command.strip()),
    )


def _glossary() -> dict[str, Any]:
    return {"terms": TERMS}


def _privacy() -> dict[str, Any]:
    return {"providers": [app["name"] for part in settings.SOCIALACCOUNT_PROVIDERS.values() for app in part["APPS"]]}


_FACTS = {
    "volunteers": _volunteers,
    "reviewers": _reviewers,
    "operators": _operators,
    "formats": _formats,
    "glossary": _glossary,
    "privacy": _privacy,
}
