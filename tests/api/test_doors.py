"""Whatever a page can do or show, a program can: each route names its operations, or why there is none."""

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
    "registry:upload_retry": ("complete_upload",),  # which is safe to repeat, as is the last request of tus
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
    "registry:comment_hide": ("hide_comment",),
    "registry:review_hide": ("hide_review",),
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


PROSE = "prose for people; it holds no data"
A_FORM = "an empty form; what it sends has an operation of its own"
IN_A_MAIL = "the address of a mail; programs use `set_notification_switch`"
A_LINK = "leads on to what a notification is about, whose address `list_notifications` gives"
FOR_MACHINES = "for crawlers, feed readers, probes and monitors, which read no OpenAPI"
SIGNED = "a file that a verifier reads as it is, at an address that docs/operations/provenance.md names"
SHOWN: dict[str, tuple[str, ...] | str] = {
    "registry:home": ("list_models", "read_review_statistics", "read_operations"),
    "registry:catalogue": ("list_models",),
    "registry:model": ("read_model", "read_version", "read_citation", "list_events"),
    "registry:model_versions": ("list_versions",),
    "registry:model_files": ("list_files",),
    "registry:version_files": ("list_files",),
    "registry:file_page": ("list_files", "download_file"),
    "registry:file": ("download_file",),
    "registry:model_compare": ("compare_versions",),
    "registry:model_use": ("read_endpoint", "read_examples"),
    "registry:model_deployments": ("list_rollouts",),
    "registry:model_log": ("list_events",),
    "registry:model_feed": FOR_MACHINES,
    "registry:version": (
        "read_version", "read_checks", "read_trial_run", "list_reviews", "list_threads", "list_files", "read_examples",
    ),
    "registry:event_log": ("list_events",),
    "registry:event": ("read_event",),
    "registry:log_feed": FOR_MACHINES,
    "registry:robots": FOR_MACHINES,
    "registry:sitemaps": FOR_MACHINES,
    "registry:sitemap": FOR_MACHINES,
    "registry:my_models": ("list_models", "list_versions"),
    "registry:submit": ("check_name", "read_review_statistics"),
    "registry:name_check": ("check_name",),
    "registry:draft": ("read_version", "read_checks"),
    "registry:draft_basics": ("read_model", "read_version"),
    "registry:draft_files": ("list_files", "list_uploads"),
    "registry:draft_file_rows": ("list_files", "list_uploads"),
    "registry:draft_card": ("read_version",),
    "registry:draft_examples": ("read_examples", "read_draft_trial"),
    "registry:draft_trial": ("read_draft_trial",),
    "registry:version_progress": ("read_checks", "read_version"),
    "registry:tokens": IN_THE_BROWSER,
    "registry:account_security": IN_THE_BROWSER,
    "registry:help": PROSE,
    "registry:help_topic": PROSE,
    "registry:about": PROSE,
    "registry:notifications": ("list_notifications",),
    "registry:notification": A_LINK,
    "registry:notification_settings": ("read_notification_settings", "list_watched_models"),
    "registry:unsubscribe": IN_A_MAIL,
    "registry:model_discussion": ("list_topics",),
    "registry:discussion_topic": ("read_message", "list_answers"),
    "registry:discussion_edit": ("read_message",),
    "registry:discussion_hide": ("read_message",),
    "registry:report_model": A_FORM,
    "registry:profile": ("read_profile", "list_models"),
    "registry:profile_edit": ("read_me",),
    "registry:reports": ("list_reports",),
    "registry:report": ("read_report",),
    "registry:review_queue": ("list_waiting_versions",),
    "registry:review_past": ("list_past_reviews",),
    "registry:review_shortcuts": ("read_me",),
    "registry:review": (
        "read_review_standing", "read_changes", "read_checks", "read_trial_run", "list_threads", "read_examples",
    ),
    "registry:review_files": ("list_viewed_files", "list_files", "read_changes"),
    "registry:review_conversation": ("list_reviews", "list_threads"),
    "registry:review_history": ("list_revisions", "read_revision", "list_events"),
    "registry:thread": ("read_thread",),
    "registry:thread_new": A_FORM,
    "registry:comment_hide": ("list_threads",),
    "registry:review_hide": ("list_reviews",),
    "deployer:operations": ("read_operations", "list_deployments", "read_capacity", "read_people"),
    "deployer:operations_figures": ("read_operations",),
    "deployer:operations_csv": ("read_request_figures",),
    "deployer:operations_builds_csv": ("list_builds",),
    "deployer:backends": DOORS["deployer:backends"],
    "deployer:builds": ("list_builds",),
    "deployer:build": ("read_build",),
    "deployer:build_progress": ("read_build",),
    "deployer:build_log": ("read_build_log",),
    "deployer:build_raw_log": ("download_build_log",),
    "deployer:build_provenance": SIGNED,
    "deployer:signing_keys": SIGNED,
    "deployer:rollouts": ("list_rollouts",),
    "deployer:rollout": ("read_rollout",),
    "deployer:rollout_progress": ("read_rollout",),
    "deployer:endpoints": ("list_endpoints",),
    "deployer:endpoint": ("read_endpoint", "read_endpoint_figures"),
    "deployer:endpoint_try": ("read_endpoint_example",),
    "deployer:endpoint_example": ("read_endpoint_example",),
    "deployer:endpoint_figures": ("read_endpoint_figures",),
    **dict.fromkeys(
        (
            "deployer:v2_server", "deployer:v2_live", "deployer:v2_server_ready", "deployer:v2_models",
            "deployer:v2_metadata", "deployer:v2_ready", "deployer:v1_models", "deployer:v1_status",
        ),
        INFERENCE,
    ),
    **dict.fromkeys(("api:docs", "api:schema", "api:problems"), "the API's own document and its texts"),
    **dict.fromkeys(("healthz", "readyz", "metrics"), FOR_MACHINES),
}  # fmt: skip


ADMIN_DOORS: dict[str, tuple[str, ...] | str] = {
    "admin:registry_account_change": ("give_right", "take_right", "suspend_account", "set_quota"),
    "admin:registry_account_add": "accounts begin by signing up, or at the OpenID provider",
    "admin:registry_account_delete": "nobody deletes an account: the public record names it",
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


def showing() -> set[str]:
    """Routes that answer GET to anybody."""
    people = [(role, own) for role in (VISITOR, *ROLES) for own in (False, True)]
    return {row.route for row in ROWS if {row.get(role, own) for role, own in people} != {405}}


def test_each_route_that_shows_something_names_its_operations() -> None:
    assert set(SHOWN) == showing()


def test_each_form_of_the_admin_names_its_operations() -> None:
    forms = ("_add", "_change", "_delete")

    assert set(ADMIN_DOORS) == {
        name for name, _path in all_routes() if name.startswith("admin:") and name.endswith(forms)
    }


def test_the_operations_are_there() -> None:
    doors = (*DOORS.values(), *SHOWN.values(), *ADMIN_DOORS.values())
    named = {name for door in doors if not isinstance(door, str) for name in door}

    assert named - operations() == set()
    assert all(doors)


def test_the_account_s_ways_in_stay_in_the_browser() -> None:
    """A token that could change them would outlive its own revocation."""
    spaces = ("account_", "mfa_", "socialaccount_", "usersessions_", "openid_connect_", "mediawiki_")
    brought = {name for name, _path in all_routes() if name.startswith(spaces)}

    assert brought
    assert set(test_account_routes.TestAllauth.ANSWERS) <= brought
    assert not [path for path in document()["paths"] if "session" in path or "password" in path or "token" in path]
