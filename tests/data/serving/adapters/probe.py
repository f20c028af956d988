"""A model that tries to get out. It runs inside the model server: each request names what to try, one probe a value.

Probes: "tcp HOST PORT", "dns NAME", "unix PATH", "read PATH", "write PATH", "list PATH", "environ NAME", "signal PID",
"allocate BYTES", "sleep SECONDS", "exit STATUS".
"""

# mypy: ignore-errors
# numpy is installed in the runtimes' environments only.

import os
import signal
import socket
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from .adapter import Arrays, ModelAdapter
from .tensors import TensorSpec


class Adapter(ModelAdapter):
    platform = "probe"
    suffixes = (".json",)

    def load(self) -> None:
        self.inputs = (TensorSpec("probe", "BYTES", (-1,)),)
        self.outputs = (TensorSpec("result", "BYTES", (-1,)),)
        for line in self.path.read_text().splitlines():
            print(line, attempt(line), flush=True)  # noqa: T201

    def infer(self, inputs: Arrays, wanted: frozenset[str]) -> Arrays:
        del wanted
        probes = next(iter(inputs.values())).ravel()
        return {"result": np.array([attempt(probe) for probe in probes], dtype=object)}

    def from_instances(self, instances: Sequence[str]) -> Arrays:
        return {"probe": np.array(instances, dtype=object)}


def attempt(probe: str) -> str:
    verb, _, argument = probe.partition(" ")
    if verb == "allocate":
        return str(np.ones(int(argument), dtype=np.uint8).nbytes)  # a MemoryError is the server's to handle
    try:
        return "got through: " + str(PROBES[verb](*argument.split(" ")))
    except (OSError, KeyError) as exc:
        return f"refused: {type(exc).__name__}"


def tcp(host: str, port: str) -> str:
    with socket.create_connection((host, int(port)), timeout=2):
        return "connected"


def unix(path: str) -> str:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        return "connected"


def write(path: str) -> int:
    with Path(path).open("ab") as stream:
        return stream.write(b"x")


def sleep(seconds: str) -> None:
    print("sleeping", flush=True)  # noqa: T201  # a test waits for this line
    time.sleep(float(seconds))


PROBES = {
    "tcp": tcp,
    "dns": lambda name: socket.getaddrinfo(name, 80)[0][4],
    "unix": unix,
    "read": lambda path: len(Path(path).read_bytes()),
    "write": write,
    "list": lambda path: sorted(entry.name for entry in Path(path).iterdir()),
    "environ": lambda name: os.environ[name],
    "signal": lambda pid: os.kill(int(pid), signal.SIGCONT),
    "sleep": sleep,
    "exit": lambda status: os._exit(int(status)),
}
