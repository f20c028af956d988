"""The texts of the script that saves a draft, translated."""

from __future__ import annotations

from django.utils.translation import gettext as _


def draft_strings() -> dict[str, str]:
    """By key; `{size}` and the like are filled in by the script."""
    return {
        "changed": _("Not saved yet"),
        "saving": _("Saving …"),
        "saved": _("Draft saved just now"),
        "offline": _("Not saved: you are offline. It is saved when the connection is back."),
        "failed": _("Not saved: the portal did not answer. It is tried again; the buttons below save as well."),
        "conflict": _("Not saved: this page was changed in another window. Press “Save and continue” to see both."),
        "invalid": _("Not saved yet."),
        # Translators: how much of the room for a model card is taken: "4.1 kB of 20 kB".
        "count": _("{size} of {limit}"),
        "count_over": _("{size} of {limit}: too long, shorten it"),
    }
