"""The demonstration: four accounts, and the first models on their way through the real pipeline."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any

from django.contrib.auth.models import Group
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from registry import selectors, services
from registry.backends import serving_directory
from registry.checklist import CHECKLIST
from registry.confirmations import CONFIRMATIONS
from registry.errors import OperatorError, PortalError
from registry.examples import ExampleInput
from registry.interfaces import Verdict
from registry.models import Account, Decision, JobState, ModelVersion, RegisteredModel, VersionState
from registry.permissions import ADMINISTRATORS, OPERATORS, REVIEWERS
from registry.seeding.loader import SeedModel
from registry.tasks import ring

logger = logging.getLogger(__name__)
REVIEWER = "reviewer"
DEMO_ACCOUNTS = {
    "volunteer": ("Volunteer", None),
    REVIEWER: ("Reviewer", REVIEWERS),
    "operator": ("Operator", OPERATORS),
    "administrator": ("Administrator", ADMINISTRATORS),
}
POLL_SECONDS = 1.0
STEP_TIMEOUT_SECONDS = 1800.0


def new_password() -> str:
    """A password for the demonstration that people can type."""
    return "-".join(secrets.token_hex(2) for _part in range(4))


@transaction.atomic
def ensure_demo_accounts(*, password: str) -> list[str]:
    """Create the four accounts, one per right, with this password; returns the names of new ones."""
    created = []
    for username, (display_name, group) in DEMO_ACCOUNTS.items():
        account, is_new = Account.objects.get_or_create(username=username, defaults={"display_name": display_name})
        if not is_new:
            continue
        account.set_password(password)
        account.save(update_fields=["password"])
        if group:
            account.groups.add(Group.objects.get(name=group))
        created.append(username)
    return created


def bring_in(seeds: Iterable[SeedModel], *, say: Callable[[str], object]) -> None:
    """Take each model from upload to live, as its owner and the reviewer would; what is done already is left alone."""
    pending = {f"{seed.owner}/{seed.name}": seed for seed in seeds}
    started = time.monotonic()
    while pending:
        if time.monotonic() - started > STEP_TIMEOUT_SECONDS:
            raise OperatorError("seeding.timeout", names=", ".join(sorted(pending)))
        for title, seed in list(pending.items()):
            try:
                outcome = _advance(seed)
                if outcome:
                    say(f"{title}: {outcome}")
                    del pending[title]
            except PortalError:
                logger.exception("seeding of %s stopped", title)
                del pending[title]
        time.sleep(POLL_SECONDS)


def _advance(seed: SeedModel) -> str:
    """Do the next step that is possible now; returns how the model ended once it did, and "" before."""
    version = _version_of(seed) or _draft(seed)
    if version.state == VersionState.DRAFT:
        _submit_when_checked(version)
    elif version.state == VersionState.IN_REVIEW:
        _approve(version)
    elif version.state == VersionState.APPROVED:
        live = serving_directory().live_version(version.registered_model_id)
        return "live" if live is not None and live.live else ""
    elif version.state != VersionState.SUBMITTED:
        return str(version.state)
    else:
        _stop_if_stuck(version)
    return ""


def _version_of(seed: SeedModel) -> ModelVersion | None:
    versions = ModelVersion.objects.filter(
        registered_model__owner__username=seed.owner, registered_model__name=seed.name
    )
    return versions.select_related("registered_model__owner").order_by("-number").first()


def _draft(seed: SeedModel) -> ModelVersion:
    owner, is_new = Account.objects.get_or_create(username=seed.owner, defaults={"display_name": _title(seed.owner)})
    if is_new:
        owner.set_unusable_password()
        owner.save(update_fields=["password"])
    RegisteredModel.objects.filter(owner=owner, name=seed.name, versions=None).delete()
    draft = services.register_model(actor=owner, name=seed.name, summary=seed.summary, task=seed.task)
    for file in seed.files:
        with file.source.open("rb") as source:
            uploaded = UploadedFile(source, name=file.path, size=file.size)
            services.store_form_file(version=draft, actor=owner, path=file.path, uploaded_file=uploaded)
    examples = [
        ExampleInput(title=e.title, request=e.request, expected=e.expected, tolerance=e.tolerance)
        for e in seed.examples
    ]
    services.set_examples(version=draft, actor=owner, examples=examples)
    changes: dict[str, Any] = {"card_source": seed.card, "licence": seed.licence}
    changes |= {"cpu_millis": seed.cpu_millis, "memory_bytes": seed.memory_bytes}
    ring(services.update_draft(version=draft, actor=owner, **changes))
    draft.refresh_from_db()
    return draft


def _submit_when_checked(version: ModelVersion) -> None:
    _stop_if_stuck(version)
    checks = selectors.current_checks(version)
    if not checks or selectors.open_job(version) is not None:
        return
    failed = [check for check in checks if check.verdict == Verdict.FAIL]
    if failed:
        raise OperatorError("seeding.check_failed", check=failed[0].name, verdict=failed[0].code)
    ring(services.submit_version(version=version, actor=version.registered_model.owner, confirmed=CONFIRMATIONS))


def _approve(version: ModelVersion) -> None:
    reviewer = Account.objects.get(username=REVIEWER)
    ring(
        services.state_review(
            version=version,
            reviewer=reviewer,
            decision=Decision.APPROVE,
            comment="The platform's own first trial: card, figures and examples are as the training run wrote them.",
            content_digest=version.content_digest,
            image_digest=version.image_digest,
            checklist=tuple(CHECKLIST),
        )
    )


def _stop_if_stuck(version: ModelVersion) -> None:
    job = selectors.open_job(version)
    if job is not None and job.state == JobState.FAILED:
        raise OperatorError(job.last_error, **job.last_error_params)


def _title(username: str) -> str:
    return username.replace("-", " ").capitalize()
