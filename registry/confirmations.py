"""What only a submitter can know and vouches for; pages ask it by boxes to tick, the REST API by fields."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

CONFIRMATIONS: Mapping[str, StrOrPromise] = {
    "may_publish": _("I may publish these files under the licence that I chose."),
    "no_personal_data": _("There is no personal data in the files, the card or the examples."),
}
"""Every one is needed for a submission, by whichever door it comes."""


def unconfirmed(keys: Collection[str]) -> list[str]:
    """The keys that a submission still lacks, in the order shown."""
    return [key for key in CONFIRMATIONS if key not in keys]


def sentences() -> list[str]:
    """What was confirmed, as it is kept: in English, whatever language it was read in."""
    with override("en"):
        return [str(sentence) for sentence in CONFIRMATIONS.values()]
