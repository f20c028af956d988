"""Reports: sending one, and the desk that looks after them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from registry import selectors, services
from registry.api.addresses import absolute
from registry.api.answers import ModelRefAnswer, model_ref
from registry.api.base import ApiView, answered
from registry.api.fields import (
    BooleanField,
    CharField,
    ChoiceField,
    DateTimeField,
    IntegerField,
    StrictSerializer,
    URLField,
)
from registry.api.operations import operation
from registry.api.paging import Order, PageQuery, page_answer, page_of, shown_page
from registry.api.throttling import client_address
from registry.events import as_actor
from registry.models import Report, ReportCategory, ReportState, Scope
from registry.permissions import may_decide_report, may_handle_reports
from registry.rate_limits import address_key
from registry.reasons import LONGEST_REASON
from registry.selectors import reports as reads
from registry.selectors.discussion import message_of
from registry.selectors.profiles import account_named
from registry.services.reporting import TEXT_LENGTH

ANY_ACT = (Scope.SUBMIT, Scope.REVIEW, Scope.OPERATE, Scope.ADMINISTER)
DESK = {"scopes": (Scope.REVIEW, Scope.OPERATE, Scope.ADMINISTER), "right": may_handle_reports}
LONGEST_WAITING_FIRST = Order(("created_at", "pk"), descending=False)
NEWEST_DECISION_FIRST = Order(("state_changed_at", "pk"))


class ReportBody(StrictSerializer):
    """What is wrong. Only the desk reads the text and who sent it."""

    category = ChoiceField(choices=ReportCategory.choices)
    text = CharField(max_length=TEXT_LENGTH, help_text="As exact as you can: where, what, and how you know.")
    contact = CharField(
        max_length=254, required=False, allow_blank=True, default="", help_text="An e-mail address for questions back."
    )
    version = IntegerField(
        required=False, min_value=1, max_value=2**31, help_text="The number of the version at fault."
    )
    message = IntegerField(required=False, min_value=1, max_value=2**63 - 1, help_text="A message of the discussion.")
    comment = IntegerField(required=False, min_value=1, max_value=2**63 - 1, help_text="A comment of a conversation.")
    review = IntegerField(required=False, min_value=1, max_value=2**63 - 1, help_text="A reviewer's statement.")


class ReportQuery(PageQuery):
    """Which reports."""

    state = ChoiceField(choices=ReportState.choices, required=False, default=ReportState.OPEN)
    mine = BooleanField(required=False, default=False, help_text="True: only those that you look after.")


class AssigneeBody(StrictSerializer):
    """Who looks after a report."""

    assignee = CharField(max_length=150, allow_null=True, help_text="A user name; null gives it back to everybody.")


class DecisionBody(StrictSerializer):
    """What becomes of a report, with a public reason."""

    state = ChoiceField(choices=ReportState.choices, help_text="“open” looks at a decided one once more.")
    reason = CharField(max_length=LONGEST_REASON, help_text="Public: it names neither the reporter nor anybody's data.")


class ReceiptAnswer(Serializer[Any]):
    """That a report arrived."""

    id = IntegerField()
    state = ChoiceField(choices=ReportState.choices)
    created_at = DateTimeField()


class ReportAnswer(ReceiptAnswer):
    """A report as the desk sees it."""

    category = ChoiceField(choices=ReportCategory.choices)
    text = CharField()
    reporter = CharField(allow_null=True, help_text="Null: a visitor.")
    contact = CharField(allow_blank=True)
    model = ModelRefAnswer()
    version = IntegerField(allow_null=True, help_text="The version's id.")
    message = IntegerField(allow_null=True)
    comment = IntegerField(allow_null=True)
    review = IntegerField(allow_null=True)
    assignee = CharField(allow_null=True)
    outcome = CharField(allow_blank=True, help_text="The public reason of the decision.")
    state_changed_at = DateTimeField()
    may_decide = BooleanField(help_text="False for what you sent yourself.")
    url = URLField()
    page_url = URLField()


class FiledReports(ApiView):
    """Reports about one model."""

    tag = "Reports"

    @operation(
        name="file_report", summary="Report what is wrong with a model, a version or what was said about it.",
        description="Anybody may, also without a token.", scopes=ANY_ACT, visitors=True, body=ReportBody,
        answer=ReceiptAnswer, status=HTTPStatus.CREATED,
    )  # fmt: skip
    def post(self, request: Request, owner: str, name: str, given: Mapping[str, Any]) -> Response:
        """That it arrived."""
        model = selectors.model_named(user=request.user, owner=owner, name=name)
        version = None
        if "version" in given:
            version = selectors.version_numbered(registered_model=model, number=given["version"], user=request.user)
        said: dict[str, Any] = {
            name: find(registered_model=model, pk=given[name]) for name, find in SAID.items() if name in given
        }
        report = services.report_model(
            registered_model=model,
            version=version,
            **said,
            reporter=as_actor(request.user),
            address=address_key(client_address(request)),
            **{field: given[field] for field in ("category", "text", "contact")},
        )
        row = {"id": report.pk, "state": report.state, "created_at": report.created_at}
        return answered(ReceiptAnswer, row, status=HTTPStatus.CREATED)


class ReportView(ApiView):
    """What all resources of the desk have in common."""

    tag = "Reports"

    def _report(self, pk: int) -> Report:
        return reads.report_by_id(pk=pk, account=self.account())

    def _shown(self, request: Request, pk: int) -> Response:
        return answered(ReportAnswer, self._rows(request, [self._report(pk)])[0])

    def _rows(self, request: HttpRequest, reports: Iterable[Report]) -> list[dict[str, object]]:
        return [
            {
                **{name: getattr(report, name) for name in COPIED},
                "id": report.pk,
                "reporter": report.reporter.username if report.reporter else None,
                "assignee": report.assigned_to.username if report.assigned_to else None,
                "model": model_ref(request, report.registered_model),
                "version": report.version_id,
                **{name: getattr(report, f"{name}_id") for name in SAID},
                "may_decide": may_decide_report(self.account(), report),
                "url": absolute(request, "api:report", report.pk),
                "page_url": absolute(request, "registry:report", report.pk),
            }
            for report in reports
        ]


SAID: dict[str, Callable[..., Any]] = {
    "message": message_of,
    "comment": reads.reported_comment,
    "review": reads.reported_review,
}
COPIED = ("state", "created_at", "category", "text", "contact", "outcome", "state_changed_at")


class Reports(ReportView):
    """The desk."""

    @operation(
        name="list_reports", summary="List reports, the longest waiting first.",
        description="Those about your own are others' business.", **DESK, query=ReportQuery,
        answer=page_answer(ReportAnswer),
    )  # fmt: skip
    def get(self, request: Request, query: Mapping[str, Any]) -> Response:
        """A page of reports in one state; decided ones begin with the newest decision."""
        found = reads.report_queue(self.account(), state=query["state"], mine=query["mine"])
        order = LONGEST_WAITING_FIRST if query["state"] == ReportState.OPEN else NEWEST_DECISION_FIRST
        page = page_of(found, order=order, cursor=query.get("cursor"), limit=query["limit"])
        return answered(page_answer(ReportAnswer), shown_page(request, page, lambda rows: self._rows(request, rows)))


class OneReport(ReportView):
    """One report."""

    @operation(name="read_report", summary="Read a report.", **DESK, answer=ReportAnswer)
    def get(self, request: Request, pk: int) -> Response:
        """The report."""
        return self._shown(request, pk)


class Assignee(ReportView):
    """Who looks after a report."""

    @operation(
        name="assign_report", summary="Say who looks after a report.", **DESK, body=AssigneeBody, answer=ReportAnswer
    )
    def put(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        """The report as it is afterwards."""
        report, name = self._report(pk), given["assignee"]
        assignee = None if name is None else account_named(name)
        services.assign_report(report=report, actor=self.account(), assignee=assignee)
        return self._shown(request, pk)


class Decision(ReportView):
    """What becomes of a report."""

    @operation(
        name="decide_report", summary="Accept or dismiss a report, or open it again, with a public reason.",
        description="What follows, retiring or hiding, is an act of its own. 409 if somebody else decided first.",
        **DESK, body=DecisionBody, answer=ReportAnswer,
    )  # fmt: skip
    def post(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        """The report as it is afterwards."""
        report, state = self._report(pk), given["state"]
        if state == ReportState.OPEN:
            services.reopen_report(report=report, actor=self.account(), reason=given["reason"])
        else:
            accepted = state == ReportState.ACCEPTED
            services.decide_report(report=report, actor=self.account(), accepted=accepted, reason=given["reason"])
        return self._shown(request, pk)
