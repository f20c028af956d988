from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from deployer.serving import identity


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sh", "-c", "sleep 600 & echo; wait"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        for child in identity.children(process.pid):
            os.kill(child, signal.SIGKILL)
        process.kill()


def test_a_process_is_itself_until_it_ends(sleeper: subprocess.Popen[bytes]) -> None:
    process = identity.identify(sleeper.pid)
    assert process is not None
    assert identity.is_alive(process)
    assert not identity.wait_gone(process, 0.01)
    (child,) = identity.children(sleeper.pid)
    assert identity.send(process, signal.SIGKILL)  # first, since the shell ends by itself once its child has
    os.kill(child, signal.SIGKILL)
    assert identity.wait_gone(process, 60)
    assert not identity.is_alive(process)  # although nobody has reaped it yet
    assert identity.memory(process) is None
    sleeper.wait(60)
    assert not identity.send(process, signal.SIGKILL)


@pytest.mark.parametrize("changed", [{"start_ticks": 1}, {"boot_id": "another"}])
def test_another_process_under_the_same_pid_gets_no_signal(
    sleeper: subprocess.Popen[bytes], changed: dict[str, int | str]
) -> None:
    process = identity.identify(sleeper.pid)
    assert process is not None
    stranger = replace(process, **changed)  # type: ignore[arg-type]  # the values fit their fields
    assert not identity.is_alive(stranger)
    assert not identity.send(stranger, signal.SIGKILL)
    assert identity.wait_gone(stranger, 0)
    assert identity.tree(stranger) == []
    assert sleeper.poll() is None


def test_a_tree_holds_the_descendants_and_their_memory(sleeper: subprocess.Popen[bytes]) -> None:
    process = identity.identify(sleeper.pid)
    assert process is not None
    everyone = identity.tree(process)
    assert [member.pid for member in everyone] == [sleeper.pid, *identity.children(sleeper.pid)]
    used = identity.memory(process)
    assert used is not None
    resident, peak = used
    assert 0 < resident <= peak


def test_there_is_nobody_under_a_pid_that_was_never_given() -> None:
    assert identity.identify(2**22 + 1) is None
    assert identity.children(2**22 + 1) == []
