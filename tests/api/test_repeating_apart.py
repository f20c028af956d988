"""Idempotency keys where the work speaks to others: no transaction waits, changes stay, and nothing is done twice."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from registry.models import Account, IdempotencyKey, Job, ModelVersion, Upload
from registry.services import idempotency as keys
from tests.api.client import ApiClient, client_of
from tests.factories import make_account, make_draft, make_model

TALK = "models/ada/iris/discussion/"


class Bucket:
    """Direct uploads of a storage in memory, which notes every call and whether a transaction was open meanwhile."""

    part_bytes = 1 << 20
    joined_bytes = 100

    def __init__(self) -> None:
        self.calls: list[tuple[str, bool]] = []

    def _note(self, call: str) -> None:
        self.calls.append((call, connection.in_atomic_block))

    def begin(self, _name: str) -> str:
        self._note("begin")
        return "session"

    def address(self, name: str, _session: str, number: int, _length: int) -> str:
        self._note("address")
        return f"https://bucket.example/{name}/{number}"

    def arrived(self, _name: str, _session: str) -> dict[int, int]:
        self._note("arrived")
        return {1: 100}

    def complete(self, _name: str, _session: str) -> int:
        self._note("complete")
        return self.joined_bytes

    def discard(self, _name: str, _session: str) -> None:
        self._note("discard")


def given_bucket(*, bucket: Bucket, store: object) -> Bucket:
    """As settings name a backend."""
    del store
    return bucket


@pytest.fixture
def bucket(settings: Any) -> Bucket:
    made = Bucket()
    entry = {"class": f"{__name__}.given_bucket", "options": {"bucket": made}}
    settings.BACKENDS = {**settings.BACKENDS, "direct_uploads": entry}
    return made


@pytest.fixture
def draft(ada: Account) -> ModelVersion:
    return make_draft(make_model(ada, "iris"), files={})


def key(name: str, *, given: bool = True) -> dict[str, str]:
    return {"Idempotency_Key": name} if given else {}


def begun(api: ApiClient, draft: ModelVersion, *, with_key: bool = True) -> str:
    body = {"path": "model.json", "length": 100}
    answer = api.post(f"versions/{draft.pk}/direct-uploads/", body, **key("begin", given=with_key))
    assert answer.status_code == 201, answer.content
    return str(answer.json()["upload"]["id"])


def grow_old() -> None:
    IdempotencyKey.objects.update(claimed_at=timezone.now() - timedelta(minutes=2))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("with_key", [False, True])
def test_a_change_before_a_refusal_stays_and_nobody_waits(
    bucket: Bucket, draft: ModelVersion, *, with_key: bool
) -> None:
    api = client_of(draft.registered_model.owner)
    upload = begun(api, draft, with_key=with_key)
    assert api.post(f"uploads/{upload}/parts/", {"parts": [1]}, **key("sign", given=with_key)).status_code == 200
    bucket.joined_bytes = 99

    codes = [
        api.post(f"uploads/{upload}/completion/", {}, **key("end", given=with_key)).json()["code"] for _ in range(2)
    ]

    assert codes == ["upload.direct_size", "upload.unknown"]
    assert not Upload.objects.exists()
    assert bucket.calls == [(call, False) for call in ("begin", "address", "arrived", "complete", "discard")]


@pytest.mark.django_db(transaction=True)
def test_nobody_waits_while_words_are_rendered(ada: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[bool] = []
    run = subprocess.run

    def noting(*args: Any, **options: Any) -> Any:
        waited.append(connection.in_atomic_block)
        return run(*args, **options)

    version = make_draft(
        make_model(ada, "iris"), files={}, examples=(), state="in_review", revision=1,
        content_digest=f"sha256:{'1' * 64}", image_digest=f"sha256:{'2' * 64}", submitted_at=timezone.now(),
    )  # fmt: skip
    rita = client_of(make_account("rita", groups=["reviewers"]))
    seen = {"content_digest": version.content_digest, "image_digest": version.image_digest}
    monkeypatch.setattr("registry.cards.subprocess.run", noting)

    def say(path: str, **body: Any) -> Any:
        answer = rita.post(path, body, **key(path))
        assert answer.status_code == 201, answer.content
        return answer.json()

    topic = say(TALK, text="A topic")
    say(f"{topic['url']}answers/", text="An answer")
    thread = say(f"versions/{version.pk}/threads/", body="A line", line=1, content_digest=version.content_digest)
    say(f"threads/{thread['id']}/comments/", body="A reply")
    say(f"versions/{version.pk}/reviews/", decision="comment", comment="A review", **seen)

    assert waited == [False] * 5


@pytest.mark.django_db
class TestDeaths:
    @pytest.fixture
    def dying(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        """Processes die after the work, before its answer is kept."""

        def die(**_given: Any) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("registry.api.idempotency.keep_answer", die)
        return monkeypatch

    def test_what_may_not_happen_twice_is_left_to_whoever_asks(self, api: ApiClient, ada: Account, dying: Any) -> None:
        make_draft(make_model(ada, "iris"), files={}, examples=(), state="approved", revision=1)
        with pytest.raises(KeyboardInterrupt):
            api.post(TALK, {"text": "Once"}, **key("k"))
        dying.undo()

        early = api.post(TALK, {"text": "Once"}, **key("k"))
        grow_old()
        late = [api.post(TALK, {"text": "Once"}, **key("k")) for _ in range(2)]
        other = api.post(TALK, {"text": "Twice"}, **key("k"))

        assert early.json()["code"] == "api.key_busy"
        assert [(answer.status_code, answer.json()["code"]) for answer in late] == [(409, "api.key_end_unknown")] * 2
        assert other.json()["code"] == "api.key_reused"
        assert [topic["text"] for topic in api.get(TALK).json()["items"]] == ["Once"]

    def test_a_slow_one_s_answer_is_replayed_after_all(self, api: ApiClient, ada: Account) -> None:
        make_draft(make_model(ada, "iris"), files={}, examples=(), state="approved", revision=1)
        first = api.post(TALK, {"text": "Once"}, **key("k"))
        IdempotencyKey.objects.update(status=None)
        grow_old()
        assert api.post(TALK, {"text": "Once"}, **key("k")).json()["code"] == "api.key_end_unknown"

        row = IdempotencyKey.objects.get()
        claim = keys.Claim(row_id=row.pk, claimed_at=row.claimed_at)
        keys.keep_answer(claim=claim, status=201, body=first.json(), headers={})

        again = api.post(TALK, {"text": "Once"}, **key("k"))
        assert (again.json(), again["Idempotent-Replayed"]) == (first.json(), "true")

    def test_what_may_be_repeated_is_repeated(self, bucket: Bucket, draft: ModelVersion, dying: Any) -> None:
        api = client_of(draft.registered_model.owner)
        upload = begun(api, draft, with_key=False)
        path = f"uploads/{upload}/completion/"
        with pytest.raises(KeyboardInterrupt):
            api.post(path, {}, **key("k"))
        dying.undo()
        grow_old()

        second, third = (api.post(path, {}, **key("k")) for _ in range(2))

        assert (second.status_code, third.status_code) == (202, 202)
        assert (second.json(), third["Idempotent-Replayed"]) == (third.json(), "true")
        assert [call for call, _ in bucket.calls].count("complete") == 1
        assert Job.objects.count() == 1


@pytest.mark.django_db
def test_a_refused_beginning_lets_the_key_go(bucket: Bucket, draft: ModelVersion) -> None:
    path = f"versions/{draft.pk}/direct-uploads/"
    api = client_of(draft.registered_model.owner)
    assert api.post(path, {"path": "model.json", "length": 0}, **key("k")).status_code == 400
    assert not IdempotencyKey.objects.exists()

    first, second = (api.post(path, {"path": "model.json", "length": 100}, **key("k")) for _ in range(2))
    assert (first.json(), second["Idempotent-Replayed"]) == (second.json(), "true")
    assert [call for call, _ in bucket.calls] == ["begin"]
    assert Upload.objects.count() == 1
