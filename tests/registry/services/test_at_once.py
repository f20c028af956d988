"""Two people, or two processes, at the same moment; on SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest

from registry import services
from registry.artifacts.content import content_digest
from registry.errors import PortalError
from registry.models import (
    Account,
    Event,
    Example,
    Job,
    ModelVersion,
    RegisteredModel,
    Review,
    ReviewClaim,
    ReviewThread,
    Upload,
    VersionFile,
    VersionState,
    ViewedFile,
)
from registry.services.uploads import Chunk, create_upload, receive_chunk
from registry.uploads.receiving import filled_by
from tests.at_once import at_once
from tests.factories import CONFIRMED, IRIS, make_account, make_draft, make_model
from tests.registry.scene import checked, fresh, in_review, in_state, log_of, make_reviewer, owner_of, say

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("fakes")]


def codes(outcomes: Sequence[object]) -> list[str]:
    """The code of each refusal and the type of everything else, in order of the alphabet."""
    return sorted(found.code if isinstance(found, PortalError) else type(found).__name__ for found in outcomes)


def test_two_reviewers_approve() -> None:
    """Twenty times one approval and exactly one move."""
    rita, ruth = make_reviewer(), make_reviewer()
    for number in range(20):
        version = in_review()

        outcomes = at_once(partial(say, version, rita, "approve"), partial(say, version, ruth, "approve"))

        assert codes(outcomes) == ["review.not_in_review", "tuple"], number
        assert Review.objects.filter(version=version, decision="approve").count() == 1
        assert [tag for tag, _ in log_of(version)].count("version:approved") == 1
        assert fresh(version).state == VersionState.APPROVED
    assert Job.objects.filter(kind="build_image").count() == 20


def test_one_reviewer_approves_twice() -> None:
    version, rita = in_review(), make_reviewer()

    outcomes = at_once(*[partial(say, version, rita, "approve")] * 3)

    assert codes(outcomes) == ["review.not_in_review", "review.not_in_review", "tuple"]
    assert Review.objects.count() == 1


def test_two_approvals_where_two_are_needed(settings: Any) -> None:
    settings.REQUIRED_APPROVALS = 2
    for _ in range(5):
        version = in_review()

        outcomes = at_once(*[partial(say, version, make_reviewer(), "approve") for _ in range(2)])

        assert codes(outcomes) == ["tuple", "tuple"]
        assert fresh(version).state == VersionState.APPROVED
        assert [tag for tag, _ in log_of(version)].count("version:approved") == 1


def test_an_approval_and_a_withdrawal() -> None:
    rita = make_reviewer()
    for _ in range(5):
        version = in_review()
        withdraw = partial(services.withdraw_version, version=version, actor=owner_of(version))

        outcomes = at_once(partial(say, version, rita, "approve"), withdraw)

        assert codes(outcomes)[1] == "tuple"
        assert codes(outcomes)[0] in {"review.not_in_review", "lifecycle.moved_first"}
        approved = fresh(version).state == VersionState.APPROVED
        assert Review.objects.filter(version=version).exists() == approved
        assert Job.objects.filter(kind="build_image").count() == Event.objects.filter(tag="version:approved").count()


def test_an_approval_and_a_rejection() -> None:
    version = in_review()

    outcomes = at_once(
        partial(say, version, make_reviewer(), "approve"), partial(say, version, make_reviewer(), "reject", "No.")
    )

    assert codes(outcomes) == ["review.not_in_review", "tuple"]
    assert Review.objects.count() == 1


def test_submitting_twice() -> None:
    for _ in range(5):
        draft = checked()
        submit = partial(services.submit_version, version=draft, actor=owner_of(draft), confirmed=CONFIRMED)

        assert codes(at_once(submit, submit)) == ["tuple", "version.frozen"]
        assert (fresh(draft).revision, len(log_of(draft))) == (1, 1)


def test_submitting_while_another_tab_saves() -> None:
    """Whichever comes first, what is frozen is what the digest names."""
    for _ in range(10):
        draft = checked()
        owner = owner_of(draft)

        outcomes = at_once(
            partial(services.submit_version, version=draft, actor=owner, confirmed=CONFIRMED),
            partial(services.update_draft, version=draft, actor=owner, memory_bytes=1 << 28),
        )

        found = fresh(draft)
        assert codes(outcomes) in (["submit.checks_pending", "tuple"], ["tuple", "version.frozen"])
        if found.state == VersionState.SUBMITTED:
            assert found.content_digest == content_digest(found)
        else:
            assert found.memory_bytes == 1 << 28


def test_opening_and_reopening_leave_one_draft() -> None:
    for _ in range(5):
        version = in_state(VersionState.WITHDRAWN)
        model, owner = version.registered_model, owner_of(version)
        start = partial(services.start_version, registered_model=model, actor=owner)

        outcomes = at_once(start, start, partial(services.reopen_version, version=version, actor=owner))

        assert model.versions.filter(state=VersionState.DRAFT).count() == 1
        assert set(codes(outcomes)) <= {"ModelVersion", "tuple", "version.other_draft"}
        assert set(model.versions.values_list("number", flat=True)) in ({1}, {1, 2})


def test_registering_one_name_twice() -> None:
    vera = make_account()
    register = partial(services.register_model, actor=vera, name="same")

    assert codes(at_once(register, register, register)) == ["ModelVersion", "model.name_taken", "model.name_taken"]
    assert (RegisteredModel.objects.count(), ModelVersion.objects.count(), Event.objects.count()) == (1, 1, 1)


def test_two_tabs_save_examples_and_a_file() -> None:
    draft = make_draft(files={})
    owner = owner_of(draft)
    examples = partial(services.set_examples, version=draft, actor=owner, examples=[IRIS, IRIS])
    attach = partial(services.attach_file, version=draft, actor=owner, path="a.txt", sha256="a" * 64, size=1)

    outcomes = at_once(examples, examples, attach, attach)

    assert codes(outcomes) == ["tuple"] * 4
    assert (Example.objects.count(), VersionFile.objects.count(), Job.objects.count()) == (2, 1, 1)


def test_case_twins_at_once() -> None:
    draft = make_draft(files={})

    def attach(path: str) -> object:
        return services.attach_file(version=draft, actor=owner_of(draft), path=path, sha256="a" * 64, size=1)

    assert codes(at_once(partial(attach, "Model.txt"), partial(attach, "model.txt"))) == ["file.case_twin", "tuple"]


def upload_of(draft: ModelVersion, owner: Account, data: bytes) -> tuple[Upload, Chunk]:
    upload = create_upload(actor=owner, version_id=draft.pk, path="late.txt", length=len(data))
    pieces = iter([data])
    return upload, Chunk(offset=0, length=len(data), fill=filled_by(lambda _size: next(pieces, b"")))


def test_deleting_a_draft_while_its_last_byte_comes() -> None:
    """Whichever comes first: no file without a version, no upload that counts against the quota, no error of ours."""
    owner = make_account()
    for _ in range(10):
        draft = make_draft(make_model(owner, "gone"), files={})
        upload, chunk = upload_of(draft, owner, b"data")

        deleted, received = at_once(
            partial(services.delete_draft, version=draft, actor=owner),
            partial(receive_chunk, upload=upload, chunk=chunk),
        )

        assert deleted is None
        assert not isinstance(received, Exception) or codes([received]) in (["upload.unknown"], ["version.unknown"])
        assert not VersionFile.objects.exists()
        assert not Upload.objects.exists()
        assert not RegisteredModel.objects.exists()


def test_submitting_while_the_last_byte_comes() -> None:
    """The file is either part of what was frozen, or refused."""
    for _ in range(5):
        draft = checked()
        owner = owner_of(draft)
        upload, chunk = upload_of(draft, owner, b"some text")

        submitted, received = at_once(
            partial(services.submit_version, version=draft, actor=owner, confirmed=CONFIRMED),
            partial(receive_chunk, upload=upload, chunk=chunk),
        )

        found = fresh(draft)
        if isinstance(submitted, Exception):
            assert codes([submitted]) == ["submit.checks_pending"]
            assert found.files.filter(path="late.txt").exists()
        else:
            assert codes([received]) == ["version.frozen"]
            assert found.content_digest == content_digest(found)


def test_two_reviewers_claim() -> None:
    """One of them hears of the other; taking over at the same moment leaves one claim."""
    rita, ruth = make_reviewer(), make_reviewer()
    for _ in range(5):
        version = in_review()
        claims = [partial(services.claim_version, version=version, actor=who) for who in (rita, ruth)]

        outcomes = at_once(*claims)

        assert codes(outcomes) == ["ReviewClaim", "claim.held"]
        assert [tag for tag, _ in log_of(version)].count("review:claimed") == 1
        at_once(*[partial(claim, take_over=True) for claim in claims])
        assert ReviewClaim.objects.filter(version=version).count() == 1


def test_a_comment_on_a_line_and_a_decision() -> None:
    """Whichever comes first: no thread about what was decided already, and none is lost."""
    for _ in range(5):
        version, rita, ruth = in_review(), make_reviewer(), make_reviewer()
        digest = version.content_digest

        outcomes = at_once(
            partial(
                services.post_line_comment, version=version, author=rita, body="Why?", content_digest=digest, line=1
            ),
            partial(say, version, ruth, "request_changes", "See the line."),
        )

        assert codes(outcomes) in (["ReviewThread", "tuple"], ["review.not_in_review", "tuple"])
        assert ReviewThread.objects.filter(version=version).count() == codes(outcomes).count("ReviewThread")


def test_two_settle_one_thread_and_tick_one_file() -> None:
    version, rita = in_review(), make_reviewer()
    thread = services.post_line_comment(
        version=version, author=rita, body="Why?", content_digest=version.content_digest, line=1
    )
    file = version.files.get()
    tick = partial(
        services.mark_file_viewed,
        version=version,
        reviewer=rita,
        path=file.path,
        sha256=file.blob_id,
        viewed=True,
    )

    settled = at_once(*[partial(services.resolve_thread, thread=thread, actor=rita)] * 2)

    assert codes([*settled, *at_once(tick, tick)]) == ["NoneType"] * 4
    assert [tag for tag, _ in log_of(version)].count("review:thread_resolved") == 1
    assert ViewedFile.objects.count() == 1
