"""Events become notifications and mail: none lost, none twice, whatever dies or stays away."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail as outbox
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connection, transaction
from django.utils import timezone

from registry import services
from registry.events import record_event
from registry.jobs import runner
from registry.jobs.queue import Claim, claim
from registry.models import Account, Concern, Event, Job, Notification, UntoldEvent
from registry.news_jobs import MAILING, mail_news, queue_mail, queue_telling
from registry.news_jobs import tell as tell_job
from registry.selectors import concerns, notifications
from registry.selectors.notifications import mail_address
from registry.services.notifying import tell_concerned
from tests.at_once import at_once
from tests.factories import make_account
from tests.registry.community.telling import bare_version, happened, mail, tell, told
from tests.registry.jobs.conftest import DEADLINE, Clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(timezone, "now", made)
    return made


class AwayBackend(BaseEmailBackend):
    """A mail server that does not answer."""

    def send_messages(self, _messages: Any) -> int:
        raise ConnectionRefusedError


class RefusingBackend(BaseEmailBackend):
    """A mail server that knows no such person."""

    def send_messages(self, messages: Any) -> int:
        raise smtplib.SMTPRecipientsRefused({messages[0].to[0]: (550, b"no such user")})


class WrongBackend(BaseEmailBackend):
    """A mail server that cannot spell the address."""

    def send_messages(self, _messages: Any) -> int:
        raise smtplib.SMTPNotSupportedError


AWAY, REFUSING, WRONG = (f"{__name__}.{cls.__name__}" for cls in (AwayBackend, RefusingBackend, WrongBackend))


def news(owner: Account, *tags: str) -> list[Event]:
    version = bare_version(owner)
    return [happened(tag, version) for tag in tags]


class TestTelling:
    def test_a_change_that_is_undone_tells_nobody(self, vera: Account) -> None:
        version = bare_version(vera)
        with transaction.atomic():
            happened("version:approved", version)
            transaction.set_rollback(True)

        assert (queue_telling(), UntoldEvent.objects.count()) == ((), 0)

    def test_an_event_told_twice_is_one_notification(self, vera: Account) -> None:
        (event,) = news(vera, "version:approved")
        tell_concerned(event_id=event.pk)
        UntoldEvent.objects.create(event=event)
        tell_concerned(event_id=event.pk)

        assert Notification.objects.count() == 1

    def test_one_event_that_cannot_be_told_keeps_no_other_waiting(
        self, vera: Account, caplog: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(_event: Event) -> list[int | None]:
            raise ValueError("a fault of ours")

        monkeypatch.setitem(concerns.CIRCLES, "version:withdrawn", ((Concern.OWN, broken),))
        news(vera, "version:withdrawn", "version:approved")
        for _round in range(6):
            tell()

        assert told() == {"vera": ["version:approved own"]}
        assert UntoldEvent.objects.get().failures == 5
        assert queue_telling() == ()
        assert "nobody could be told of event" in caplog.text

    def test_a_worker_that_lost_the_job_tells_nobody(self, vera: Account) -> None:
        news(vera, "version:approved")
        (job_id,) = queue_telling()
        stale = claim(job_id=job_id, deadline=DEADLINE)
        assert stale is not None
        Job.objects.filter(pk=job_id).update(attempt=stale.attempt + 1)

        with pytest.raises(Exception, match="attempt"):
            tell_job(stale)
        assert told() == {}


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_two_events_at_once_are_both_told(self, vera: Account) -> None:
        version = bare_version(vera)

        def act(tag: str) -> Callable[[], Event]:
            return lambda: record_event(tag=tag, subject=f"version:{version.pk}", actor=None, version=version)

        outcomes = at_once(act("version:approved"), act("rollout:ready"))
        tell()

        assert all(isinstance(outcome, Event) for outcome in outcomes)
        assert sorted(told()["vera"]) == ["rollout:ready own", "version:approved own"]

    def test_two_workers_at_one_event_tell_once(self, vera: Account) -> None:
        (event,) = news(vera, "version:approved")

        def act() -> int:
            with transaction.atomic():
                return tell_concerned(event_id=event.pk)

        at_once(act, act)

        assert told() == {"vera": ["version:approved own"]}
        assert UntoldEvent.objects.count() == 0

    def test_one_mail_job_run_by_two_workers_sends_one_mail(self, vera: Account) -> None:
        news(vera, "version:approved")
        tell()
        (job_id,) = queue_mail()

        at_once(*[lambda: runner.run_job(job_id=job_id)] * 2)
        connection.close()

        assert len(outbox.outbox) == 1


class TestMail:
    def test_many_pieces_of_news_are_one_mail_that_can_be_ended(self, vera: Account) -> None:
        news(vera, *["version:approved", "rollout:ready"] * 25)
        tell()
        mail()

        (letter,) = outbox.outbox
        assert letter.to == ["vera@example.org"]
        assert letter.subject == "[Model Commons] 50 pieces of news for you"
        assert str(letter.body).count("The portal approved version 1") == 20
        assert "10 more are in your inbox." in letter.body
        headers = message_from_bytes(letter.message().as_bytes())
        assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        address = headers["List-Unsubscribe"].strip().strip("<>")
        assert address.startswith("http://127.0.0.1:8000/notifications/unsubscribe/")
        assert address in letter.body
        assert headers["Auto-Submitted"] == "auto-generated"
        assert Notification.objects.filter(mail_due=True).count() == 0

    def test_the_same_news_is_not_mailed_twice(self, vera: Account) -> None:
        news(vera, "version:approved")
        tell()
        (job_id,) = queue_mail()
        runner.run_job(job_id=job_id)
        Job.objects.filter(pk=job_id).update(state="queued")
        runner.run_job(job_id=job_id)
        mail()

        assert len(outbox.outbox) == 1

    def test_more_news_waits_for_the_pause_and_then_comes_together(self, vera: Account, clock: Clock) -> None:
        version = bare_version(vera)
        happened("version:approved", version)
        tell()
        mail()
        for _each in range(30):
            happened("rollout:ready", version)
        tell()
        clock.advance(minutes=14)
        mail()
        assert len(outbox.outbox) == 1
        clock.advance(minutes=2)
        mail()

        assert [letter.subject for letter in outbox.outbox][1:] == ["[Model Commons] 30 pieces of news for you"]

    def test_news_is_collected_before_the_first_mail(self, vera: Account, clock: Clock, settings: Any) -> None:
        settings.NOTIFICATION_MAIL_DELAY_SECONDS = 120
        news(vera, "version:approved")
        tell()
        assert queue_mail() == ()
        clock.advance(minutes=3)

        assert len(queue_mail()) == 1

    def test_once_a_day_is_once_a_day(self, vera: Account, clock: Clock) -> None:
        services.set_mail_pace(account=vera, daily=True)
        version = bare_version(vera)
        for _each in range(2):
            happened("version:approved", version)
            tell()
            mail()
            clock.advance(hours=23)
        assert len(outbox.outbox) == 1
        clock.advance(hours=2)
        mail()

        assert len(outbox.outbox) == 2

    def test_who_wants_one_mail_a_day_keeps_nobody_waiting(
        self, vera: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(notifications, "ACCOUNTS_AT_ONCE", 1)
        daily = make_account(daily_mail=True, email="daily@example.org")
        version = bare_version(daily)
        happened("version:approved", version)
        tell()
        mail()
        happened("version:approved", version)
        happened("version:approved", bare_version(vera))
        tell()
        mail()

        assert [letter.to[0] for letter in outbox.outbox] == ["daily@example.org", "vera@example.org"]

    def test_a_server_that_is_away_delays_and_loses_nothing(self, vera: Account, settings: Any, clock: Clock) -> None:
        working, settings.EMAIL_BACKEND = settings.EMAIL_BACKEND, AWAY
        news(vera, "version:approved")
        tell()
        for _attempt in range(20):
            for job_id in queue_mail() or Job.objects.filter(kind=MAILING).values_list("pk", flat=True):
                runner.run_job(job_id=job_id)
            clock.advance(minutes=6)
        job = Job.objects.get(kind=MAILING)
        assert (job.state, job.last_error, job.failures) == ("queued", "mail.server_away", 20)

        settings.EMAIL_BACKEND = working
        runner.run_job(job_id=job.pk)
        assert [letter.to for letter in outbox.outbox] == [["vera@example.org"]]

    def test_a_mail_job_that_was_given_up_is_taken_up_again(self, vera: Account, clock: Clock) -> None:
        news(vera, "version:approved")
        tell()
        (job_id,) = queue_mail()
        Job.objects.filter(pk=job_id).update(state="failed", finished_at=timezone.now())
        assert queue_mail() == ()
        clock.advance(hours=2)
        mail()

        assert len(outbox.outbox) == 1

    @pytest.mark.parametrize("backend", [REFUSING, WRONG])
    def test_an_address_that_the_server_refuses_ends_the_mail_and_not_the_inbox(
        self, backend: str, vera: Account, settings: Any
    ) -> None:
        settings.EMAIL_BACKEND = backend
        news(vera, "version:approved")
        tell()
        mail()

        assert Job.objects.get(kind=MAILING).state == "succeeded"
        assert Notification.objects.filter(account=vera, in_inbox=True, mail_due=False).count() == 1

    def test_what_was_read_is_not_mailed(self, vera: Account) -> None:
        news(vera, "version:approved")
        tell()
        services.mark_read(account=vera)
        mail()

        assert outbox.outbox == []

    def test_a_worker_that_lost_the_job_sends_nothing(self, vera: Account) -> None:
        news(vera, "version:approved")
        tell()
        (job_id,) = queue_mail()
        late = Claim(job_id=job_id, attempt=0, kind=MAILING, subject_id=vera.pk)

        with pytest.raises(Exception, match="attempt 0"):
            mail_news(late)
        assert outbox.outbox == []

    def test_it_is_in_the_readers_language(self, vera: Account) -> None:
        Account.objects.filter(pk=vera.pk).update(language="xx")
        news(vera, "version:approved")
        tell()
        mail()

        assert "Hello Vera V.," in outbox.outbox[0].body

    def test_what_people_typed_stays_text(self, vera: Account, rita: Account) -> None:
        Account.objects.filter(pk=rita.pk).update(display_name="Rita\u202e\r\nBcc: all@example.org")
        happened(
            "review:comment", bare_version(vera), actor=Account.objects.get(pk=rita.pk),
            reason="<b>Look</b>\n\n{% now %}\u202e at & this",
        )  # fmt: skip
        tell()
        mail()

        (letter,) = outbox.outbox
        assert letter.subject == "[Model Commons] Rita Bcc: all@example.org commented on version 1"
        assert letter.message()["Bcc"] is None
        assert "  > <b>Look</b>\n  > {% now %} at & this\n" in letter.body


class TestAddress:
    @pytest.mark.parametrize(
        ("verification", "rows", "expected"),
        [
            ("optional", [], "vera@example.org"),
            ("mandatory", [], ""),
            ("mandatory", [("new@example.org", False, True)], ""),
            ("mandatory", [("new@example.org", False, True), ("old@example.org", True, False)], "old@example.org"),
            ("optional", [("b@example.org", True, False), ("a@example.org", True, True)], "a@example.org"),
        ],
    )
    def test_only_confirmed_addresses_where_that_is_asked(
        self, verification: str, rows: list[tuple[str, bool, bool]], expected: str, vera: Account, settings: Any
    ) -> None:
        settings.ACCOUNT_EMAIL_VERIFICATION = verification
        for email, verified, primary in rows:
            EmailAddress.objects.create(user=vera, email=email, verified=verified, primary=primary)

        assert mail_address(vera) == expected

    def test_without_one_nothing_waits_for_ever(self, vera: Account) -> None:
        Account.objects.filter(pk=vera.pk).update(email="")
        news(vera, "version:approved")
        tell()
        mail()

        assert outbox.outbox == []
        assert Notification.objects.filter(mail_due=True).count() == 0
        assert timezone.now() - Notification.objects.get().created_at < timedelta(minutes=1)
