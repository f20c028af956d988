"""What keeps the portal's programs running: one log, restart after a crash, orderly stop on Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.programs import manage, web_command, worker_command

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)
OBEDIENT = "import os, time; print('up', os.getpid(), flush=True); time.sleep(600)"
DYING = "import sys; print('hello', flush=True); sys.exit(3)"


class Run:
    """A supervisor in a process of its own, as it takes over the process's signals."""

    def __init__(self, *, lost: int = 0, **programs: str) -> None:
        """`lost`: how many of the log's first lines find the disk full."""
        lines = [f"Program({name!r}, [sys.executable, '-c', {code!r}])," for name, code in programs.items()]
        script = textwrap.dedent("""
            import sys
            from portal import supervisor
            from portal.supervisor import Program, Supervisor
            supervisor.STOP_SECONDS = 1.0
            supervisor.POLL_SECONDS = 0.02
            lost = {lost}

            def log(line):
                global lost
                lost -= 1
                if lost >= 0:
                    raise OSError(28, "No space left on device")
                print(line, flush=True)

            programs = [{programs}]
            for program in programs:
                program.once = program.name.startswith("once")
            failed = Supervisor(programs, log=log).run()
            print("ended", repr(failed), flush=True)
        """).format(programs="".join(lines), lost=lost)
        self.process = subprocess.Popen(
            [sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
        )

    def lines(self) -> Iterator[str]:
        assert self.process.stdout is not None
        return map(str.strip, self.process.stdout)

    def until(self, text: str) -> str:
        """The first line with the text."""
        return next(line for line in self.lines() if text in line)

    def rest(self) -> list[str]:
        found = list(self.lines())
        self.process.wait(PATIENCE)
        return found


@pytest.fixture
def runs() -> Iterator[list[Run]]:
    made: list[Run] = []
    yield made
    for run in made:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.process.pid, signal.SIGKILL)
        run.process.wait(PATIENCE)
        if run.process.stdout is not None:
            run.process.stdout.close()


def started(runs: list[Run], *, lost: int = 0, **programs: str) -> Run:
    runs.append(Run(lost=lost, **programs))
    return runs[-1]


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_everything(runs: list[Run], signum: signal.Signals) -> None:
    run = started(runs, web=OBEDIENT, worker=OBEDIENT)
    pids = [int(run.until("up").split()[-1]) for _ in range(2)]

    run.process.send_signal(signum)

    assert run.rest()[-1] == "ended ''"
    assert run.process.returncode == 0
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_no_moment_is_a_bad_one_for_a_signal() -> None:
    script = textwrap.dedent("""
        import os, signal, threading, time
        from portal import supervisor

        def tell():
            while True:
                time.sleep(0.001)
                os.kill(os.getpid(), signal.SIGTERM)

        supervisor.POLL_SECONDS = 0.0
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        threading.Thread(target=tell, daemon=True).start()
        for _ in range(200):
            supervisor.Supervisor([], log=print).run()
        os._exit(0)
    """)
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, timeout=PATIENCE, check=True)


def test_one_that_does_not_obey_is_killed(runs: list[Run]) -> None:
    run = started(runs, worker=STUBBORN)
    run.until("up")

    run.process.send_signal(signal.SIGTERM)

    assert run.rest()[-1] == "ended ''"


def test_one_that_died_is_started_again(runs: list[Run]) -> None:
    run = started(runs, worker=OBEDIENT)
    first = int(run.until("up").split()[-1])

    os.kill(first, signal.SIGKILL)

    assert run.until("died") == "worker died (status -9); starting it again"
    assert int(run.until("up").split()[-1]) != first


def test_a_log_that_cannot_be_written_for_a_while_stops_nothing(runs: list[Run]) -> None:
    """Neither the program, whose line would be full after 64 KiB, nor what looks after it."""
    talking = "for number in range(2000): print(number, 'x' * 100, flush=True)\nimport time; time.sleep(600)"
    run = started(runs, lost=3, once_bad="import sys; sys.exit(3)", web=talking)

    assert run.until("web | 1999")


def test_one_that_keeps_dying_ends_the_run_by_name(runs: list[Run]) -> None:
    run = started(runs, web=DYING, worker=OBEDIENT)

    said = run.rest()

    assert said[-1] == "ended 'web'"
    assert sum("web | hello" in line for line in said) == 4, "its own last lines say why"


def test_a_program_that_ends_by_itself_is_left_alone(runs: list[Run]) -> None:
    run = started(runs, once_good="print('seeded')", once_bad=DYING, web=OBEDIENT)

    assert run.until("ended with") == "once_bad ended with status 3"
    run.process.send_signal(signal.SIGTERM)

    assert not [line for line in run.rest() if "again" in line]


@pytest.mark.parametrize("command", [web_command(), worker_command(), manage("migrate")])
def test_programs_run_under_this_interpreter(command: list[str]) -> None:
    assert command[0] == sys.executable
