"""Debian's registry server, the reference implementation of the distribution API, on a free port of this machine."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from tests.ports import free_port

PROGRAM = shutil.which("docker-registry")
_CONFIG = """\
version: 0.1
log: {{accesslog: {{disabled: true}}, level: error}}
storage:
  filesystem: {{rootdirectory: {root}}}
  delete: {{enabled: true}}
http: {{addr: "127.0.0.1:{port}"}}
"""


@contextmanager
def running_server(folder: Path) -> Iterator[str]:
    """Host and port of a server that keeps its data in `folder`."""
    port = free_port()
    config = folder / "config.yml"
    config.write_text(_CONFIG.format(root=folder / "data", port=port))
    command, nowhere = [str(PROGRAM), "serve", str(config)], subprocess.DEVNULL
    with subprocess.Popen(command, stdout=nowhere, stderr=nowhere) as server:
        try:
            _wait_until_it_answers(port)
            yield f"127.0.0.1:{port}"
        finally:
            server.terminate()


def _wait_until_it_answers(port: int) -> None:
    for _attempt in range(1200):
        try:
            with urlopen(f"http://127.0.0.1:{port}/v2/", timeout=5):
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the registry did not start")
