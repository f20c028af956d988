"""A sweep step: whether content store and OCI registry answer. The reconciler finds out about serving by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from django.conf import settings

from deployer import services
from deployer.backends import oci_registry
from deployer.probes.report import BackendProbe, Finding, ask_all
from registry.backends import blob_store

EVERY_SECONDS = 60.0
TIMEOUT = 5.0
STORE, REGISTRY, SERVING = "part.blob_store", "part.oci_registry", "part.serving"
_NOTHING = sha256(b"").hexdigest()
_asked_at: float | None = None


@dataclass(slots=True)
class Reach:
    """The smallest question that a part has to be there for; it changes nothing. Any error is the finding."""

    part: str
    question: Callable[[], object]

    def ask(self) -> Iterator[Finding]:
        """Nothing where there is an answer."""
        self.question()
        yield from ()


def look_at_parts() -> tuple[int, ...]:
    """Ask, once a minute for each process, and note for the operations page what does not answer in a few seconds."""
    global _asked_at  # noqa: PLW0603  # the sweep is one thread of one process
    if _asked_at is None or time.monotonic() - _asked_at > EVERY_SECONDS:
        _asked_at = time.monotonic()
        note_answers()
    return ()


def note_answers() -> None:
    """Ask now. A part that the settings no longer name has no trouble either."""
    troubled = set()
    for report in ask_all(list(_reaches()), timeout=TIMEOUT):
        for finding in report.findings[:1]:
            troubled.add(report.part)
            services.note_trouble(part=report.part, code=finding.code, params=finding.params)
    services.note_works(parts={STORE, REGISTRY} - troubled)


def _reaches() -> Iterator[BackendProbe]:
    """Each asks whether something of no bytes is stored."""
    yield Reach(STORE, lambda: blob_store().has(_NOTHING))
    options = settings.BACKENDS["image_builder"]["options"]
    if url := options.get("registry_url", ""):
        yield Reach(
            REGISTRY,
            lambda: oci_registry(url).has_blob(repository=options["approved"], digest=f"sha256:{_NOTHING}"),
        )
