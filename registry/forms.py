"""The forms of registration and review: parsing and field-level messages, no rule of business."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.utils.translation import gettext_lazy as _

from registry.card_template import REQUIRED_SECTIONS
from registry.checklist import CARD_SECTION, CHECKLIST, TARGETS
from registry.licences import licence_choices
from registry.model_tasks import ModelTask
from registry.models import Decision, ThreadSubject
from registry.names import validate_name
from registry.reasons import LONGEST_REASON

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MIB = 1024**2
CODE_CLASS = "cdx-text-area__textarea--code"


class NewModelForm(forms.Form):
    """The name of a new model."""

    name = forms.CharField(
        label=_("Name"),
        max_length=39,
        validators=[validate_name],
        help_text=_(
            "2 to 39 lower-case letters, digits and hyphens, as in “article-quality”. It cannot be changed later."
        ),
    )
    summary = forms.CharField(
        label=_("Summary"), max_length=200, help_text=_("One sentence: what does it tell about what?")
    )
    task = forms.ChoiceField(label=_("Task"), choices=ModelTask)
    licence = forms.ChoiceField(
        label=_("Licence"),
        required=False,
        choices=[("", _("Choose a licence")), *licence_choices()],
        help_text=_("Only free licences: everyone may use, study, change and share the model."),
    )


def reason_field(label: StrOrPromise) -> forms.CharField:
    """A public reason, which may be left out."""
    widget = forms.TextInput(attrs={"dir": "auto"})
    return forms.CharField(label=label, max_length=LONGEST_REASON, required=False, widget=widget)


class WithdrawForm(forms.Form):
    """Why a version is taken out of checking or review."""

    reason = reason_field(_("Why do you take it back? (optional)"))


class RetireForm(forms.Form):
    """Why an approved version goes out of service."""

    reason = reason_field(_("Why is it retired? (public)"))


def target_choices() -> list[tuple[str, str]]:
    """The places of a draft that a request for changes may name, the card's required sections among them."""
    sections = [
        (f"{CARD_SECTION}{section.title}", str(_("Model card: %(section)s") % {"section": section.title}))
        for section in REQUIRED_SECTIONS
    ]
    rows = [(key, str(label)) for key, label in TARGETS.items()]
    after_card = [key for key, _label in rows].index("card") + 1
    return [*rows[:after_card], *sections, *rows[after_card:]]


class ReviewForm(forms.Form):
    """A reviewer's statement, with the digests that the page showed."""

    comment = forms.CharField(
        label=_("Comment"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "dir": "auto"}),
        help_text=_("Public. Markdown works. Needed unless you approve."),
    )
    decision = forms.ChoiceField(
        label=_("Decision"), choices=Decision, widget=forms.RadioSelect, initial=Decision.COMMENT
    )
    checklist = forms.MultipleChoiceField(
        label=_("Checklist"),
        required=False,
        choices=list(CHECKLIST.items()),
        widget=forms.CheckboxSelectMultiple,
        help_text=_("An approval needs all of them."),
    )
    targets = forms.MultipleChoiceField(
        label=_("What has to change"),
        required=False,
        choices=target_choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Leads the volunteer straight to it when you request changes."),
    )
    content_digest = forms.CharField(widget=forms.HiddenInput)
    image_digest = forms.CharField(widget=forms.HiddenInput)


class ThreadForm(forms.Form):
    """A comment in a thread. `subject` and the place go with the first one."""

    body = forms.CharField(
        label=_("Comment"),
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
        help_text=_("Public. Markdown works."),
    )


class PlaceForm(forms.Form):
    """The place that a new thread is about, and the digest that the page showed."""

    subject = forms.ChoiceField(choices=ThreadSubject, widget=forms.HiddenInput)
    line = forms.IntegerField(min_value=1, max_value=100_000, required=False, widget=forms.HiddenInput)
    path = forms.CharField(max_length=200, required=False, widget=forms.HiddenInput)
    position = forms.IntegerField(min_value=1, max_value=100_000, required=False, widget=forms.HiddenInput)


class NewThreadForm(PlaceForm, ThreadForm):
    """The first comment of a thread."""

    content_digest = forms.CharField(widget=forms.HiddenInput)
