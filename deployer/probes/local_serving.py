"""Serving on this machine."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from deployer.interfaces import RuntimeDefinition, ServingBackend
from deployer.probes.report import Finding, warns, works
from deployer.runtimes.environments import RuntimeEnvironments
from deployer.serving import sandbox


class ServingProbe:
    """Any serving backend: it lists what runs."""

    part = "part.serving"

    def __init__(self, backend: ServingBackend) -> None:
        self._backend = backend

    def ask(self) -> Iterator[Finding]:
        """How many replicas it knows."""
        yield works("probe.serving", count=len(self._backend.statuses()))


class LocalServingProbe(ServingProbe):
    """Processes of this machine: how they are confined, and which runtimes are installed."""

    def __init__(
        self, backend: ServingBackend, *, wanted_sandbox: str, environments: Path, runtimes: Sequence[RuntimeDefinition]
    ) -> None:
        super().__init__(backend)
        self._wanted_sandbox = wanted_sandbox
        self._environments = RuntimeEnvironments(environments)
        self._runtimes = runtimes

    def ask(self) -> Iterator[Finding]:
        """As above, then the sandbox and the environments."""
        yield from super().ask()
        mode = sandbox.choose(self._wanted_sandbox)
        yield works("probe.sandbox") if mode == "bubblewrap" else warns(f"probe.sandbox_{mode}")
        missing = [each.label for each in self._runtimes if not self._environments.is_ready(each)]
        if missing:
            yield warns("probe.runtimes_missing", count=len(missing), names=", ".join(missing))
        else:
            yield works("probe.runtimes", count=len(self._runtimes))
