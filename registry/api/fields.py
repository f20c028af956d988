"""Fields that take a value of their JSON type and no other, and serializers that take no field they do not know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from registry.messages import message
from registry.reasons import LONGEST_REASON

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
DateTimeField = serializers.DateTimeField
FloatField = serializers.FloatField
ListField = serializers.ListField
DictField = serializers.DictField
UUIDField = serializers.UUIDField
URLField = serializers.URLField


class CharField(serializers.CharField):
    """Text; a number is none."""

    def to_internal_value(self, data: Any) -> str:
        """The text as it is."""
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class IntegerField(serializers.IntegerField):
    """A whole number; text and truth values are none."""

    def to_internal_value(self, data: Any) -> int:
        """The number as it is."""
        if isinstance(data, bool) or not isinstance(data, int):
            self.fail("invalid")
        return super().to_internal_value(data)


class BooleanField(serializers.BooleanField):
    """True or false, not a word for it."""

    def to_internal_value(self, data: Any) -> bool:
        """The truth value as it is."""
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class ConfirmedField(serializers.ChoiceField):
    """True, said on purpose: the one value that confirms something."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=[True], **options)

    def to_internal_value(self, data: Any) -> Any:
        """True."""
        if data is not True:
            raise serializers.ValidationError(str(message("submit.unconfirmed").title), code="unconfirmed")
        return True


class DateField(serializers.DateField):
    """A day, as in 2026-03-14; the first and the last day that there is have no neighbours, and are none."""

    def to_internal_value(self, data: Any) -> date:
        """The day."""
        if not isinstance(data, str) or not _DAY.fullmatch(data):
            self.fail("invalid", format="YYYY-MM-DD")
        day: date = super().to_internal_value(data)
        if not date.min < day < date.max:
            self.fail("invalid", format="YYYY-MM-DD")
        return day


class ChoiceField(serializers.ChoiceField):
    """One word of a list."""

    def to_internal_value(self, data: Any) -> Any:
        """The word as it is."""
        if not isinstance(data, str):
            self.fail("invalid_choice", input=str(data)[:80])
        return super().to_internal_value(data)


class ObjectField(serializers.DictField):
    """A JSON object of any content."""


class StrictSerializer(serializers.Serializer[Any]):
    """A body: an object whose fields are all known."""

    def run_validation(self, data: Any = empty) -> Any:
        """Refuse names that nothing here would read: a slip in a name shall not look like success."""
        if isinstance(data, Mapping):
            unknown = sorted(str(name) for name in data.keys() - self.fields.keys())
            if unknown:
                text = str(message("api.unknown_field").title)
                raise serializers.ValidationError({name[:80]: [text] for name in unknown[:20]}, code="unknown")
        return super().run_validation(data)


class NothingBody(StrictSerializer):
    """An empty object, or no body at all."""


class ReasonBody(StrictSerializer):
    """Why somebody does what others will read about."""

    reason = CharField(max_length=LONGEST_REASON, required=False, allow_blank=True, default="")
