"""The forms of talking about models: parsing and field-level messages, no rule of business."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from registry.models import ReportCategory, ReportState
from registry.reasons import LONGEST_REASON

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


def languages() -> list[tuple[str, StrOrPromise]]:
    """The portal's languages, after the browser's choice."""
    return [("", _("As the browser asks")), *settings.LANGUAGES]


class MessageForm(forms.Form):
    """What somebody says about a model."""

    text = forms.CharField(
        label=_("Message"),
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "dir": "auto"}),
        help_text=_("Public, under your name. Markdown works; 20 kB at most."),
    )


class HideForm(forms.Form):
    """Why a message is hidden or brought back."""

    reason = forms.CharField(
        label=_("Reason"), max_length=LONGEST_REASON, help_text=_("Public: it stands in the message's place.")
    )


class ReportForm(forms.Form):
    """What somebody finds wrong."""

    category = forms.ChoiceField(label=_("What is it about?"), choices=ReportCategory, widget=forms.RadioSelect)
    text = forms.CharField(
        label=_("What is wrong?"),
        widget=forms.Textarea(attrs={"rows": 6, "dir": "auto"}),
        help_text=_("As exact as you can: where, what, and how you know."),
    )
    contact = forms.CharField(
        label=_("Your e-mail address"),
        required=False,
        max_length=254,
        widget=forms.EmailInput(attrs={"dir": "ltr", "autocomplete": "email"}),
        help_text=_("For questions back; never public."),
    )


class DecideReportForm(forms.Form):
    """What becomes of a report."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
        help_text=_("Public. Name neither the reporter nor anybody's personal data."),
    )
    decision = forms.ChoiceField(choices=ReportState, widget=forms.HiddenInput)


class ProfileForm(forms.Form):
    """What an account says about itself."""

    display_name = forms.CharField(
        label=_("Display name"),
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs={"dir": "auto", "autocomplete": "name"}),
        help_text=_("Public. Empty: your user name stands alone."),
    )
    language = forms.ChoiceField(
        label=_("Language"), required=False, choices=languages, help_text=_("Of pages and mail.")
    )
