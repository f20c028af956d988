"""The forms of talking about models: parsing and field-level messages, no rule of business."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


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
        label=_("Reason"), max_length=500, help_text=_("Public: it stands in the message's place.")
    )
