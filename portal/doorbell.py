"""The doorbell of one machine: a transport over a SQLite file. Celery imports it where a bell is rung or heard.

Most processes do neither, and SQLAlchemy is a third of what it takes to start one.
"""

from __future__ import annotations

from kombu.transport.sqlalchemy import Transport

__all__ = ["Transport"]

# The transport hands every option on to its engine, so its own polling period can only be set here.
Transport.polling_interval = 0.1
