"""Texts of the review desk: claims, threads, checklist."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from registry.messages import Message

REVIEW_MESSAGES: Mapping[str, Message] = {
    "rights.discuss": Message(
        _("Only reviewers and the version's owner take part in its review."),
        _("Everybody may read it; to ask about a model, use its discussion."),
    ),
    "rights.moderate_review": Message(
        _("Only reviewers and administrators may hide comments, and nobody those about their own version."),
        _("Report the comment instead."),
    ),
    "said.unknown": Message(_("There is no such comment."), _("Look at the version's page for those there are.")),
    "said.hidden": Message(_("These words were hidden by a moderator."), _("The log says why.")),
    "claim.held": Message(
        _("%(name)s is looking at this version already."),
        _("Choose another one, or take it over if you have agreed on that."),
    ),
    "review.no_such_base": Message(
        _("There is nothing of this name to compare with."), _("Choose one of those that the review lists.")
    ),
    "thread.unknown": Message(
        _("There is no such conversation."), _("Look at the version's page for those there are.")
    ),
    "thread.no_such_line": Message(
        _("The card has no line %(line)s."), _("Look at its source: each line shows its number.")
    ),
    "thread.no_such_place": Message(
        _("There is no such place in this version."), _("Comment on a line of the card, a file or an example.")
    ),
    "thread.too_many": Message(
        _("A version may have at most %(limit)s conversations."), _("Answer in one of those there are.")
    ),
    "thread.too_long": Message(
        _("A conversation may have at most %(limit)s comments."), _("Go on in a new one, or in the review itself.")
    ),
    "review.checklist_incomplete": Message(
        ngettext_lazy(
            "%(count)d point of the checklist is not ticked.",
            "%(count)d points of the checklist are not ticked.",
            "count",
        ),
        _("An approval says that you looked at all of them. Tick them, or request changes."),
    ),
    "review.unknown_target": Message(
        _("This is not a place of the draft."), _("Choose from the list what has to change.")
    ),
}
