"""Texts of the pages on which a draft is written."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from registry.messages import Message

DRAFT_MESSAGES: Mapping[str, Message] = {
    "draft.changed_elsewhere": Message(
        _("This page was changed in another window since you opened it."),
        _("Nothing is lost: what you wrote is in the form, what is saved stands above it. Save again to replace it."),
    ),
    "card.section_breaks_out": Message(
        _("This text would change the sections around it."),
        _("Close its code block or comment, and use headings of level 3 (###) or deeper within a section."),
    ),
    "card.head_not_editable": Message(
        _("“%(key)s” is written in the card's head in a way that this form cannot change."),
        _("Edit the card as text instead; what you wrote in the other fields is kept there."),
    ),
    "examples.form_values": Message(
        _("These values cannot be read."),
        _("Write numbers with commas or spaces between them, true and false for booleans, and one text per line."),
    ),
    "examples.form_shape": Message(
        _("The shape cannot be read."), _("Write whole numbers with commas between them, such as 1, 4.")
    ),
    "try.unavailable": Message(_("This portal cannot try models."), _("Ask an operator to set up a serving backend.")),
    "try.nothing": Message(_("There is no example to try."), _("Add one first.")),
    "try.checks_failed": Message(
        _("The model's files have not passed their checks, so it is not started."),
        _("Mend what the checks name under Files, then try again."),
    ),
    "try.checks_pending": Message(
        _("The files are still being checked."), _("The model is tried as soon as they have passed.")
    ),
    "try.answer_large": Message(
        _("The model's answer is larger than %(limit_bytes)s."), _("Ask for less at once: fewer rows, or one output.")
    ),
}
