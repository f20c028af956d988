"""Two versions of a model side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from registry import selectors
from registry.api.base import ApiView, answered
from registry.api.fields import BooleanField, CharField, ChoiceField, IntegerField, StrictSerializer
from registry.api.operations import operation
from registry.comparison import Comparison
from registry.presentation.comparison import ComparedVersions, compared

LARGEST_NUMBER = 2**31 - 1


class ComparisonQuery(StrictSerializer):
    """Which versions."""

    new = IntegerField(
        required=False, min_value=1, max_value=LARGEST_NUMBER, help_text="A version's number; else the newest."
    )
    old = IntegerField(
        required=False, min_value=1, max_value=LARGEST_NUMBER, help_text="A version's number; else the one before."
    )


class TextChangeAnswer(Serializer[Any]):
    """A value that differs."""

    old = CharField(allow_blank=True)
    new = CharField(allow_blank=True)


class NumberChangeAnswer(Serializer[Any]):
    """A number that differs."""

    old = IntegerField()
    new = IntegerField()


class CardLineAnswer(Serializer[Any]):
    """A line of the cards' difference."""

    kind = ChoiceField(choices=["hunk", "added", "removed", "same"])
    old = IntegerField(allow_null=True, help_text="Its number in the old card.")
    new = IntegerField(allow_null=True)
    text = CharField(allow_blank=True, trim_whitespace=False)


class FileChangeAnswer(Serializer[Any]):
    """A file that differs."""

    path = CharField()
    kind = ChoiceField(choices=["added", "removed", "replaced"])
    old_size = IntegerField(allow_null=True, help_text="Bytes.")
    new_size = IntegerField(allow_null=True, help_text="Bytes.")


class ComparedFileAnswer(FileChangeAnswer):
    """A file that differs, with its digests."""

    old_sha256 = CharField(allow_blank=True)
    new_sha256 = CharField(allow_blank=True)


class ExampleChangeAnswer(Serializer[Any]):
    """An example that differs."""

    title = CharField(allow_blank=True)
    kind = ChoiceField(choices=["added", "removed", "changed"])


class TensorChangeAnswer(Serializer[Any]):
    """An input or output that differs."""

    name = CharField()
    is_input = BooleanField()
    old = CharField(allow_blank=True, help_text="Datatype and shape, as in “FP32 [-1, 4]”; empty where it is not.")
    new = CharField(allow_blank=True)
    breaking = BooleanField(help_text="Whether requests made for the old version may fail.")


class DifferenceAnswer(Serializer[Any]):
    """What differs beside the files."""

    licence = TextChangeAnswer(allow_null=True)
    cpu_millis = NumberChangeAnswer(allow_null=True)
    memory_bytes = NumberChangeAnswer(allow_null=True)
    card = CardLineAnswer(many=True)
    examples = ExampleChangeAnswer(many=True)


class ComparisonAnswer(DifferenceAnswer):
    """What differs; null or an empty list where nothing does."""

    old = IntegerField()
    new = IntegerField()
    breaking = BooleanField(help_text="Whether requests made for the old version may fail with the new one.")
    runtime = TextChangeAnswer(allow_null=True)
    files = ComparedFileAnswer(many=True)
    tensors = TensorChangeAnswer(many=True)


class ModelComparison(ApiView):
    """What differs between two versions."""

    tag = "Versions"

    @operation(
        name="compare_versions", summary="Read what differs between two versions of a model.", query=ComparisonQuery,
        answer=ComparisonAnswer,
    )  # fmt: skip
    def get(self, request: Request, owner: str, name: str, query: Mapping[str, Any]) -> Response:
        """Any two that you may see; by default the newest and the one before it."""
        model = selectors.model_named(user=request.user, owner=owner, name=name)
        seen = selectors.versions_of(registered_model=model, user=request.user).order_by("-number")
        newest = seen.first()
        number = query.get("new", newest.number if newest is not None else 1)
        new = selectors.version_numbered(registered_model=model, number=number, user=request.user)
        former = seen.filter(number__lt=new.number).first()
        number = query.get("old", former.number if former is not None else new.number)
        old = selectors.version_numbered(registered_model=model, number=number, user=request.user)
        body = {"old": old.number, "new": new.number, **_row(compared(old, new))}
        return answered(ComparisonAnswer, body)


def _row(found: ComparedVersions) -> dict[str, object]:
    return {
        "breaking": found.breaking,
        "runtime": _pair(found.runtime),
        "files": found.files,
        "tensors": found.tensors,
        **difference_row(found.difference),
    }


def difference_row(difference: Comparison) -> dict[str, object]:
    """The fields of `DifferenceAnswer`."""
    return {
        "licence": _pair(difference.licence),
        "cpu_millis": _pair(difference.cpu_millis),
        "memory_bytes": _pair(difference.memory_bytes),
        "card": [
            {"kind": line.kind, "old": _number(line.old), "new": _number(line.new), "text": line.text}
            for line in difference.card
        ],
        "examples": difference.examples,
    }


def _pair(values: tuple[object, object] | None) -> dict[str, object] | None:
    return None if values is None else {"old": values[0], "new": values[1]}


def _number(value: int | str) -> int | None:
    return value if isinstance(value, int) else None
