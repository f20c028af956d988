"""The doorbell of one machine: a transport over a SQLite file. Celery imports it where a bell is rung or heard.

Most processes do neither, and SQLAlchemy is a third of what it takes to start one.
"""

from __future__ import annotations

from typing import Any

from kombu.transport import sqlalchemy
from sqlalchemy.exc import OperationalError


class Channel(sqlalchemy.Channel):
    """Forgets what was heard. The transport only hides it, and would read past all of it at every look."""

    def _get(self, queue: str) -> Any:  # type: ignore[override]  # as this transport's own channel has it
        found = super()._get(queue)
        try:
            heard = self.session.query(self.message_cls).filter(self.message_cls.visible.is_(False))
            heard.delete(synchronize_session=False)
            self.session.commit()
        except OperationalError:  # somebody writes for long; the next one that is heard takes this one along
            self.session.rollback()
        return found


class Transport(sqlalchemy.Transport):
    """As Celery knows it, by the channel above."""

    Channel = Channel
    # The transport hands every option on to its engine, so its own polling period can only be set here.
    polling_interval = 0.1
