"""The commands that containers and service managers start."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.migrations.recorder import MigrationRecorder

from portal import celery
from portal.management.commands import prepare
from portal.programs import web_command, worker_command
from registry.jobs import sweep


@pytest.mark.parametrize(("name", "command"), [("web", web_command()), ("worker", worker_command())])
def test_a_program_takes_the_place_of_its_command(
    name: str, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a signal for the command reaches the program."""
    became: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(os, "execv", lambda program, words: became.append((program, words)))

    call_command(name)

    assert became == [(command[0], command)]


@pytest.mark.django_db(transaction=True)
def test_whoever_prepares_second_waits_for_the_first() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("PostgreSQL only: SQLite lets one write at a time")
    order: list[str] = []
    waits, ends = threading.Event(), threading.Event()

    def second() -> None:
        waits.set()
        with prepare.alone():
            order.append("second")
        connection.close()
        ends.set()

    thread = threading.Thread(target=second)
    with prepare.alone():
        thread.start()
        assert waits.wait(30)
        assert not ends.wait(0.3)
        order.append("first")
    thread.join(30)

    assert order == ["first", "second"]


@pytest.mark.django_db
def test_a_database_that_is_away_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: object, **_options: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(prepare, "call_command", away)

    with pytest.raises(CommandError, match="cannot be used: connection refused"):
        call_command("prepare", verbosity=0)


@pytest.mark.django_db(transaction=True)
def test_who_waits_goes_on_once_the_database_is_prepared(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    applied = MigrationRecorder.Migration.objects
    lacking = applied.get(app="registry", name="0002_rights")
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        """Somebody else is done at the second look."""
        pauses.append(seconds)
        if len(pauses) == 2:
            applied.create(app=lacking.app, name=lacking.name)

    monkeypatch.setattr(time, "sleep", pause)
    lacking.delete()
    try:
        call_command("prepare", "--wait", verbosity=0)
    finally:
        applied.get_or_create(app="registry", name="0002_rights")

    assert pauses == [prepare.PAUSE] * 2
    assert capsys.readouterr().err == "Waiting for the database: migrations are missing.\n"


@pytest.mark.django_db
def test_a_worker_shows_that_it_lives_even_if_its_sweep_fails(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WORKER_PULSE_FILE = str(tmp_path / "pulse")

    failed = threading.Event()

    def fail(*, holder: str, alive: Callable[[], object]) -> tuple[int, ...]:
        (tmp_path / "pulse").unlink()
        alive()
        failed.set()
        raise OperationalError(holder)

    monkeypatch.setattr(sweep, "sweep_once", fail)

    celery.start_sweeping()
    (sweeping,) = [thread for thread in threading.enumerate() if thread.name == "sweep"]
    came = failed.wait(60)
    celery.stop_sweeping()
    sweeping.join(60)
    assert came

    assert not sweeping.is_alive()
    assert (tmp_path / "pulse").exists()
