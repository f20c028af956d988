"""What a volunteer is asked for each section of a card, in their own language, with an example of a good answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class CardPrompt:
    """A section's name on the page, what to write about, and an example."""

    label: StrOrPromise
    hint: StrOrPromise
    example: StrOrPromise
    rows: int = 6


CARD_PROMPTS: Mapping[str, CardPrompt] = {
    "introduction": CardPrompt(
        _("In short"),
        _("One paragraph for somebody who has never heard of it: what does it tell, and about what?"),
        _("Tells how likely an edit to an encyclopedia article will be reverted, from 21 facts about the edit."),
        rows=4,
    ),
    "intended_use": CardPrompt(
        _("Intended use"),
        _("Whom does it serve, in which product or workflow? What should nobody use it for?"),
        _(
            "Patrollers sort recent changes by it, and look at the likely ones first. Do not revert by the score "
            "alone, and do not judge editors by it."
        ),
    ),
    "training_data": CardPrompt(
        _("Training data"),
        _("Where do the data come from, from when to when, under which licence? Who labelled them, and how?"),
        _(
            "400,000 edits of 2024 from 12 language editions, from the public dumps (CC BY-SA 4.0). An edit counts as "
            "reverted if another editor undid it within 48 hours. 80 % for training, 20 % of later weeks held out."
        ),
    ),
    "evaluation": CardPrompt(
        _("Evaluation"),
        _("Which figures, on which data that it had not seen? How does a simple rule do on the same data?"),
        _("AUC 0.86 on the held-out weeks; a rule that flags every anonymous edit reaches 0.71."),
    ),
    "limitations": CardPrompt(
        _("Limitations"),
        _("Where does it fail or become unreliable: languages, lengths, rare cases, changes over time?"),
        _("Below 1,000 edits a month in a language the score is little better than chance. It knows no images."),
    ),
    "bias_and_risks": CardPrompt(
        _("Bias and risks"),
        _("Whom could a wrong answer harm? Which groups did you compare? What keeps people in control?"),
        _(
            "New editors are flagged twice as often as experienced ones with the same edits (7 % against 3 %). A "
            "person looks at every flagged edit, and can say that the score was wrong."
        ),
    ),
    "interface": CardPrompt(
        _("Inputs and outputs"),
        _("What goes in and comes out, in which units? What the file tells is filled in; add what it cannot tell."),
        _("sepal length, sepal width, petal length, petal width, in centimetres; one probability for each species."),
        rows=8,
    ),
}
