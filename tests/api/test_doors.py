"""Whatever a page can do, a program can: each route that takes a form names its operations, or why there is none."""

from __future__ import annotations

from registry.api.schema import document
from tests.portal import test_account_routes
from tests.portal.routes import ROLES, VISITOR
from tests.portal.test_routes_by_role import ROWS, all_routes

A_BROWSER_S = "a cookie of the browser; an account's language is `change_me`"
INFERENCE = "an API itself: the Open Inference Protocol"
TUS = "an API itself: tus, which takes the same tokens"
IN_THE_BROWSER = "ways into an account stay in the browser, as docs/decisions says"
DOORS: dict[str, tuple[str, ...] | str] = {
    "registry:submit": ("create_model",),
    "registry:version_start": ("start_version",),
    "registry:draft_basics": ("change_model", "change_version"),
    "registry:file_add": ("create_upload",),
    "registry:file_remove": ("remove_file",),
    "registry:upload_cancel": ("cancel_upload",),
    "registry:draft_card": ("change_version",),
    "registry:card_preview": ("preview_card",),
    "registry:draft_examples": ("replace_examples", "change_version", "try_draft", "read_draft_trial"),
    "registry:check": ("check_again",),
    "registry:draft_delete": ("delete_draft",),
    "registry:version_submit": ("submit_version",),
    "registry:version_withdraw": ("withdraw_version",),
    "registry:version_reopen": ("reopen_version",),
    "registry:version_retry": ("retry_version",),
    "registry:version_retire": ("retire_version",),
    "registry:tokens": IN_THE_BROWSER,
    "registry:token_revoke": IN_THE_BROWSER,
    "registry:uploads": TUS,
    "registry:upload": TUS,
    "registry:notifications_read": ("mark_notification", "mark_notifications"),
    "registry:notification_settings": ("set_notification_switch", "set_mail_pace"),
    "registry:unsubscribe": "the token of a mail is its proof; programs use `set_notification_switch`",
    "registry:model_discussion": ("open_topic",),
    "registry:discussion_topic": ("answer_topic",),
    "registry:discussion_edit": ("edit_message",),
    "registry:discussion_hide": ("hide_message",),
    "registry:report_model": ("file_report",),
    "registry:report": ("decide_report",),
    "registry:report_assign": ("assign_report",),
    "registry:profile_edit": ("change_me",),
    "registry:watch": ("watch_model", "unwatch_model"),
    "registry:review": ("state_review",),
    "registry:review_shortcuts": ("change_me",),
    "registry:thread": ("reply_to_thread",),
    "registry:thread_resolve": ("resolve_thread",),
    "registry:thread_new": ("open_thread",),
    "registry:file_viewed": ("mark_file_viewed",),
    "registry:review_claim": ("claim_version",),
    "registry:review_release": ("release_claim",),
    "deployer:backends": "programs on the machine run `manage.py check_backends --json`, before the portal is up too",
    "deployer:build_retry": ("retry_build",),
    "deployer:build_cancel": ("cancel_build",),
    "deployer:rollout_retry": ("retry_rollout",),
    "deployer:rollout_restore": ("restore_rollout",),
    "deployer:endpoint_try": "programs ask the endpoint itself, at the `infer_url` of `read_endpoint`",
    "deployer:v2_infer": INFERENCE,
    "deployer:v1_predict": INFERENCE,
    "theme": A_BROWSER_S,
    "language": A_BROWSER_S,
}


ADMIN_DOORS: dict[str, tuple[str, ...] | str] = {
    "admin:registry_account_change": ("give_right", "take_right", "suspend_account", "set_quota"),
    "admin:registry_account_add": "accounts begin by signing up, or at the OpenID provider",
    "admin:registry_account_delete": "nobody deletes an account: the public record names it",
    "admin:auth_user_password_change": IN_THE_BROWSER,
    "admin:password_change": IN_THE_BROWSER,
}


def operations() -> set[str]:
    return {each["operationId"] for methods in document()["paths"].values() for each in methods.values()}


def taking_forms() -> set[str]:
    """Routes that take anything but GET from anybody."""
    found = set()
    for row in ROWS:
        for method, rule in row.rules.items():
            answers = {rule(role, own) for role in (VISITOR, *ROLES) for own in (False, True)}
            if method != "GET" and answers != {405}:
                found.add(row.route)
    return found


def test_each_route_that_takes_a_form_names_its_operations() -> None:
    assert set(DOORS) == taking_forms()


def test_each_form_of_the_admin_names_its_operations() -> None:
    forms = ("_add", "_change", "_delete")

    assert set(ADMIN_DOORS) == {
        name for name, _path in all_routes() if name.startswith("admin:") and name.endswith(forms)
    }


def test_the_operations_are_there() -> None:
    named = {name for door in (*DOORS.values(), *ADMIN_DOORS.values()) if not isinstance(door, str) for name in door}

    assert named - operations() == set()
    assert all(door for door in DOORS.values())


def test_the_account_s_ways_in_stay_in_the_browser() -> None:
    """A token that could change them would outlive its own revocation."""
    spaces = ("account_", "mfa_", "socialaccount_", "usersessions_", "openid_connect_", "mediawiki_")
    brought = {name for name, _path in all_routes() if name.startswith(spaces)}

    assert brought
    assert set(test_account_routes.TestAllauth.ANSWERS) <= brought
    assert not [path for path in document()["paths"] if "session" in path or "password" in path or "token" in path]
