"""Serving by local processes: one confined model server a cup, found again by every worker through its folder."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from deployer.errors import ConflictError, PortalError, RuntimeUnavailableError, TransientError
from deployer.interfaces import (
    CupPhase,
    CupSpec,
    CupStatus,
    LocalServingConfig,
    RuntimeDefinition,
    ServingResponse,
)
from deployer.runtimes.environments import RuntimeEnvironments

from . import identity, launcher, sandbox, unix_http, weights
from .cup_folder import CupFolder, Run

LOCK_TIMEOUT = 120.0
PROBE_TIMEOUT = 2.0
UNRESPONSIVE_AFTER = 30.0
LASTED = 10.0  # seconds of serving after which an end counts as the first one again
MAX_BACKOFF = 60.0
MAX_BACKOFF_ONCE_READY = 3.0

_EXIT_OUT_OF_MEMORY = 86
_EXIT_LOAD_FAILED = 87
_MEMORY_WORDS = re.compile(rb"MemoryError|bad_alloc|Cannot allocate memory|needs more memory than it was given")
_TAIL_FOR_CAUSE = 8192
_OK = 200

_Phase = tuple[CupPhase, str, Mapping[str, str | int | float]]
_STARTING: _Phase = (CupPhase.STARTING, "", {})


class LocalServingBackend:
    """`ServingBackend` over child processes and UNIX sockets. Any number of workers may share one `state_dir`."""

    pulls_images = False

    def __init__(self, config: LocalServingConfig) -> None:
        self._config = config
        self._runtimes = {runtime.name: runtime for runtime in config.runtimes}
        self._environments = RuntimeEnvironments(config.environments_dir)

    @property
    def longest_start(self) -> float:
        """As the settings say."""
        return self._config.start_timeout

    def apply(self, spec: CupSpec) -> CupStatus:
        """Want this cup: start it, or start it again if it is dead and its pause is over.

        Beside the Protocol's errors: `ConflictError` if the name already stands for something else.
        """
        folder = self._folder(spec.name)
        runtime = self._runtimes.get(spec.runtime)
        if runtime is None:
            raise RuntimeUnavailableError("runtime.unknown", runtime=spec.runtime)
        python = self._environments.ensure(runtime)
        mode = sandbox.choose(self._config.sandbox)
        with folder.locked(LOCK_TIMEOUT):
            known = folder.spec()
            if known is not None and known != spec:
                raise ConflictError("serving.name_taken", name=spec.name)
            last = folder.run()
            if last is not None and not folder.stopping:
                status = self._status_of_run(folder, spec, last)
                if status.phase is not CupPhase.FAILED:
                    return status
                pause = restart_pause(folder, last)
                if pause > 0:
                    return replace(status, params={**status.params, "retry_in": round(pause, 1)})
            self._start(folder, spec, last, python=python, runtime=runtime, mode=mode)
            return self._status(folder)

    def status(self, name: str) -> CupStatus:
        """The cup now."""
        return self._status(self._folder(name))

    def statuses(self) -> Mapping[str, CupStatus]:
        """Every cup with a folder."""
        found = {name: self.status(name) for name in self._names()}
        return {name: status for name, status in found.items() if status.phase is not CupPhase.ABSENT}

    def delete(self, name: str) -> None:
        """Stop and forget."""
        folder = self._folder(name)
        if not folder.path.is_dir():
            return
        with folder.locked(LOCK_TIMEOUT):
            if not folder.path.is_dir():
                return
            folder.mark_stopping()
            run = folder.run()
            if run is not None:
                launcher.stop(run, grace=self._config.stop_timeout)
            folder.remove()

    def request(
        self, name: str, *, method: str, path: str, body: bytes = b"", content_type: str = "", timeout: float
    ) -> ServingResponse:
        """One HTTP exchange with the cup's model server."""
        folder = self._folder(name)
        if not folder.socket.exists():
            raise TransientError("serving.unreachable", name=name)
        return unix_http.request(
            folder.socket, method=method, path=path, body=body, content_type=content_type, timeout=timeout
        )

    def logs(self, name: str, *, max_bytes: int = 65536) -> str:
        """The tail of this run's and the previous run's output."""
        return self._folder(name).log_tail(max_bytes).decode("utf-8", "replace")

    def stop_all(self) -> None:
        """Stop every cup, several at a time, so that the slowest decides how long it takes."""
        names = self._names()
        if names:
            with ThreadPoolExecutor(max_workers=min(8, len(names))) as pool:
                list(pool.map(self.delete, names))

    def _folder(self, name: str) -> CupFolder:
        return CupFolder(self._config.state_dir, name)

    def _names(self) -> list[str]:
        if not self._config.state_dir.is_dir():
            return []
        return sorted(path.name for path in self._config.state_dir.iterdir() if not path.name.startswith("."))

    def _start(
        self,
        folder: CupFolder,
        spec: CupSpec,
        last: Run | None,
        *,
        python: Path,
        runtime: RuntimeDefinition,
        mode: str,
    ) -> None:
        """Put the checked bytes in place and start the process; for who holds the lock."""
        folder.write_spec(spec)
        if last is not None:
            launcher.stop(last, grace=self._config.stop_timeout)
        folder.reset()
        try:
            weights.place(spec.files, blobs=self._config.blobs, models_dir=folder.models)
        except PortalError:
            if last is None:
                folder.remove()  # refused content is not a cup
            raise
        launcher.start(
            folder,
            launcher.Launch(
                spec=spec,
                python=python,
                adapter=sandbox.SERVER_DIR / runtime.adapter,
                mode=mode,
                grace=self._config.stop_timeout,
                restarts=0 if last is None else last.restarts + 1,
                failures=0 if last is None else _failures(folder, last),
            ),
        )

    def _status(self, folder: CupFolder) -> CupStatus:
        spec = folder.spec()
        if spec is None:
            return CupStatus(name=folder.name, phase=CupPhase.ABSENT)
        run = folder.run()
        if run is not None:
            return self._status_of_run(folder, spec, run)
        since = folder.wanted_since()
        if since is None:
            return CupStatus(name=folder.name, phase=CupPhase.ABSENT)
        # Between the decision to start and the process lies the check of the bytes.
        overdue = time.time() - since > self._config.start_timeout
        phase, code = (CupPhase.FAILED, "serving.start_timeout") if overdue else (CupPhase.STARTING, "")
        return CupStatus(name=folder.name, phase=phase, code=code, image_digest=spec.image_digest)

    def _status_of_run(self, folder: CupFolder, spec: CupSpec, run: Run) -> CupStatus:
        used = identity.memory(run.process)
        phase, code, params = self._phase(folder, spec, run)
        return CupStatus(
            name=folder.name,
            phase=phase,
            image_digest=spec.image_digest,
            code=code,
            params=params,
            restarts=run.restarts,
            started_at=run.started_at,
            ready_at=folder.ready_at(run),
            memory_bytes=used[0] if used else None,
            peak_memory_bytes=used[1] if used else None,
            identity=str(run.process),
        )

    def _phase(self, folder: CupFolder, spec: CupSpec, run: Run) -> _Phase:
        if folder.stopping:
            return CupPhase.STOPPING, "", {}
        if not identity.is_alive(run.process):
            return (CupPhase.FAILED, *_cause(folder, run))
        folder.trim_log()
        if self._answers(folder, spec):
            folder.note_ready(run)
            return CupPhase.READY, "", {}
        return self._not_answering(folder, run)

    def _not_answering(self, folder: CupFolder, run: Run) -> _Phase:
        """A process that runs without answering: still loading, busy for a moment, or stuck."""
        if folder.ready_at(run) is None:
            limit = self._config.start_timeout
            overdue = time.time() - run.started_at > limit
            return (CupPhase.FAILED, "serving.start_timeout", {"seconds": limit}) if overdue else _STARTING
        silent = folder.note_silent()
        phase = CupPhase.FAILED if silent > UNRESPONSIVE_AFTER else CupPhase.STARTING
        return phase, "serving.unresponsive", {"seconds": round(silent)}

    def _answers(self, folder: CupFolder, spec: CupSpec) -> bool:
        """Whether the model itself says that it is ready."""
        path = f"/v2/models/{spec.model_name}/ready"
        try:
            answer = unix_http.request(
                folder.socket, method="GET", path=path, body=b"", content_type="", timeout=PROBE_TIMEOUT
            )
        except TransientError:
            return False
        return answer.status == _OK


def _cause(folder: CupFolder, run: Run) -> tuple[str, Mapping[str, str | int | float]]:
    """Why a run is over, as a message id with its figures; the output itself is for `logs` only."""
    end = folder.wait_end(run)
    if end.status is None:
        return "serving.gone", {}
    gave_up = end.status > 0 or end.status == -signal.SIGABRT
    if end.status == _EXIT_OUT_OF_MEMORY or (gave_up and _MEMORY_WORDS.search(folder.last_output(_TAIL_FOR_CAUSE))):
        return "serving.out_of_memory", {}
    if end.status == _EXIT_LOAD_FAILED:
        return "serving.load_failed", {}
    if end.status < 0:
        return "serving.killed", {"signal": -end.status}
    return "serving.exited", {"status": end.status}


def _failures(folder: CupFolder, last: Run) -> int:
    """Runs in a row that did not last, the last one included."""
    ready_at, end = folder.ready_at(last), folder.end(last)
    if last.process.boot_id != identity.boot_id():
        return 0  # the machine was restarted; that is not the model's doing
    ended_at = end.at if end else time.time()
    return 1 if ready_at is not None and ended_at - ready_at >= LASTED else last.failures + 1


def restart_pause(folder: CupFolder, last: Run) -> float:
    """Seconds until a dead cup may be started again: none at first, then doubling.

    A run that had become ready waits little, so that something killed from outside is soon back.
    """
    failures = _failures(folder, last)
    if failures <= 1:
        return 0.0
    most = MAX_BACKOFF if folder.ready_at(last) is None else MAX_BACKOFF_ONCE_READY
    end = folder.end(last)
    ended_at = last.started_at if end is None else end.at
    return max(0.0, ended_at + min(most, 2.0 ** (failures - 1)) - time.time())
