"""One version: what it is made of, what the portal found out about it, and what may be done with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer

from registry import selectors, services
from registry.api.answers import (
    ExamplesAnswer,
    FilesAnswer,
    VersionDetailAnswer,
    example_rows,
    file_rows,
    version_detail,
)
from registry.api.base import ApiView, answered, nothing
from registry.api.fields import (
    BooleanField,
    CharField,
    ChoiceField,
    ConfirmedField,
    FloatField,
    IntegerField,
    ListField,
    NothingBody,
    ObjectField,
    ReasonBody,
    StrictSerializer,
)
from registry.api.operations import operation
from registry.errors import NotFoundError
from registry.examples import DEFAULT_TOLERANCE, MAX_BYTES, MAX_EXAMPLES, MAX_TITLE, ExampleInput
from registry.interfaces import Verdict
from registry.licences import LICENCES
from registry.models import ModelVersion, Scope
from registry.permissions import may_submit
from registry.presentation.downloads import file_answer
from registry.presentation.rows import check_rows, trial_row
from registry.tasks import ring

MIB = 1024**2
OWNER = {"scopes": (Scope.SUBMIT,), "right": may_submit}
OWNER_OR_OPERATOR = {"scopes": (Scope.SUBMIT, Scope.OPERATE)}


class VersionBody(StrictSerializer):
    """What may change of a draft."""

    licence = ChoiceField(choices=[(licence.spdx, licence.name) for licence in LICENCES], required=False)
    card = CharField(
        source="card_source", required=False, trim_whitespace=False, max_length=20_000,
        help_text="Markdown with a YAML head; at most 20 kB.",
    )  # fmt: skip
    cpu_millis = IntegerField(
        min_value=100, max_value=64_000, required=False, help_text="Thousandths of a core: 1000 is one core."
    )
    memory_bytes = IntegerField(min_value=128 * MIB, max_value=1_048_576 * MIB, required=False)


class SubmitBody(StrictSerializer):
    """What you vouch for, as no check can see it; it is kept with the submission."""

    may_publish = ConfirmedField(help_text="That you may publish these files under the licence that you chose.")
    no_personal_data = ConfirmedField(help_text="That no personal data is in the files, the card or the examples.")


class ExampleBody(StrictSerializer):
    """One example."""

    title = CharField(max_length=MAX_TITLE, required=False, allow_blank=True, default="")
    request = ObjectField(help_text="A request of the Open Inference Protocol V2.")
    expected = ObjectField(help_text="The answer to it.")
    tolerance = FloatField(min_value=0, required=False, default=DEFAULT_TOLERANCE)


class ExamplesBody(StrictSerializer):
    """All examples of a draft, in order."""

    examples = ListField(child=ExampleBody(), max_length=MAX_EXAMPLES)


class CheckAnswer(Serializer[Any]):
    """One check."""

    name = CharField()
    verdict = ChoiceField(choices=["pass", "warn", "fail"])
    code = CharField(help_text="For programs; it does not change with the language.")
    summary = CharField(allow_blank=True)
    details = CharField(allow_blank=True)
    advice = CharField(allow_blank=True)
    duration_ms = IntegerField()


class ChecksAnswer(Serializer[Any]):
    """The checks of exactly the present content, failed ones first."""

    complete = BooleanField(help_text="False while they are outstanding.")
    passed = BooleanField(help_text="Whether nothing failed.")
    checks = CheckAnswer(many=True)


class TrialAnswerAnswer(Serializer[Any]):
    """How one example went."""

    title = CharField(allow_blank=True)
    matches = BooleanField()
    text = CharField(allow_blank=True)
    latency_ms = FloatField(allow_null=True)


class TrialAnswer(Serializer[Any]):
    """What the frozen version did in its own runtime."""

    passed = BooleanField()
    reason = CharField(allow_blank=True, help_text="Why it failed.")
    load_ms = FloatField(allow_null=True)
    peak_memory_bytes = IntegerField(allow_null=True)
    p50_ms = FloatField(allow_null=True)
    p95_ms = FloatField(allow_null=True)
    answers = TrialAnswerAnswer(many=True)


class Version(ApiView):
    """One version."""

    tag = "Versions"

    @operation(
        name="read_version", summary="Read a version.",
        description="Of one that was submitted and is a draft again, all but its owner read what was submitted last.",
        answer=VersionDetailAnswer, gives_edition=True,
    )  # fmt: skip
    def get(self, request: Request, pk: int) -> Response:
        """The version, with the ETag of its content."""
        return _shown(request, selectors.version_by_id(pk=pk, user=request.user))

    @operation(
        name="change_version", summary="Change a draft's card, licence or resources.", **OWNER, body=VersionBody,
        answer=VersionDetailAnswer, needs_edition=True, gives_edition=True,
    )  # fmt: skip
    def patch(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        """The draft as it is afterwards."""
        seen, draft = self.edition_seen(), selectors.own_version(pk=pk, user=request.user)
        ring(services.update_draft(version=draft, actor=self.account(), seen=seen, **given))
        return _again(request, pk)

    @operation(
        name="delete_draft", summary="Delete a draft that was never submitted.", **OWNER, needs_edition=True,
        status=HTTPStatus.NO_CONTENT,
    )  # fmt: skip
    def delete(self, request: Request, pk: int) -> Response:
        """Nothing is left of it."""
        seen, draft = self.edition_seen(), selectors.own_version(pk=pk, user=request.user)
        services.delete_draft(version=draft, actor=self.account(), seen=seen)
        return nothing()


class Examples(ApiView):
    """The examples of a version."""

    tag = "Versions"
    body_bytes = MAX_BYTES * MAX_EXAMPLES

    @operation(name="read_examples", summary="Read a version's examples.", answer=ExamplesAnswer, gives_edition=True)
    def get(self, request: Request, pk: int) -> Response:
        """The examples, with the ETag of the version's content."""
        version = selectors.version_by_id(pk=pk, user=request.user)
        return answered(ExamplesAnswer, example_rows(selectors.examples_of(version)), edition=version)

    @operation(
        name="replace_examples", summary="Replace a draft's examples.", **OWNER, body=ExamplesBody,
        answer=ExamplesAnswer, needs_edition=True, gives_edition=True,
    )  # fmt: skip
    def put(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        """The examples as they are afterwards."""
        seen, draft = self.edition_seen(), selectors.own_version(pk=pk, user=request.user)
        examples = [ExampleInput(**example) for example in given["examples"]]
        ring(services.set_examples(version=draft, actor=self.account(), examples=examples, seen=seen))
        draft = selectors.own_version(pk=pk, user=request.user)
        return answered(ExamplesAnswer, example_rows(draft.examples.all()), edition=draft)


class Files(ApiView):
    """The files of a version."""

    tag = "Files and uploads"

    @operation(
        name="list_files", summary="List a version's files.",
        description="Of a draft that was submitted before, all but its owner find those that were submitted.",
        answer=FilesAnswer,
    )  # fmt: skip
    def get(self, request: Request, pk: int) -> Response:
        """All files; a limit keeps them few."""
        version = selectors.version_by_id(pk=pk, user=request.user)
        return answered(FilesAnswer, {"files": file_rows(request, selectors.files_of(version))})


class File(ApiView):
    """One file."""

    tag = "Files and uploads"

    @operation(
        name="remove_file", summary="Take a file out of a draft.", **OWNER, needs_edition=True,
        status=HTTPStatus.NO_CONTENT,
    )  # fmt: skip
    def delete(self, request: Request, version_id: int, pk: int) -> Response:
        """The file is gone, and uploads to its path with it. The edition is that of the version."""
        seen, draft = self.edition_seen(), selectors.own_version(pk=version_id, user=request.user)
        path = selectors.file_of(version=draft, pk=pk).path
        ring(services.remove_file(version=draft, actor=self.account(), path=path, seen=seen))
        return nothing()


class FileContent(ApiView):
    """The bytes of one file."""

    tag = "Files and uploads"

    @operation(name="download_file", summary="Download a file's bytes.", media_type="application/octet-stream")
    def get(self, request: Request, version_id: int, pk: int) -> Any:
        """An inert attachment."""
        version = selectors.version_by_id(pk=version_id, user=request.user)
        return file_answer(selectors.file_of(version=version, pk=pk))


class Checks(ApiView):
    """The checks of a version."""

    tag = "Checks and trial run"

    @operation(name="read_checks", summary="Read the checks of the present content.", answer=ChecksAnswer)
    def get(self, request: Request, pk: int) -> Response:
        """The checks, failed ones first."""
        checks = selectors.current_checks(selectors.version_by_id(pk=pk, user=request.user))
        texts = check_rows(checks)
        rows = [
            {"name": c.name, "verdict": c.verdict, "code": c.code, "duration_ms": c.duration_ms,
             "summary": t.summary, "details": t.details, "advice": t.advice}
            for c, t in zip(checks, texts, strict=True)
        ]  # fmt: skip
        passed = bool(checks) and all(check.verdict != Verdict.FAIL for check in checks)
        return answered(ChecksAnswer, {"complete": bool(checks), "passed": passed, "checks": rows})


class TrialRun(ApiView):
    """The trial run of a version."""

    tag = "Checks and trial run"

    @operation(name="read_trial_run", summary="Read the trial run of the frozen version.", answer=TrialAnswer)
    def get(self, request: Request, pk: int) -> Response:
        """Its figures; 404 before there is one."""
        row = trial_row(selectors.trial_run_of(selectors.version_by_id(pk=pk, user=request.user)))
        if row is None:
            raise NotFoundError("trial.none")
        reason = f"{row.text.title} {row.text.body}".strip() if row.text else ""
        names = ("passed", "load_ms", "peak_memory_bytes", "p50_ms", "p95_ms", "answers")
        return answered(TrialAnswer, {**{name: getattr(row, name) for name in names}, "reason": reason})


Verb = Callable[..., tuple[int, ...]]


class Action(ApiView):
    """Something that is done to a version. Others' versions may be the business of an operator as well."""

    tag = "Versions"

    def _done(self, request: Request, pk: int, verb: Verb, **given: Any) -> Response:
        version = selectors.version_by_id(pk=pk, user=request.user)
        ring(verb(version=version, actor=self.account(), **given))
        return _again(request, pk)


class Check(Action):
    """Checks, once more."""

    tag = "Checks and trial run"

    @operation(
        name="check_again",
        summary="Run a draft's checks once more.",
        **OWNER,
        body=NothingBody,
        answer=VersionDetailAnswer,
    )
    def post(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        """The draft; its checks are outstanding."""
        return self._done(request, pk, services.check_again, **given)


class Submit(Action):
    """Submission."""

    @operation(
        name="submit_version", summary="Freeze a draft and send it on its way.",
        description="409 while its checks are outstanding, 400 if one failed or you confirm less than is asked.",
        **OWNER, body=SubmitBody, answer=VersionDetailAnswer, needs_edition=True,
    )  # fmt: skip
    def post(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        """The frozen version with its content digest."""
        seen = self.edition_seen()
        return self._done(request, pk, services.submit_version, confirmed=given, seen=seen)


class Withdraw(Action):
    """Withdrawal."""

    @operation(
        name="withdraw_version", summary="Take a version out of checking or review.", **OWNER, body=ReasonBody,
        answer=VersionDetailAnswer,
    )  # fmt: skip
    def post(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        """The withdrawn version."""
        return self._done(request, pk, services.withdraw_version, **given)


class Reopen(Action):
    """Reopening."""

    @operation(
        name="reopen_version", summary="Make a returned or withdrawn version a draft again.", **OWNER,
        body=NothingBody, answer=VersionDetailAnswer,
    )  # fmt: skip
    def post(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        """The draft."""
        return self._done(request, pk, services.reopen_version, **given)


class Retry(Action):
    """Repetition."""

    @operation(
        name="retry_version", summary="Repeat a step that failed for a reason outside the model.",
        **OWNER_OR_OPERATOR, body=NothingBody, answer=VersionDetailAnswer,
    )  # fmt: skip
    def post(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        """The version, under way again."""
        return self._done(request, pk, services.retry_version, **given)


class Retire(Action):
    """Retirement."""

    @operation(
        name="retire_version", summary="Take an approved version out of service for good.", **OWNER_OR_OPERATOR,
        body=ReasonBody, answer=VersionDetailAnswer,
    )  # fmt: skip
    def post(self, request: Request, pk: int, given: Mapping[str, Any]) -> Response:
        """The retired version; its page stays."""
        return self._done(request, pk, services.retire_version, **given)


def _shown(request: Request, version: ModelVersion) -> Response:
    return answered(VersionDetailAnswer, version_detail(request, version), edition=version)


def _again(request: Request, pk: int) -> Response:
    return _shown(request, selectors.version_by_id(pk=pk, user=request.user))
