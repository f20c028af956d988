"""The model server on a port of its own, as in a container."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
import urllib3

from deployer.runtimes.environments import RuntimeEnvironments
from tests.deployer.serving import cups
from tests.ports import free_port

SERVER = cups.ROOT / "deployer" / "runtimes" / "server"


@pytest.mark.runtimes
def test_a_model_answers_on_a_port_and_leaves_when_it_is_told(tmp_path: Path) -> None:
    python = RuntimeEnvironments(cups.ENVIRONMENTS).ensure(cups.XGBOOST)
    (tmp_path / "model.json").write_bytes((cups.MODELS / "binary.json").read_bytes())
    port = free_port()
    command = [
        str(python), "-I", str(SERVER / "start.py"), f"--port={port}", f"--models-dir={tmp_path}",
        f"--adapter={SERVER / cups.XGBOOST.adapter}", "--model-name=iris", "--version=3", "--threads=1",
    ]  # fmt: skip
    base = f"http://127.0.0.1:{port}/v2/models/iris"

    with subprocess.Popen(command, stdin=subprocess.DEVNULL, env={"PATH": os.environ["PATH"]}) as server:
        try:
            _wait_until_ready(f"{base}/ready", server)
            answer = urllib3.request("POST", f"{base}/infer", json={"inputs": [_row()]}, retries=False)
            server.send_signal(signal.SIGTERM)
            server.wait(60)
        finally:
            server.kill()

    assert (answer.status, answer.json()["model_version"]) == (200, "3")
    assert server.returncode in {0, -signal.SIGTERM}


def _row() -> object:
    return cups.tensor([1.0, 2.0, 3.0, 4.0], shape=[1, 4])


def _wait_until_ready(url: str, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and server.poll() is None:
        try:
            if urllib3.request("GET", url, retries=False, timeout=30).status == 200:
                return
        except urllib3.exceptions.HTTPError:
            time.sleep(0.1)
    raise AssertionError("the server did not become ready")
