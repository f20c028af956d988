"""What a new card begins with: a prompt per section instead of a blank page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequiredSection:
    """A section that every card needs. `aliases` are other titles that count, in folded case."""

    title: str
    prompt: str
    aliases: tuple[str, ...] = ()

    def is_titled(self, title: str) -> bool:
        """Whether a heading stands for this section."""
        folded = " ".join(title.casefold().split())
        return folded == self.title.casefold() or folded in self.aliases


REQUIRED_SECTIONS = (
    RequiredSection(
        "Intended use",
        "What does the model predict, for whom, and in which product or workflow? What is it not meant for?",
        ("intended uses", "uses", "intended use and users", "intended uses & limitations"),
    ),
    RequiredSection(
        "Training data",
        "Where do the data come from, when were they collected, under which licence? How were they labelled and split?",
        ("data", "training", "training dataset", "training data and procedure"),
    ),
    RequiredSection(
        "Evaluation",
        "Which metrics, on which held-out data, with which results? Compare with a simple baseline.",
        ("evaluation results", "evaluation data", "results", "metrics", "performance"),
    ),
    RequiredSection(
        "Limitations",
        "Where does the model fail or grow unreliable: languages, topics, lengths, rare cases, changes over time?",
        ("known limitations", "limits", "limitations and caveats", "intended uses & limitations"),
    ),
    RequiredSection(
        "Bias and risks",
        "Whom could a wrong answer harm? Which groups did you compare? What keeps people in control?",
        (
            "bias",
            "risks",
            "bias, risks, and limitations",
            "bias, risks and limitations",
            "ethical considerations",
            "biases and risks",
            "risks and biases",
        ),
    ),
)

_HEAD = """\
---
# Facts that programs read. Keep the names before the colons.
license: {licence}
language: []
tags: []
---

# {title}

<!-- One paragraph: what does it do, and what goes in and comes out? Comments such as this one are not shown. -->
"""


def card_template(*, title: str, licence: str = "") -> str:
    """A card to fill in: the headings that are required, each with its question as a comment that pages do not show."""
    sections = (f"\n## {section.title}\n\n<!-- {section.prompt} -->\n" for section in REQUIRED_SECTIONS)
    return _HEAD.format(title=title, licence=licence or '""') + "".join(sections)


CARD_TEMPLATE = card_template(title="Name of the model")
