"""What the page hands to the script that draws the upload list: the rules for files, and all wording, translated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from registry.messages import message

PLURAL_SAMPLES = (0, 1, 2, 3, 5, 11, 100, 1_000_000)
"""One number at least for each category of CLDR, in whichever language."""
ALWAYS_NEEDED = frozenset({"gate.empty", "gate.unknown", "gate.too_large", "upload.unknown"})


def upload_page_data(rules: Mapping[str, Any]) -> dict[str, Any]:
    """`rules` (formats.browser_table and the two size limits), the texts of its codes, and those of the script."""
    codes = ALWAYS_NEEDED | {refused["code"] for refused in rules["refused"].values()}
    # The script knows the extension at fault only when a file is picked, so it fills that in.
    params = {"extension": "{extension}", "accepted": ", ".join(rules["models"])}
    texts = {code: message(code, params) for code in sorted(codes)}
    return {
        **rules,
        "messages": {code: {"reason": str(text.title), "advice": str(text.body)} for code, text in texts.items()},
        "strings": upload_strings(),
        "plurals": {"files": plural_forms()},
    }


def plural_forms() -> dict[int, str]:
    """How "{count} files" reads for numbers of every kind that a language knows; the script picks the one it needs."""
    return {number: ngettext("{count} file", "{count} files", number) for number in PLURAL_SAMPLES}


def upload_strings() -> dict[str, str]:
    """The script's texts by key; `{name}` and the like are filled in by the script."""
    return {
        # Translators: names of buttons; {name} is a file.
        "pause": _("Pause {name}"),
        "resume": _("Resume {name}"),
        "retry": _("Try {name} again"),
        "remove": _("Remove {name}"),
        "progress_of": _("Upload of {name}"),
        "waiting": _("Waiting for its turn"),
        "paused": _("Paused"),
        "done": _("Uploaded"),
        "verifying": _("Uploaded. The portal is computing its digest; it appears below when that is done."),
        "reselect": _("Unfinished. Choose this file again and the upload goes on where it stopped."),
        # Translators: {speed} is an amount of bytes, {left} a duration: "18.4 MB/s, 1 min 20 sec left".
        "pace": _("{speed}/s, {left} left"),
        # Translators: {files} is "6 files", {size} an amount of bytes.
        "summary": _("{files}, {size}"),
        # Translators: states of several uploads, in a list such as "3 done, 1 uploading"; {count} is a number.
        "count_done": _("{count} done"),
        "count_uploading": _("{count} uploading"),
        "count_waiting": _("{count} waiting"),
        "count_paused": _("{count} paused"),
        "count_attention": _("{count} in need of attention"),
        "started": _("Upload started. Files: {files}."),
        "milestone": _("{percent} uploaded."),
        "all_done": _("All files are uploaded."),
        "removed": _("{name} was removed."),
        "already_listed": _("{name} is being uploaded already."),
        "left_out": _("Hidden files left out: {count}."),
        "too_large": _("This file is too large."),
        "too_large_advice": _("One file may have up to {limit}."),
        "total_too_large": _("With this file the version would be too large."),
        "total_too_large_advice": _("All files of a version together may have up to {limit}. Remove some first."),
        "connection_lost": _("The connection was lost."),
        "connection_lost_advice": _("The upload goes on when you are online again, or press the button to try now."),
        "failed": _("The upload did not work."),
        "failed_advice": _("What was sent is kept. Try again; if it fails again, reload the page."),
    }
