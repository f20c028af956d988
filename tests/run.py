"""Runs the suite twice: what asks the database on PostgreSQL, then everything but the widest tables on SQLite.

`python -m tests.run [pytest arguments]`. The SQLite run comes last so that the last line is the whole suite's summary;
it does not begin if PostgreSQL found a fault, so that no green line ever ends a red run.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests import postgres

ROOT = Path(__file__).resolve().parent.parent
NO_TESTS = 5  # pytest's status when the arguments leave nothing to run
PROCESSES = "3"  # two wait for browsers and model servers, and leave a quarter of two cores idle
# Deselected on SQLite in any case; but its cases are made while tests are collected, in each process.
NOT_ON_SQLITE = "tests/api/test_schemathesis.py"
# Bytecode is kept: the tests start hundreds of processes, and each would compile the portal anew.
_FOREIGN = ("MODEL_COMMONS_", "DATABASE_URL", "REDIS_URL", "DJANGO_", "PYTHONDONTWRITEBYTECODE")


def main(arguments: Sequence[str]) -> int:
    # A shell lets what it starts in the background ignore interrupts, and so would each program that a test interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="mc-") as folder:
        scratch = Path(folder)
        scratch.chmod(0o711)  # the database server may run as another user
        with postgres.running(scratch) as url:
            announce("PostgreSQL: the tests that ask the database, pages apart")
            marks = ["-m", "not browser and not runtimes and not embedded and not long", "-p", "tests.only_database"]
            status = run_pytest([*marks, *arguments], scratch, DATABASE_URL=url)
        if status not in {0, NO_TESTS}:
            return status
        announce("SQLite: all tests but those of which one database says enough")
        marks = ["-m", "not long and not once", f"--ignore={NOT_ON_SQLITE}", "-p", "no:schemathesis"]
        return run_pytest([*marks, *arguments], scratch)


def run_pytest(arguments: Sequence[str], scratch: Path, **settings: str) -> int:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
    command = [sys.executable, "-m", "pytest", "-n", PROCESSES, *arguments]
    return subprocess.run(
        command, cwd=ROOT, env={**inherited, "TMPDIR": str(scratch), **settings}, check=False
    ).returncode


def announce(text: str) -> None:
    sys.stdout.write(f"\n{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
