"""Texts of the REST API's own answers; those of the services are their own."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from registry.messages import Message

API_MESSAGES: Mapping[str, Message] = {
    "api.bad_request": Message(_("The request is not understood."), _("Compare it with the documentation.")),
    "api.invalid": Message(_("Some values cannot be used."), _("Each is named under “errors”; nothing was changed.")),
    "api.unknown_field": Message(_("There is no such field here."), _("Leave it out, or correct its spelling.")),
    "api.json": Message(
        _("The body is not valid JSON."),
        _("Send one JSON object in UTF-8, without repeated names and nested at most %(limit)s levels deep."),
    ),
    "api.json_value": Message(
        _("The body holds a value that cannot be stored."),
        _("Leave out NUL characters, lone surrogates, numbers that are not finite, and integers beyond 64 bits."),
    ),
    "api.too_large": Message(_("The body is too large."), _("At most %(limit_bytes)s are taken here.")),
    "api.media_type": Message(_("Only JSON is understood here."), _("Send the body as “application/json”.")),
    "api.not_acceptable": Message(_("Only JSON is answered here."), _("Accept “application/json”.")),
    "api.method": Message(
        _("This address does not take the method."), _("The header Allow names those that it takes.")
    ),
    "api.unknown_address": Message(
        _("There is nothing at this address."),
        _("Every address of the API ends in a slash; look in the documentation."),
    ),
    "api.sign_in": Message(
        _("Nobody is signed in."), _("Send a token in the header “Authorization: Bearer …”, or sign in with a browser.")
    ),
    "api.csrf": Message(
        _("The CSRF token is missing or wrong."),
        _("A session needs it for every change; a program should use a token."),
    ),
    "api.scope": Message(
        _("The token's scopes do not reach this far."), _("This needs a token with one of the scopes: %(scopes)s.")
    ),
    "api.throttled": Message(_("Too many requests."), _("Wait %(seconds)s seconds, then go on more slowly.")),
    "api.bad_cursor": Message(
        _("This cursor leads nowhere."), _("Take “next” and “previous” as they are given; begin without a cursor.")
    ),
    "api.if_match_needed": Message(
        _("Say which edition you mean to change."),
        _("Send the ETag that you read in the header If-Match, or “*” to change whatever is there."),
    ),
    "api.bad_edition": Message(
        _("This is no ETag of ours."), _("Send the ETag as it was given, with its quotes, or “*”.")
    ),
    "api.edition_changed": Message(
        _("Somebody changed this since you read it."), _("Read it again and repeat your change on the newest edition.")
    ),
    "api.key_malformed": Message(
        _("This idempotency key cannot be used."), _("Take 1 to 128 visible ASCII characters, a UUID for example.")
    ),
    "api.key_busy": Message(
        _("The same request is being worked on."), _("Repeat it in a moment; its answer will be the same.")
    ),
    "api.key_end_unknown": Message(
        _("The same request was begun before, and how it ended is not known."),
        _("Look whether it was done. If not, send it again with a new key."),
    ),
    "api.key_reused": Message(
        _("This idempotency key belongs to another request."), _("Take a new key for each new request.")
    ),
    "trial.none": Message(
        _("There is no trial run of this content yet."), _("It is made after the version was submitted and checked.")
    ),
    "api.server_error": Message(
        _("The portal failed."), _("This is our fault, not yours. Tell an operator the request id.")
    ),
}
