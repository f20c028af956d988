"""What a new card begins with: a prompt per section instead of a blank page."""

from __future__ import annotations

from dataclasses import dataclass

from registry.card_titles import TITLES, folded_title


@dataclass(frozen=True, slots=True)
class CardSection:
    """A section of a card. `title` and `prompt` go into the card itself, which is written in English by default."""

    key: str
    title: str
    prompt: str

    def is_titled(self, title: str) -> bool:
        """Whether a heading stands for this section, by our title or another one in use."""
        folded = folded_title(title)
        return folded == folded_title(self.title) or folded in TITLES.get(self.key, ())


INTRODUCTION = CardSection(
    "introduction",
    "Introduction",
    "One paragraph: what does it do, and what goes in and comes out? Comments such as this one are not shown.",
)
REQUIRED_SECTIONS = (
    CardSection(
        "intended_use",
        "Intended use",
        "What does the model predict, for whom, and in which product or workflow? What is it not meant for?",
    ),
    CardSection(
        "training_data",
        "Training data",
        "Where do the data come from, when were they collected, under which licence? How were they labelled and split?",
    ),
    CardSection(
        "evaluation",
        "Evaluation",
        "Which metrics, on which held-out data, with which results? Compare with a simple baseline.",
    ),
    CardSection(
        "limitations",
        "Limitations",
        "Where does the model fail or grow unreliable: languages, topics, lengths, rare cases, changes over time?",
    ),
    CardSection(
        "bias_and_risks",
        "Bias and risks",
        "Whom could a wrong answer harm? Which groups did you compare? What keeps people in control?",
    ),
)
INTERFACE = CardSection("interface", "Inputs and outputs", "What goes in, what comes out, and in which units?")
GUIDED_SECTIONS = (*REQUIRED_SECTIONS, INTERFACE)
KNOWN_PROMPTS = frozenset(
    " ".join(f"<!-- {section.prompt} -->".split()) for section in (INTRODUCTION, *GUIDED_SECTIONS)
)

_HEAD = """\
---
# Facts that programs read. Keep the names before the colons.
license: {licence}
language: []
tags: []
---

# {title}

<!-- {prompt} -->
"""


def card_template(*, title: str, licence: str = "") -> str:
    """A card to fill in: the headings that are required, each with its question as a comment that pages do not show."""
    sections = (f"\n## {section.title}\n\n<!-- {section.prompt} -->\n" for section in REQUIRED_SECTIONS)
    head = _HEAD.format(title=title, licence=licence or '""', prompt=INTRODUCTION.prompt)
    return head + "".join(sections)


CARD_TEMPLATE = card_template(title="Name of the model")
