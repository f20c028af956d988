"""The wording of the upload list, which a script draws: the page hands it over, translated."""

from __future__ import annotations

from django.utils.translation import gettext as _


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
        "reselect": _("Unfinished. Choose this file again and the upload goes on where it stopped."),
        # Translators: {speed} is an amount of bytes, {left} a duration: "18.4 MB/s, 1 min 20 sec left".
        "pace": _("{speed}/s, {left} left"),
        # Translators: {done} and {files} are numbers, {size} an amount of bytes.
        "summary": _("Uploaded: {done} of {files}, {size} in all"),
        "started": _("Upload started. Files: {files}."),
        "milestone": _("{percent} uploaded."),
        "all_done": _("All files are uploaded."),
        "removed": _("{name} was removed."),
        "already_listed": _("{name} is being uploaded already."),
        "left_out": _("Hidden files left out: {count}."),
        "unknown_type": _("The portal does not know this type of file."),
        "unknown_type_advice": _("Accepted endings: {list}"),
        "too_large": _("This file is too large."),
        "too_large_advice": _("One file may have up to {limit}."),
        "total_too_large": _("With this file the version would be too large."),
        "total_too_large_advice": _("All files of a version together may have up to {limit}. Remove some first."),
        "too_many": _("With this file the version would have too many files."),
        "too_many_advice": _("A version may have up to {limit} files. Remove some first."),
        "connection_lost": _("The connection was lost."),
        "connection_lost_advice": _("The upload goes on when you are online again, or press the button to try now."),
        "failed": _("The upload did not work."),
        "failed_advice": _("What was sent is kept. Try again; if it fails again, reload the page."),
    }
