"""The examples of a draft as a form: one fieldset each, over the JSON that is stored."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from registry.examples import DEFAULT_TOLERANCE, MAX_EXAMPLES, ExampleInput, example_from_introspection
from registry.messages import message
from registry.tensor_text import ValuesError, shape_text, values_text, with_texts
from registry.views.draft.forms import ResourcesForm

CODE = {"dir": "ltr", "spellcheck": "false", "class": "cdx-text-area__textarea--code"}
NEW = "new"
MOST_FIELDS = 800
"""More than this in one form, and the server would refuse it unread (`DATA_UPLOAD_MAX_NUMBER_FIELDS`)."""


def new_example(introspection: Mapping[str, Any], number: int) -> ExampleInput:
    """An example to fill in, with the inputs that the model's file declares."""
    title = _("Example %(number)s") % {"number": number}
    return ExampleInput(title, example_from_introspection(introspection), {"outputs": []}, DEFAULT_TOLERANCE)


def field_count(examples: Sequence[ExampleInput]) -> int:
    """How many fields a form of these examples has: models with many inputs are better written as JSON."""
    return sum(3 + 2 * (_length(e.request.get("inputs")) + _length(e.expected.get("outputs"))) for e in examples)


def _length(tensors: object) -> int:
    return len(tensors) if isinstance(tensors, list) else 0


class ExampleForm(forms.Form):
    """One example. Only what the form shows is changed; anything else in its JSON stays."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=120, required=False)
    tolerance = forms.FloatField(
        label=gettext_lazy("Tolerance"),
        min_value=0,
        help_text=gettext_lazy("How far a number may be off: 0.0001 is usual; relative for numbers above 1."),
        widget=forms.TextInput(attrs={"dir": "ltr", "inputmode": "decimal"}),
        localize=False,
    )
    origin = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, example: ExampleInput, *, origin: str, number: int, data: Any = None) -> None:
        initial: dict[str, Any] = {"title": example.title, "tolerance": example.tolerance, "origin": origin}
        super().__init__(data, prefix=f"example-{number}", initial=initial)
        self.fields["title"].widget.attrs["dir"] = "auto"
        self.example = example
        self.number = number
        for place, tensor in self._tensors():
            name = str(tensor.get("name", "?"))[:80]
            shape, values = f"{place}-shape", f"{place}-values"
            self.fields[values] = forms.CharField(
                label=_("%(name)s: values") % {"name": name},
                help_text=str(tensor.get("datatype", "")),
                required=False,
                strip=False,
                widget=forms.Textarea(attrs={"rows": 3, **CODE}),
            )
            self.fields[shape] = forms.CharField(
                label=_("%(name)s: shape") % {"name": name},
                required=False,
                max_length=100,
                widget=forms.TextInput(attrs={"dir": "ltr"}),
            )
            for field in (self.fields[values], self.fields[shape]):
                field.unmarked = True  # type: ignore[attr-defined]  # a tensor without data is no tensor
            self.initial.update({shape: shape_text(tensor), values: values_text(tensor)})

    def clean(self) -> dict[str, Any]:
        """The texts as the example's JSON, in `result`."""
        values: dict[str, Any] = super().clean() or {}
        request, expected = copy.deepcopy(dict(self.example.request)), copy.deepcopy(dict(self.example.expected))
        for place, tensor in self._tensors():
            side, _dash, at = place.partition("-")
            texts = {"shape": values.get(f"{place}-shape", ""), "values": values.get(f"{place}-values", "")}
            try:
                changed = with_texts(tensor, **texts)
            except ValuesError as error:
                text = message(f"examples.form_{error.args[0]}")
                self.add_error(f"{place}-{error.args[0]}", f"{text.title} {text.body}")
                continue
            (request["inputs"] if side == "in" else expected["outputs"])[int(at)] = changed
        tolerance = values.get("tolerance")
        self.result = ExampleInput(
            values.get("title", ""), request, expected, self.example.tolerance if tolerance is None else tolerance
        )
        return values

    @property
    def inputs(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Values and shape of each input."""
        return self._pairs("in")

    @property
    def outputs(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Values and shape of each expected output."""
        return self._pairs("out")

    def _pairs(self, side: str) -> list[tuple[forms.BoundField, forms.BoundField]]:
        places = [place for place, _tensor in self._tensors() if place.startswith(f"{side}-")]
        return [(self[f"{place}-values"], self[f"{place}-shape"]) for place in places]

    def _tensors(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        for side, listed in (("in", self.example.request.get("inputs")), ("out", self.example.expected.get("outputs"))):
            for at, tensor in enumerate(listed if isinstance(listed, list) else ()):
                if isinstance(tensor, Mapping):
                    yield f"{side}-{at}", tensor


class ExamplesForm(ResourcesForm):
    """All examples, and the resources. `stored` is what the token of the page names."""

    def __init__(
        self, stored: Sequence[ExampleInput], introspection: Mapping[str, Any], *, data: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(data, **kwargs)
        if data is None:
            shown = list(stored) or [new_example(introspection, 1)]
            origins = [str(at) for at in range(len(stored))] or [NEW]
        else:
            origins = [data.get(f"example-{number}-origin", NEW) for number in range(1, _sent(data) + 1)]
            shown = [_of_origin(origin, stored, introspection, at) for at, origin in enumerate(origins, start=1)]
        self.examples = [
            ExampleForm(example, origin=origin, number=number, data=data)
            for number, (example, origin) in enumerate(zip(shown, origins, strict=True), start=1)
        ]

    def is_valid(self) -> bool:
        """Whether every example can be read; whether it is a good one, the checks say."""
        return all([super().is_valid(), *(example.is_valid() for example in self.examples)])

    def parts(self) -> list[forms.Form]:
        """Every form on the page."""
        return [self, *self.examples]

    def results(self) -> list[ExampleInput]:
        """The examples as they were filled in, in their order."""
        return [example.result for example in self.examples]


def _sent(data: Any) -> int:
    """How many examples a page sent: their numbers have no gaps."""
    numbers = range(1, MAX_EXAMPLES + 2)
    return next((number - 1 for number in numbers if f"example-{number}-origin" not in data), MAX_EXAMPLES + 1)


def _of_origin(
    origin: str, stored: Sequence[ExampleInput], introspection: Mapping[str, Any], number: int
) -> ExampleInput:
    if origin.isascii() and origin.isdigit() and int(origin[:4]) < len(stored):
        return stored[int(origin[:4])]
    return new_example(introspection, number)
