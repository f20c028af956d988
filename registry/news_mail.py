"""One mail for all news that waits for an account: plain text in its language, with a way to end it."""

from __future__ import annotations

import hashlib
import logging
import smtplib
from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.text import Truncator

from registry.errors import TransientError, UserError
from registry.models import Account, Notification
from registry.news import News, news_rows
from registry.plain_text import one_line
from registry.services.notifying import unsubscribe_token

logger = logging.getLogger(__name__)
SHOWN = 40
COMMENT_LENGTH = 400
PERMANENT = 500


def compose(*, account: Account, address: str, notifications: Sequence[Notification]) -> EmailMessage:
    """The mail, in the account's language. The same notifications give the same Message-ID, however often."""
    concerns = sorted({row.concern for row in notifications})
    token = unsubscribe_token(account=account, concerns=concerns)
    ending = settings.MAIL_ORIGIN + reverse("registry:unsubscribe", args=[token])
    with translation.override(mail_language(account)):
        rows = news_rows(notifications[:SHOWN], reader=account)
        context = {
            "name": one_line(account.get_full_name()),
            "site_name": settings.SITE_NAME,
            "items": [(one_line(row.sentence), one_line(row.about), excerpt(row.comment), link(row)) for row in rows],
            "first": one_line(rows[0].sentence),
            "total": len(notifications),
            "more": len(notifications) - len(rows),
            "inbox_url": settings.MAIL_ORIGIN + reverse("registry:notifications"),
            "settings_url": settings.MAIL_ORIGIN + reverse("registry:notification_settings"),
            "unsubscribe_url": ending,
        }
        subject = one_line(render_to_string("emails/news_subject.txt", context))
        body = render_to_string("emails/news.txt", context)
    return EmailMessage(
        subject=subject,
        body=body,
        to=[address],
        headers={
            "Message-ID": message_id(account, notifications),
            "List-Unsubscribe": f"<{ending}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
        },
    )


def send(letter: EmailMessage) -> None:
    """Hand the mail over. `TransientError` while the server is away, `UserError` if it never takes this address."""
    try:
        letter.send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _said in error.recipients.values()]
        if codes and all(code >= PERMANENT for code in codes):
            raise UserError("mail.address_refused") from error
        raise TransientError("mail.server_away") from error
    except (smtplib.SMTPNotSupportedError, ValueError) as error:
        # An address that mail cannot be written to, or that the server cannot spell.
        raise UserError("mail.address_refused") from error
    except (smtplib.SMTPException, OSError) as error:
        logger.warning("the mail server did not take a mail: %s", type(error).__name__)
        raise TransientError("mail.server_away") from error


def mail_language(account: Account) -> str:
    """The language that the account chose, if the portal still has it; else the portal's own."""
    return account.language if account.language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def message_id(account: Account, notifications: Sequence[Notification]) -> str:
    """A name made of what the mail holds, so that a mail sent twice by a crash is one mail to whoever collects it."""
    ids = ",".join(str(row.pk) for row in notifications)
    digest = hashlib.sha256(f"{account.pk}:{ids}".encode()).hexdigest()[:32]
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(" >") or "localhost"
    return f"<news-{digest}@{domain}>"


def excerpt(text: str) -> list[str]:
    """The beginning of what somebody wrote, line by line."""
    lines = Truncator(text).chars(COMMENT_LENGTH).splitlines()
    return [one_line(line) for line in lines if line.strip()]


def link(row: News) -> str:
    """The full address of what the news is about."""
    return settings.MAIL_ORIGIN + row.path
