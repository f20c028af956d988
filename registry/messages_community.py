"""Texts of notifications and mail."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from registry.messages import Message

COMMUNITY_MESSAGES: Mapping[str, Message] = {
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
    "mail.server_away": Message(
        _("The mail server does not take mail at the moment."),
        _("The mail waits and is sent as soon as the server answers. If it stays, an operator should look at it."),
    ),
    "mail.address_refused": Message(
        _("The mail server refuses this address."), _("Give another e-mail address for the account.")
    ),
    "mail.no_address": Message(_("The account has no e-mail address that takes mail."), _("Add one and confirm it.")),
}
