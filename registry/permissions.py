"""One predicate per right. Pages, API, admin and templates all ask here."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from registry.models import Account, DiscussionMessage, ModelVersion, RegisteredModel, Report, Scope, VersionState
from registry.sign_in.second_factor import has_second_factor

REVIEWERS = "reviewers"
OPERATORS = "operators"
ADMINISTRATORS = "administrators"
GROUPS = (REVIEWERS, OPERATORS, ADMINISTRATORS)
# The scope under which a token may use a right of its account.
SCOPE_OF_RIGHT = {REVIEWERS: Scope.REVIEW, OPERATORS: Scope.OPERATE, ADMINISTRATORS: Scope.ADMINISTER}

User = AbstractBaseUser | AnonymousUser


def _active(user: User) -> bool:
    return isinstance(user, Account) and user.is_active


def within_scope(user: User, scope: str) -> bool:
    """Whether the token that the account came with, if it came with one, reaches so far."""
    scopes = user.token_scopes if isinstance(user, Account) else None
    return scopes is None or scope in scopes


def _in_group(user: User, name: str) -> bool:
    if not within_scope(user, SCOPE_OF_RIGHT[name]):
        return False
    return name in _held_groups(user) and not lacks_second_factor(user)


def _held_groups(user: User) -> frozenset[str]:
    if not isinstance(user, Account) or not user.is_active:
        return frozenset()
    held: frozenset[str] | None = user.__dict__.get("_held_groups")
    if held is None:
        # One query per request however often a page asks.
        held = user.__dict__["_held_groups"] = frozenset(user.groups.values_list("name", flat=True))
    return held


def lacks_second_factor(user: User) -> bool:
    """Whether the account was given rights that rest until it has a second factor; whoever holds none needs none."""
    if not settings.REQUIRE_SECOND_FACTOR or not isinstance(user, Account) or not _held_groups(user):
        return False
    has_one: bool | None = user.__dict__.get("_has_second_factor")
    if has_one is None:
        has_one = user.__dict__["_has_second_factor"] = has_second_factor(user)
    return not has_one


def may_submit(user: User) -> bool:
    """Register models, upload and submit: any active account."""
    return _active(user) and within_scope(user, Scope.SUBMIT)


def may_be_told(user: User) -> bool:
    """Have an inbox and a profile: any active account."""
    return _active(user)


def may_take_part(user: User) -> bool:
    """Watch models and talk about them: any active account."""
    return _active(user) and within_scope(user, Scope.SUBMIT)


def may_review(user: User) -> bool:
    """Read the review desk and state a review."""
    return _in_group(user, REVIEWERS)


def may_operate(user: User) -> bool:
    """Retry, stop, promote, roll back and retire."""
    return _in_group(user, OPERATORS)


def may_administer(user: User) -> bool:
    """Accounts, roles, runtimes and environments."""
    return _in_group(user, ADMINISTRATORS)


def may_change_account(user: User, account: Account) -> bool:
    """Give and take rights, suspend, set a quota: an administrator, but nobody on their own account."""
    return may_administer(user) and account.pk != user.pk


def owns(user: User, registered_model: RegisteredModel) -> bool:
    """Whether the model is the account's own."""
    return _active(user) and registered_model.owner_id == user.pk


def may_edit_model(user: User, registered_model: RegisteredModel) -> bool:
    """Start versions and change the summary: the owner."""
    return owns(user, registered_model) and may_submit(user)


def may_edit_version(user: User, version: ModelVersion) -> bool:
    """Change a draft's content: the owner, whatever the state; the state itself is the lifecycle's business."""
    return may_edit_model(user, version.registered_model)


def may_see_version(user: User, version: ModelVersion) -> bool:
    """Know of the version and of what was submitted of it: drafts are their owner's, what was submitted is public."""
    return version.state != VersionState.DRAFT or version.revision > 0 or owns(user, version.registered_model)


def may_see_content(user: User, version: ModelVersion) -> bool:
    """See the content as it is stored now: that of a draft is its owner's alone until it is submitted, again too."""
    return version.state != VersionState.DRAFT or owns(user, version.registered_model)


def may_decide(user: User, version: ModelVersion) -> bool:
    """Decide on a version: a reviewer who neither owns nor submitted it."""
    return may_review(user) and not owns(user, version.registered_model) and version.submitted_by_id != user.pk


def may_discuss(user: User, version: ModelVersion) -> bool:
    """Open, answer and resolve threads about a version: reviewers, its owner and whoever submitted it."""
    return may_review(user) or owns(user, version.registered_model) or (_active(user) and _submitted(user, version))


def _submitted(user: User, version: ModelVersion) -> bool:
    return version.submitted_by_id is not None and version.submitted_by_id == user.pk


def may_retry(user: User, version: ModelVersion) -> bool:
    """Repeat a failed step: who submitted it, or an operator."""
    return may_edit_version(user, version) or may_operate(user)


def may_retire(user: User, version: ModelVersion) -> bool:
    """Take a version out of service: its owner, or an operator."""
    return may_edit_version(user, version) or may_operate(user)


def may_edit_message(user: User, message: DiscussionMessage) -> bool:
    """Change what one said oneself."""
    return _active(user) and message.author_id == user.pk


def may_hide_message(user: User, message: DiscussionMessage) -> bool:
    """Hide what breaks the rules: reviewers and administrators, but nobody what is said about their own model."""
    right = may_review(user) or may_administer(user)
    return right and message.registered_model.owner_id != user.pk


def may_hide_said(user: User, version: ModelVersion) -> bool:
    """Hide what was said in a version's review: as in discussions, and nobody about their own version."""
    right = may_review(user) or may_administer(user)
    return right and not owns(user, version.registered_model) and not _submitted(user, version)


def may_handle_reports(user: User) -> bool:
    """Work at the report desk: everybody with a right over others' models."""
    return may_review(user) or may_operate(user) or may_administer(user)


def may_see_report(user: User, report: Report) -> bool:
    """Read a report and who sent it: the desk, but nobody what is said about their own."""
    return may_handle_reports(user) and user.pk not in report.accused_ids


def may_decide_report(user: User, report: Report) -> bool:
    """Accept, dismiss or reopen a report: who may see it and did not send it."""
    return may_see_report(user, report) and report.reporter_id != user.pk
