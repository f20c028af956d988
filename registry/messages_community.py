"""Texts of notifications and mail."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from registry.messages import Message

COMMUNITY_MESSAGES: Mapping[str, Message] = {
    "rights.may_be_told": Message(
        _("Your account is not active."), _("Ask an administrator to activate it, then try again.")
    ),
    "rights.may_handle_reports": Message(
        _("Only reviewers, operators and administrators may open this page."),
        _("What they decide is in the decision log."),
    ),
    "rights.may_take_part": Message(
        _("Your account is not active."), _("Ask an administrator to activate it, then try again.")
    ),
    "notification.unknown": Message(
        _("There is no such notification in your inbox."), _("You may have switched off what it told of.")
    ),
    "notification.unknown_concern": Message(_("This is nothing that the portal tells of."), _("Choose from the list.")),
    "notification.bad_token": Message(
        _("This address does not switch off anything."),
        _("Copy the whole address from the mail, or sign in and choose under Notifications what you hear of."),
    ),
    "rights.moderate": Message(
        _("Only reviewers and administrators may hide messages, and nobody those about their own model."),
        _("Report the message instead."),
    ),
    "discussion.unknown": Message(
        _("There is no such message in this discussion."), _("Look at the whole discussion.")
    ),
    "discussion.empty": Message(_("Please write something."), _("An empty message helps nobody.")),
    "discussion.reason_needed": Message(
        _("Please give a reason."), _("It stands in the message's place, for everybody.")
    ),
    "discussion.not_yours": Message(_("Only its author may change a message."), _("Answer it instead.")),
    "discussion.hidden": Message(_("This message is hidden."), _("It can be neither answered nor changed.")),
    "discussion.too_late": Message(
        ngettext_lazy(
            "A message can be changed for %(hours)s hour.", "A message can be changed for %(hours)s hours.", "hours"
        ),
        _("Add an answer that corrects it."),
    ),
    "discussion.full": Message(
        ngettext_lazy(
            "This topic has %(limit)s answer and takes no more.",
            "This topic has %(limit)s answers and takes no more.",
            "limit",
        ),
        _("Begin a new topic."),
    ),
    "discussion.too_many": Message(
        ngettext_lazy(
            "You have written %(limit)s message within the hour.",
            "You have written %(limit)s messages within the hour.",
            "limit",
        ),
        _("Your text is not lost. Send it again a little later."),
    ),
    "account.name_too_long": Message(
        _("A display name has at most %(limit)s characters."), _("Shorten it; your user name stays beside it.")
    ),
    "report.unknown": Message(
        _("There is no such report."), _("Reports about your own models and messages are looked after by others.")
    ),
    "report.unknown_category": Message(_("This is no kind of problem."), _("Choose one of the list.")),
    "report.text_needed": Message(_("Please say what is wrong."), _("One sentence may be enough.")),
    "report.too_long": Message(
        _("The text is longer than %(limit)s characters."), _("Shorten it, or link to the rest.")
    ),
    "report.bad_contact": Message(
        _("This is not an e-mail address."), _("Correct it, or leave it empty: it is not needed.")
    ),
    "report.too_many": Message(
        ngettext_lazy(
            "You have sent %(limit)s report within the hour.",
            "You have sent %(limit)s reports within the hour.",
            "limit",
        ),
        _("Your text is not lost. Send it again a little later."),
    ),
    "report.reason_needed": Message(_("Please give a reason."), _("It is public, so write no personal data into it.")),
    "report.not_yours_to_decide": Message(
        _("You may not decide on this report."),
        _("The desk decides, and nobody on what they sent or on what is said about their own."),
    ),
    "report.not_for_them": Message(_("This account may not look after the report."), _("Choose somebody of the list.")),
    "mail.server_away": Message(
        _("The mail server does not take mail at the moment."),
        _("The mail waits and is sent as soon as the server answers. If it stays, an operator should look at it."),
    ),
    "mail.address_refused": Message(
        _("The mail server refuses this address."), _("Give another e-mail address for the account.")
    ),
    "mail.no_address": Message(_("The account has no e-mail address that takes mail."), _("Add one and confirm it.")),
}
