"""Texts of personal API tokens."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from registry.messages import Message

TOKEN_MESSAGES: Mapping[str, Message] = {
    "token.name_needed": Message(_("The token needs a name."), _("Say what it is for, as in “nightly upload”.")),
    "token.name_taken": Message(
        _("You already have a token called “%(name)s”."), _("Choose another name, or revoke that token first.")
    ),
    "token.sign_in_again": Message(
        _("A new token needs a fresh sign-in."), _("Sign out and in again, then create the token at once.")
    ),
    "token.too_many": Message(
        _("An account may have at most %(limit)s tokens."), _("Revoke those that are no longer used.")
    ),
    "token.unknown_scope": Message(_("There is no such scope."), _("Choose from those that are offered.")),
    "token.scope_not_yours": Message(
        _("A token cannot do more than your account."), _("Leave out the scopes whose right you do not hold.")
    ),
    "token.lifetime": Message(_("This lifetime is not possible."), _("A token lives for at most %(limit)s days.")),
    "token.unknown": Message(_("There is no such token."), _("Look at the list of your tokens.")),
    "token.malformed": Message(
        _("This is not a token of this portal."),
        _("Look whether it was copied whole, and send it in the header “Authorization: Bearer …”."),
    ),
    "token.not_known": Message(_("This token is not known here."), _("Create a new one on the page of your tokens.")),
    "token.revoked": Message(_("This token was revoked."), _("Create a new one on the page of your tokens.")),
    "token.expired": Message(_("This token has expired."), _("Create a new one on the page of your tokens.")),
    "token.inactive_account": Message(
        _("The account of this token is not active."), _("Ask an administrator to activate it.")
    ),
}
