"""The forms of a draft's steps. A partial one may have gaps: a draft is saved as it is, and judged by its checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from registry.card_form import LIST_FACTS, TEXT_FACTS
from registry.card_prompts import CARD_PROMPTS
from registry.card_template import REQUIRED_SECTIONS
from registry.confirmations import CONFIRMATIONS
from registry.forms import CODE_CLASS, MIB
from registry.licences import licence_choices
from registry.model_tasks import ModelTask

MAX_FACT = 500
_ASKED_FOR = frozenset(section.key for section in REQUIRED_SECTIONS)


class PartialForm(forms.Form):
    """A form whose required fields may stay empty while `partial`."""

    def __init__(self, *args: Any, partial: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if partial:
            for each in self.fields.values():
                each.required = False

    def parts(self) -> Sequence[forms.Form]:
        """Every form that stands on the page with this one, itself included."""
        return [self]

    def has_faults(self) -> bool:
        """Whether anything on the page was refused."""
        return any(part.errors for part in self.parts())


class BasicsForm(PartialForm):
    """Summary, task and licence."""

    summary = forms.CharField(
        label=_("Summary"),
        max_length=200,
        help_text=_("One sentence: what does it tell about what?"),
        widget=forms.TextInput(attrs={"dir": "auto"}),
    )
    task = forms.ChoiceField(label=_("Task"), choices=ModelTask)
    licence = forms.ChoiceField(
        label=_("Licence"),
        choices=[("", _("Choose a licence")), *licence_choices()],
        help_text=_("Only free licences: everyone may use, study, change and share the model."),
    )


class CardTextForm(PartialForm):
    """The card as it is stored."""

    card_source = forms.CharField(
        label=_("Model card"),
        strip=False,
        widget=forms.Textarea(attrs={"rows": 28, "dir": "auto", "spellcheck": "true"}),
        help_text=_("Markdown with a YAML head."),
    )


class CardForm(PartialForm):
    """The card's sections and facts, each a field of its own."""

    licence = forms.ChoiceField(
        label=_("Licence"), choices=[("", _("Choose a licence")), *licence_choices()], required=False
    )
    language = forms.CharField(
        label=_("Languages"),
        required=False,
        max_length=MAX_FACT,
        help_text=_("Codes with commas between, such as en, ar."),
    )
    tags = forms.CharField(
        label=_("Tags"),
        required=False,
        max_length=MAX_FACT,
        help_text=_("Words to find the model by, with commas between."),
    )
    datasets = forms.CharField(
        label=_("Datasets"),
        required=False,
        max_length=MAX_FACT,
        help_text=_("Names of public datasets, with commas between."),
    )
    metrics = forms.CharField(
        label=_("Metrics"), required=False, max_length=MAX_FACT, help_text=_("Such as accuracy, f1, roc_auc.")
    )
    base_model = forms.CharField(
        label=_("Base model"), required=False, max_length=MAX_FACT, help_text=_("If this one was made from another.")
    )
    library_name = forms.CharField(label=_("Library"), required=False, max_length=MAX_FACT)

    def __init__(self, *args: Any, structured: frozenset[str] = frozenset(), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key, prompt in CARD_PROMPTS.items():
            attrs = {"rows": prompt.rows, "dir": "auto", "spellcheck": "true"}
            self.fields[key] = forms.CharField(
                label=prompt.label,
                help_text=prompt.hint,
                required=False,
                strip=False,
                widget=forms.Textarea(attrs=attrs),
            )
            # Empty while it is written, but asked for by the checks: "optional" would mislead.
            self.fields[key].unmarked = key in _ASKED_FOR  # type: ignore[attr-defined]  # read by templates/django/forms
        for name in structured:
            self.fields[name].disabled = True
            self.fields[name].help_text = _(
                "Written in a way that this form cannot show. Edit the card as text to change it."
            )
        for name in (*LIST_FACTS, *TEXT_FACTS):
            self.fields[name].widget.attrs["dir"] = "ltr"

    @property
    def sections(self) -> list[tuple[forms.BoundField, Any]]:
        """The fields of the sections with their prompts."""
        return [(self[key], prompt) for key, prompt in CARD_PROMPTS.items()]

    @property
    def facts(self) -> list[forms.BoundField]:
        """The fields of the head."""
        return [self[name] for name in ("licence", *LIST_FACTS, *TEXT_FACTS)]


class ResourcesForm(PartialForm):
    """What the served model may use."""

    cpu_millis = forms.IntegerField(
        label=_("CPU"), min_value=100, max_value=64_000, help_text=_("In thousandths of a core: 1000 is one core.")
    )
    memory_mib = forms.IntegerField(
        label=_("Memory"),
        min_value=128,
        max_value=1_048_576,
        help_text=_("In MiB. A model that needs more is stopped."),
    )


class ExamplesTextForm(ResourcesForm):
    """The examples as a JSON list, and the resources."""

    examples = forms.CharField(
        label=_("Examples"),
        strip=False,
        widget=forms.Textarea(attrs={"rows": 24, "dir": "ltr", "spellcheck": "false", "class": CODE_CLASS}),
        help_text=_(
            "A JSON list. Each example has a title, a request and an expected answer "
            "as in the Open Inference Protocol V2, and a tolerance for numbers."
        ),
    )


class SubmitForm(forms.Form):
    """What only the submitter can know."""

    may_publish = forms.BooleanField(label=CONFIRMATIONS["may_publish"])
    no_personal_data = forms.BooleanField(label=CONFIRMATIONS["no_personal_data"])

    def confirmed(self) -> list[str]:
        """The keys of what was ticked."""
        return [name for name in self.fields if self.cleaned_data.get(name)]


__all__ = [
    "MIB", "BasicsForm", "CardForm", "CardTextForm", "ExamplesTextForm", "ResourcesForm", "SubmitForm",
]  # fmt: skip
