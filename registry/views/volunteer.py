"""A volunteer's pages: my models, the draft's steps, submitting and taking back."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from registry import selectors, services
from registry.examples import example_from_introspection, parse_examples_json
from registry.forms import MIB, BasicsForm, CardForm, ExamplesForm, NewModelForm, ReasonForm
from registry.models import ModelVersion, VersionState
from registry.permissions import may_submit
from registry.readable_json import readable_json
from registry.tasks import ring
from registry.uploads.admission import quota_of, used_bytes
from registry.views.access import account_of, errors_as_messages, errors_on, paged, requires
from registry.views.own_models import own_row
from registry.views.presentation import check_rows, file_rows, wait_note
from registry.views.steps import steps_of, upload_context

GET_OR_POST = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
@requires(may_submit)
def my_models(request: HttpRequest) -> HttpResponse:
    """The account's models with the state of each newest version."""
    page = paged(request, selectors.own_models(account_of(request)))
    models = list(page.object_list)
    newest = selectors.newest_own_versions(models)
    rows = [own_row(model, newest[model.pk]) for model in models if model.pk in newest]
    quota = quota_of(account_of(request))
    context = {"page": page, "rows": rows, "used": used_bytes(account_of(request)), "quota": quota}
    return render(request, "registry/my_models.html", context)


@GET_OR_POST
@requires(may_submit)
def submit(request: HttpRequest) -> HttpResponse:
    """Name a new model and open its first draft."""
    form = NewModelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            draft = services.register_model(actor=account_of(request), **form.cleaned_data)
            return redirect("registry:draft_files", draft.pk)
    return _answer(request, "registry/submit.html", form, {"steps": steps_of(None, "basics")})


@require_POST
@requires(may_submit)
def version_start(request: HttpRequest, owner: str, name: str) -> HttpResponse:
    """Open the next draft of a model."""
    registered_model = selectors.model_named(user=request.user, owner=owner, name=name)
    draft = services.start_version(registered_model=registered_model, actor=account_of(request))
    return redirect("registry:draft_basics", draft.pk)


@GET_OR_POST
@requires(may_submit)
def draft_basics(request: HttpRequest, pk: int) -> HttpResponse:
    """Summary, task, licence and resources."""
    draft = _draft(request, pk)
    initial = {
        "summary": draft.registered_model.summary,
        "task": draft.registered_model.task,
        "licence": draft.licence,
        "cpu_millis": draft.cpu_millis,
        "memory_mib": draft.memory_bytes // MIB,
    }
    form = BasicsForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            values = dict(form.cleaned_data)
            memory_bytes = values.pop("memory_mib") * MIB
            ring(services.update_draft(version=draft, actor=account_of(request), memory_bytes=memory_bytes, **values))
            return redirect("registry:draft_files", draft.pk)
    return _step(request, draft, "basics", form)


@require_safe
@requires(may_submit)
def draft_files(request: HttpRequest, pk: int) -> HttpResponse:
    """The files, and uploading them."""
    return _files_page(request, _draft(request, pk))


@require_safe
@requires(may_submit)
def draft_file_rows(request: HttpRequest, pk: int) -> HttpResponse:
    """The list of files alone, for the upload script."""
    draft = _draft(request, pk)
    return render(request, "registry/fragments/file_rows.html", {"files": _removable_files(draft), "version": draft})


@require_POST
@requires(may_submit)
def file_add(request: HttpRequest, pk: int) -> HttpResponse:
    """Take files from a plain form."""
    draft = _draft(request, pk)
    uploads = [file for file in request.FILES.getlist("files") if isinstance(file, UploadedFile)]
    stored = 0
    if not uploads:
        messages.error(request, _("No file was chosen. Choose at least one file, then upload again."))
    for upload in uploads:
        name = upload.name or ""
        with errors_as_messages(request, about=name):
            ring(services.store_form_file(version=draft, actor=account_of(request), path=name, uploaded_file=upload))
            messages.success(request, _("%(name)s was uploaded and verified.") % {"name": name})
            stored += 1
    if uploads and stored == len(uploads):
        return redirect("registry:draft_files", draft.pk)
    return _files_page(request, draft)


@require_POST
@requires(may_submit)
def file_remove(request: HttpRequest, version_pk: int, pk: int) -> HttpResponse:
    """Take one file out of the draft."""
    draft = _draft(request, version_pk)
    file = draft.files.filter(pk=pk).first()
    if file is not None:
        with errors_as_messages(request):
            ring(services.remove_file(version=draft, actor=account_of(request), path=file.path))
    return redirect("registry:draft_files", draft.pk)


@require_POST
@requires(may_submit)
def upload_cancel(request: HttpRequest, version_pk: int, upload_pk: uuid.UUID) -> HttpResponse:
    """Drop an unfinished upload, for browsers without JavaScript."""
    draft = _draft(request, version_pk)
    services.cancel_upload(upload_id=upload_pk, version=draft, actor=account_of(request))
    return redirect("registry:draft_files", draft.pk)


@GET_OR_POST
@requires(may_submit)
def draft_card(request: HttpRequest, pk: int) -> HttpResponse:
    """The model card."""
    draft = _draft(request, pk)
    form = CardForm(request.POST or None, initial={"card_source": draft.card_source})
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            source = form.cleaned_data["card_source"]
            ring(services.update_draft(version=draft, actor=account_of(request), card_source=source))
            if "stay" in request.POST:
                messages.success(request, _("The card is saved; its preview is below."))
                return redirect("registry:draft_card", draft.pk)
            return redirect("registry:draft_examples", draft.pk)
    return _step(request, draft, "card", form)


@GET_OR_POST
@requires(may_submit)
def draft_examples(request: HttpRequest, pk: int) -> HttpResponse:
    """Examples with expected answers."""
    draft = _draft(request, pk)
    form = ExamplesForm(request.POST or None, initial={"examples": _examples_text(draft)})
    if request.method == "POST" and form.is_valid():
        with errors_on(form):
            examples = parse_examples_json(form.cleaned_data["examples"])
            ring(services.set_examples(version=draft, actor=account_of(request), examples=examples))
            return redirect("registry:draft", draft.pk)
    return _step(request, draft, "examples", form)


@require_safe
@requires(may_submit)
def draft(request: HttpRequest, pk: int) -> HttpResponse:
    """Checks of the draft, and submitting it."""
    version = _draft(request, pk)
    return _step(request, version, "submit", None, _progress(version))


@require_safe
@requires(may_submit)
def version_progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The checks alone; asks to be loaded again only while work is under way."""
    version = selectors.own_version(pk=pk, user=request.user)
    return render(request, "registry/fragments/progress.html", {"version": version, **_progress(version)})


@require_POST
@requires(may_submit)
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Run the draft's checks once more."""
    version = _draft(request, pk)
    with errors_as_messages(request):
        ring(services.check_again(version=version, actor=account_of(request)))
    return redirect("registry:draft", version.pk)


@require_POST
@requires(may_submit)
def version_submit(request: HttpRequest, pk: int) -> HttpResponse:
    """Freeze the draft and send it on its way."""
    version = selectors.own_version(pk=pk, user=request.user)
    with errors_as_messages(request):
        ring(services.submit_version(version=version, actor=account_of(request)))
        messages.success(request, _("Submitted. Checks and a trial run come first, then a reviewer looks at it."))
    return _to_version(version)


@require_POST
@requires(may_submit)
def version_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a version back."""
    version = selectors.own_version(pk=pk, user=request.user)
    form = ReasonForm(request.POST)
    with errors_as_messages(request):
        reason = form.cleaned_data["reason"] if form.is_valid() else ""
        ring(services.withdraw_version(version=version, actor=account_of(request), reason=reason))
        messages.success(request, _("Withdrawn. You can reopen it as a draft at any time."))
    return _to_version(version)


@require_POST
@requires(may_submit)
def version_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a version a draft again."""
    version = selectors.own_version(pk=pk, user=request.user)
    with errors_as_messages(request):
        ring(services.reopen_version(version=version, actor=account_of(request)))
    return _to_version(version)


@require_POST
@requires(may_submit)
def version_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Repeat a step that failed for a reason outside the model."""
    version = selectors.version_by_id(pk=pk, user=request.user)
    with errors_as_messages(request):
        ring(services.retry_version(version=version, actor=account_of(request)))
    return _to_version(version)


@require_POST
@requires(may_submit)
def version_retire(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an approved version out of service."""
    version = selectors.version_by_id(pk=pk, user=request.user)
    form = ReasonForm(request.POST)
    with errors_as_messages(request):
        reason = form.cleaned_data["reason"] if form.is_valid() else ""
        ring(services.retire_version(version=version, actor=account_of(request), reason=reason))
    return _to_version(version)


@require_POST
@requires(may_submit)
def draft_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a draft that was never submitted."""
    version = selectors.own_version(pk=pk, user=request.user)
    with errors_as_messages(request):
        services.delete_draft(version=version, actor=account_of(request))
        messages.success(request, _("The draft is deleted."))
        return redirect("registry:my_models")
    return _to_version(version)


def _draft(request: HttpRequest, pk: int) -> ModelVersion:
    return selectors.own_version(pk=pk, user=request.user)


def _files_page(request: HttpRequest, draft: ModelVersion) -> HttpResponse:
    return _step(request, draft, "files", None, {"files": _removable_files(draft), **upload_context(draft)})


def _removable_files(version: ModelVersion) -> list:  # type: ignore[type-arg]  # FileRow
    return file_rows(version, selectors.files_of(version), removable=version.is_editable)


def _progress(version: ModelVersion) -> dict[str, object]:
    job = selectors.open_job(version)
    checks = selectors.current_checks(version)
    note = wait_note(job)
    return {
        "checks": check_rows(checks),
        "note": note,
        "waiting": note is not None and not note.failed,
        "ready": bool(checks) and all(row.verdict != "fail" for row in checks),
        "failed_count": sum(row.verdict == "fail" for row in checks),
        "version": version,
    }


def _examples_text(version: ModelVersion) -> str:
    examples = [
        {"title": e.title, "request": e.request, "expected": e.expected, "tolerance": e.tolerance}
        for e in version.examples.all()
    ]
    if not examples:
        request = example_from_introspection(version.introspection)
        examples = [{"title": _("First example"), "request": request, "expected": {"outputs": []}, "tolerance": 1e-4}]
    return readable_json(examples)


def _to_version(version: ModelVersion) -> HttpResponse:
    version.refresh_from_db()
    if version.state == VersionState.DRAFT:
        return redirect("registry:draft", version.pk)
    model = version.registered_model
    return redirect("registry:version", model.owner.username, model.name, version.number)


def _step(
    request: HttpRequest, draft: ModelVersion, step: str, form: object, extra: dict[str, object] | None = None
) -> HttpResponse:
    if not draft.is_editable:
        return _to_version(draft)
    context = {"version": draft, "registered_model": draft.registered_model, "steps": steps_of(draft, step)}
    return _answer(request, f"registry/draft_{step}.html", form, {**context, **(extra or {})})


def _answer(request: HttpRequest, template: str, form: object, context: dict[str, object]) -> HttpResponse:
    invalid = request.method == "POST"
    context = {"form": form, "nav_section": "submit", "usual": selectors.usual_times(), **context}
    return render(request, template, context, status=400 if invalid else 200)
