"""Brings the database up to date; safe while an older release is at work, and however many do it at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connection

from portal import env
from portal.health import OK, database_state

LOCK = 5_177_226
"""Any number that nothing else in this database locks."""
PAUSE = 2.0
"""Seconds between two looks at a database that somebody else prepares."""


class Command(BaseCommand):
    """Migrations and the cache's table: what has to be done once before a new release starts."""

    help = "Bring the database up to date, before the web servers and workers of a new release start."

    def add_arguments(self, parser: CommandParser) -> None:
        """Command line arguments."""
        parser.add_argument(
            "--wait", action="store_true", help="Change nothing; wait until another process has prepared the database."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Wait for whoever is at it already, then do what is left."""
        del args
        if options["wait"]:
            self._wait()
            return
        try:
            with alone():
                call_command("migrate", verbosity=options["verbosity"], interactive=False)
                call_command("createcachetable", verbosity=options["verbosity"])
        except OperationalError as error:
            where = "DATABASE_URL names" if env.DATABASE_URL else f"lies in {env.DATA_DIR}"
            raise CommandError(f"The database that {where} cannot be used: {error}".strip()) from error

    def _wait(self) -> None:
        """Without end: whoever started this process gives up when it likes, and a database that is away comes back."""
        said = ""
        while (state := database_state()) != OK:
            if state != said:
                self.stderr.write(f"Waiting for the database: {state}.")
                said = state
            connection.close()  # one that broke would never answer again
            time.sleep(PAUSE)


@contextmanager
def alone() -> Iterator[None]:
    """On PostgreSQL one at a time; the lock ends with the connection. SQLite lets one write at a time anyway."""
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
