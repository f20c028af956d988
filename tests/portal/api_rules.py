"""What the tables of the REST API are written in: rows, and rules that map a role and whose thing it is to a status."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.portal.belongings import Belongings
from tests.portal.routes import ROLES, VISITOR, Data, Rule, Status, everybody

READ, SUBMIT, REVIEW, OPERATE, ADMINISTER = "read", "submit", "review", "operate", "administer"
EVERY = (READ, SUBMIT, REVIEW, OPERATE, ADMINISTER)
OWNERS, OWNERS_OR_OPERATORS = (SUBMIT,), (SUBMIT, OPERATE)
PARTIES, ANY_ACT = (SUBMIT, REVIEW), (SUBMIT, REVIEW, OPERATE, ADMINISTER)
MODERATORS, DESK = (REVIEW, ADMINISTER), (REVIEW, OPERATE, ADMINISTER)


@dataclass(frozen=True)
class ApiRow:
    """An operation with a thing, and what it answers. `scopes`: a token needs one of them; none for what is public."""

    method: str
    route: str
    rule: Rule
    scopes: tuple[str, ...] = ()
    thing: Callable[[Belongings], Data] = field(default=lambda _b: {})
    data: Callable[[Belongings], Any] = field(default=lambda _b: None)
    headers: Mapping[str, str] = field(default_factory=dict)
    case: str = ""

    @property
    def needs_others(self) -> bool:
        """Whether it is refused for one's own things and allowed for others'."""
        return any(self.rule(role, True) in {403, 404} and self.rule(role, False) not in {403, 404} for role in ROLES)  # noqa: FBT003  # the shape of every rule

    def __str__(self) -> str:
        return f"{self.method} {self.route} {self.case}".strip()


def mine(status: Status, *, others: Status = 404) -> Rule:
    return lambda role, own: 401 if role == VISITOR else status if own else others


def seen_by_owner(status: Status) -> Rule:
    return lambda role, own: status if own and role != VISITOR else 404


def signed_in(status: Status) -> Rule:
    return lambda role, _own: 401 if role == VISITOR else status


def right(wanted: str, status: Status) -> Rule:
    return lambda role, _own: 401 if role == VISITOR else status if role == wanted else 403


def mine_or(wanted: str, status: Status) -> Rule:
    return lambda role, own: 401 if role == VISITOR else status if own or role == wanted else 403


def reviewer_of_others(role: str, own: bool) -> Status:  # noqa: FBT001  # the shape of every rule
    return 401 if role == VISITOR else 201 if role == "reviewer" and not own else 403


def claiming(role: str, own: bool) -> Status:  # noqa: FBT001  # the shape of every rule
    return 401 if role == VISITOR else 200 if role == "reviewer" and not own else 403


def file(what: str) -> Callable[[Belongings], Data]:
    return lambda b: {"version_id": getattr(b, what).pk, "pk": getattr(b, f"{what}_file").pk}


def upload(b: Belongings) -> Data:
    return {"upload_id": b.upload.pk}


def moderating(status: Status) -> Rule:
    """Reviewers and administrators, but nobody about their own."""
    moderators = {"reviewer", "administrator"}
    return lambda role, own: 401 if role == VISITOR else status if role in moderators and not own else 403


def administering(status: Status) -> Rule:
    """Administrators, but nobody on their own account."""
    return lambda role, own: 401 if role == VISITOR else status if role == "administrator" and not own else 403


def at_desk(status: Status, *, own: Status) -> Rule:
    """Everybody with a right over others' models; a report about one's own is not there."""
    outside = {VISITOR: 401, "account": 403}
    return lambda role, mine: outside.get(role) or (own if mine else status)


SEEN = everybody(200)
ANY_EDITION = {"If-Match": "*"}
