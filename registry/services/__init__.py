"""The verbs of registration and review. Those that make work due return its jobs' ids, and the edge rings them."""

from registry.jobs.queue import Due
from registry.services.desk import claim_version, mark_file_viewed, release_claim, set_keyboard_shortcuts
from registry.services.discussing import edit_message, post_message
from registry.services.drafts import (
    attach_file,
    check_again,
    register_model,
    set_examples,
    start_version,
    update_draft,
    update_model,
)
from registry.services.moderating import hide_message, hide_said, show_message, show_said
from registry.services.notifying import mark_read, set_mail_pace, set_switch, unsubscribe
from registry.services.preferences import choose_display_name, choose_language
from registry.services.removal import delete_draft, remove_file
from registry.services.reporting import assign_report, decide_report, reopen_report, report_model
from registry.services.reviewing import state_review
from registry.services.rights import set_active, set_quota, set_right
from registry.services.submission import (
    reopen_version,
    retire_version,
    retry_version,
    return_to_submitter,
    submit_version,
    withdraw_version,
)
from registry.services.threads import post_line_comment, reply_to_thread, resolve_thread
from registry.services.tokens import create_token, revoke_all_tokens, revoke_token, use_token
from registry.services.trials import TrialOutcome, record_image_digest, record_trial_run
from registry.services.trying import DraftOutcome, record_draft_trial, try_draft
from registry.services.uploads import cancel_upload, retry_upload, store_form_file
from registry.services.watching import watch_model

__all__ = [
    "DraftOutcome",
    "Due",
    "TrialOutcome",
    "assign_report",
    "attach_file",
    "cancel_upload",
    "check_again",
    "choose_display_name",
    "choose_language",
    "claim_version",
    "create_token",
    "decide_report",
    "delete_draft",
    "edit_message",
    "hide_message",
    "hide_said",
    "mark_file_viewed",
    "mark_read",
    "post_line_comment",
    "post_message",
    "record_draft_trial",
    "record_image_digest",
    "record_trial_run",
    "register_model",
    "release_claim",
    "remove_file",
    "reopen_report",
    "reopen_version",
    "reply_to_thread",
    "report_model",
    "resolve_thread",
    "retire_version",
    "retry_upload",
    "retry_version",
    "return_to_submitter",
    "revoke_all_tokens",
    "revoke_token",
    "set_active",
    "set_examples",
    "set_keyboard_shortcuts",
    "set_mail_pace",
    "set_quota",
    "set_right",
    "set_switch",
    "show_message",
    "show_said",
    "start_version",
    "state_review",
    "store_form_file",
    "submit_version",
    "try_draft",
    "unsubscribe",
    "update_draft",
    "update_model",
    "use_token",
    "watch_model",
    "withdraw_version",
]
