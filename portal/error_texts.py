"""The words of each error that the portal answers with, for pages, fragments and programs alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


@dataclass(frozen=True, slots=True)
class ErrorText:
    """`title` says what happened, `body` what to do next; `code` is for programs."""

    code: str
    title: StrOrPromise
    body: StrOrPromise


TEXTS = {
    "400": ErrorText(
        "http.bad_request",
        _("Bad request"),
        _("The portal could not understand this request. Go back, reload the page and try again."),
    ),
    "403": ErrorText(
        "http.forbidden",
        _("No permission"),
        _(
            "This page or action needs a right that your account does not have, or you are not signed in. "
            "An administrator can grant rights."
        ),
    ),
    "csrf": ErrorText(
        "http.form_expired",
        _("The form has expired"),
        _(
            "To protect you, the portal accepts a form only from the page that it sent you, with cookies switched on. "
            "Nothing was changed. Reload the page and send the form again."
        ),
    ),
    "404": ErrorText(
        "http.not_found",
        _("Page not found"),
        _("There is nothing at this address, or nothing that you may see. Check the address, or search the catalogue."),
    ),
    "405": ErrorText(
        "http.method_not_allowed",
        _("This address cannot be used like that"),
        _(
            "The address takes a form or a program's request, not a visit, or the other way round. "
            "Go back and use the page's own buttons."
        ),
    ),
    "413": ErrorText(
        "http.too_large",
        _("That was too much at once"),
        _(
            "The form was larger than the portal takes in one piece. Nothing was changed. Shorten the text; "
            "large files go through the file step of a draft, which can also resume."
        ),
    ),
    "429": ErrorText(
        "http.too_many_requests",
        _("Too many tries"),
        _("To keep accounts safe, the portal counts tries. Wait a few minutes, then try again; nothing was changed."),
    ),
    "500": ErrorText(
        "http.server_error",
        _("Something went wrong"),
        _(
            "The fault is ours, not yours, and it has been recorded. Files that were uploaded before are kept. "
            "Try again in a few minutes; if it stays, tell an operator when it happened."
        ),
    ),
    "503": ErrorText(
        "http.unavailable",
        _("The portal is busy or being looked after"),
        _("Nothing is lost. Wait half a minute and load the page again."),
    ),
}


def text_of(key: str) -> ErrorText:
    """The words for a status, or for `csrf`; a status without words of its own gets those of its class."""
    return TEXTS.get(key) or TEXTS["500" if key.startswith("5") else "400"]
