"""Limits first, then the model, then the socket: one process serves one model."""
# mypy: disable-error-code="import-not-found, misc, no-any-return"
# These packages are installed in the runtimes' environments only.

import argparse
import asyncio
import gc
import importlib.util
import os
import resource
import signal
import socket
import sys
import traceback
import types
from collections.abc import Sequence
from pathlib import Path

EXIT_OUT_OF_MEMORY = 86
EXIT_LOAD_FAILED = 87
EXIT_NOT_RELEASED = 88

_MEMORY_WORDS = ("bad_alloc", "bad allocation", "Unable to allocate", "out of memory", "Cannot allocate memory")


def main(argv: Sequence[str]) -> int:
    """Serve until a signal; the return value is the process's exit status."""
    options = _parse(argv)
    if options.fd is not None and not _released():
        return EXIT_NOT_RELEASED
    _limit(options)
    try:
        return _serve(options)
    except MemoryError:
        return _fail("the model needs more memory than it was given", EXIT_OUT_OF_MEMORY)
    except Exception as exc:  # noqa: BLE001  # whatever a framework raises while loading, the answer is an exit status
        traceback.print_exc()
        if any(word in str(exc) for word in _MEMORY_WORDS):
            return _fail("the model needs more memory than it was given", EXIT_OUT_OF_MEMORY)
        return _fail("the model does not load", EXIT_LOAD_FAILED)


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="start.py", description="Serve one model.")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--fd", type=int, help="inherited stream socket, bound and not yet listening")
    where.add_argument("--port", type=int, help="TCP port on every address; for a container of its own")
    parser.add_argument("--model-name", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--models-dir", type=Path, required=True)
    parser.add_argument("--adapter", type=Path, required=True, help="Python file with a class Adapter")
    parser.add_argument("--memory-bytes", type=int, default=0, help="cap of writable private memory, 0 = none")
    parser.add_argument("--file-bytes", type=int, default=16 << 20, help="cap of each file written, the log included")
    parser.add_argument("--processes", type=int, default=0, help="cap of processes and threads, 0 = none")
    parser.add_argument("--threads", type=int, default=1, help="threads for predictions")
    parser.add_argument("--max-body-bytes", type=int, default=16 << 20)
    parser.add_argument("--grace", type=float, default=10.0, help="seconds for requests in flight at a stop")
    return parser.parse_args(argv)


def _released() -> bool:
    """Whether the parent wrote this process down; without that nobody could ever stop it."""
    return os.read(sys.stdin.fileno(), 1) == b"g"


def _limit(options: argparse.Namespace) -> None:
    """Apply hard limits before any byte of the model is read."""
    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_NOFILE: 1024, resource.RLIMIT_FSIZE: options.file_bytes}
    if options.memory_bytes:
        limits[resource.RLIMIT_DATA] = options.memory_bytes
    if options.processes:
        limits[resource.RLIMIT_NPROC] = options.processes
    for which, value in limits.items():
        _soft, hard = resource.getrlimit(which)
        capped = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (capped, capped))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a full log must not end a model that serves well


def _bound(port: int) -> socket.socket:
    """A socket that clusters of either address family reach."""
    if socket.has_dualstack_ipv6():
        return socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("0.0.0.0", port))  # noqa: S104  # the container's network is what confines it


def _skip_sdk_client() -> None:
    """Let the SDK's modules be imported without its package's own code, a Kubernetes client that no server needs.

    That code is a third of the import time, which is nearly all of the time that a start takes.
    """
    spec = importlib.util.find_spec("kserve")
    if spec is not None and "kserve" not in sys.modules:
        sys.modules["kserve"] = package = types.ModuleType("kserve")
        package.__path__ = list(spec.submodule_search_locations or ())
        package.__spec__ = spec


def _serve(options: argparse.Namespace) -> int:
    gc.disable()  # a start allocates much and frees little
    _skip_sdk_client()
    from .application import build_application
    from .model import ServedModel, load_adapter

    import uvicorn  # isort: skip  # after the SDK, whose import it shares

    adapter = load_adapter(options.adapter, models_dir=options.models_dir, threads=options.threads)
    model = ServedModel(name=options.model_name, version=options.version, adapter=adapter, threads=options.threads)
    model.load()
    config = uvicorn.Config(
        build_application(model, max_body_bytes=options.max_body_bytes),
        access_log=False,
        lifespan="off",
        log_level="warning",
        loop="asyncio",  # uvloop takes no UNIX socket that was bound elsewhere
        timeout_graceful_shutdown=max(1, int(options.grace)),
        timeout_keep_alive=65,
        ws="none",
    )
    listener = socket.socket(fileno=options.fd) if options.fd is not None else _bound(options.port)
    gc.enable()
    gc.freeze()  # the frameworks' objects live as long as the process, so later collections skip them
    try:
        asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))
    except KeyboardInterrupt:
        return 0  # the server re-raises the interrupt that asked it to stop, after its graceful end
    return 0


def _fail(message: str, status: int) -> int:
    print(message, file=sys.stderr, flush=True)  # noqa: T201  # the process's log is its standard error
    return status
