"""The whole portal under load: 50 readers, 5 uploads and 2 builds at once, for some minutes.

    python -m bench.load [--seconds 300] [--readers 50] [--think 5] [--uploads 5] [--builds 2]

A real portal on loopback, as `manage.py up` runs it, in a throw-away data folder. Each upload sends a file of 8 MiB in
pieces of 1 MiB, twice a second; each builder takes one version after the other through checks, trial run, approval,
build and rollout. Beside them two loads follow each other:

- People: each reader looks at a public page for `--think` seconds, half as much more or less, before opening the next.
  This gives the latency that somebody meets, and the growth of the web server's memory from the end of the first fifth,
  when caches are warm, to the end.
- Saturation, for a fifth of the time: the same readers ask again at once, so that all of them always wait. This gives
  how many pages a second there are at most. The latency then follows from the number of readers, and has no target.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from bench._report import Row, print_report
from tests.browser.live_portal import ROOT, LivePortal
from tests.registry.uploads.live import CSRF

MODELS = ("iris", "flowers")
P95_MS = 500.0
GROWTH = 0.10
TIMEOUT = 60.0
MIB = 1 << 20
PIECES = 8


@dataclass
class Tally:
    """What all loops together saw; the lock is held for an append at most."""

    pages_ms: list[tuple[str, float]] = field(default_factory=list)
    failed: dict[str, int] = field(default_factory=dict)
    uploads: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note_failure(self, what: str) -> None:
        with self.lock:
            self.failed[what] = self.failed.get(what, 0) + 1


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One load: what its loops saw, and the web server's bytes after its first fifth and at its end."""

    tally: Tally
    seconds: float
    before: int
    after: int

    @property
    def rate(self) -> float:
        """Pages a second."""
        return len(self.tally.pages_ms) / self.seconds

    def pages(self) -> set[str]:
        """Which ones were opened."""
        return {page for page, _took in self.tally.pages_ms}

    def percentiles(self) -> list[float]:
        """Of the latencies, in ms, from the first to the 99th."""
        return quantiles([took for _page, took in self.tally.pages_ms], n=100)


def main(words: Sequence[str]) -> int:
    if words[:1] == ["builder"]:
        return build_on(words[1], float(words[2]))
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--think", type=float, default=5.0)
    parser.add_argument("--uploads", type=int, default=5)
    parser.add_argument("--builds", type=int, default=2, choices=range(len(MODELS) + 1))
    asked = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="mc-load-") as folder, LivePortal(Path(folder)) as portal:
        portal.stage("live", *MODELS)
        people = run_module(portal, "tests.registry.uploads.live_people", *(f"up{n}" for n in range(asked.uploads)))
        return measure(portal, json.loads(people), asked)


def measure(portal: LivePortal, people: dict[str, dict[str, str]], asked: argparse.Namespace) -> int:
    pages, saturated = public_pages(portal), asked.seconds / 5
    builders = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.load", "builder", name, str(asked.seconds + saturated)],
            cwd=ROOT, env=portal._environment(), stdout=subprocess.PIPE, text=True,  # noqa: SLF001  # the same settings
        )
        for name in MODELS[: asked.builds]
    ]  # fmt: skip

    def load(seconds: float, think: float) -> Measured:
        return put_under_load(portal, pages, list(people.values()), readers=asked.readers, seconds=seconds, think=think)

    calm = load(asked.seconds, asked.think)
    full = load(saturated, 0.0)
    built = [int(builder.communicate(timeout=TIMEOUT * 5)[0].split()[-1]) for builder in builders]
    return report(calm, full, built=sum(built), think=asked.think)


def put_under_load(
    portal: LivePortal,
    pages: Sequence[str],
    people: Sequence[dict[str, str]],
    *,
    readers: int,
    seconds: float,
    think: float,
) -> Measured:
    """One load for so many seconds; returns when all of its loops have ended."""
    tally, end = Tally(), time.monotonic() + seconds
    loops: list[Callable[[], None]] = [lambda: read_on(portal.port, pages, end, think, tally) for _ in range(readers)]
    loops += [lambda who=who: upload_on(portal.port, who, end, tally) for who in people]  # type: ignore[misc]  # the default binds it
    threads = [threading.Thread(target=loop) for loop in loops]
    for thread in threads:
        thread.start()
    time.sleep(seconds / 5)
    before = web_memory(portal)
    for thread in threads:
        thread.join()
    return Measured(tally=tally, seconds=seconds, before=before, after=web_memory(portal))


def report(calm: Measured, full: Measured, *, built: int, think: float) -> int:
    cuts = calm.percentiles()
    failed = Counter(full.tally.failed) + Counter(calm.tally.failed)
    by_page = {page: median(took for other, took in calm.tally.pages_ms if other == page) for page in calm.pages()}
    slowest = max(by_page, key=by_page.__getitem__)
    growth = calm.after / calm.before - 1
    rows = [
        Row(name=f"page, p50, readers looking {think:g} s", figure=f"{cuts[49]:.0f} ms"),
        Row(
            name=f"page, p95, readers looking {think:g} s",
            figure=f"{cuts[94]:.0f} ms",
            target=f"under {P95_MS:.0f} ms",
            met=cuts[94] < P95_MS,
        ),
        Row(name=f"page, p99, readers looking {think:g} s", figure=f"{cuts[98]:.0f} ms"),
        Row(name="pages read", figure=f"{len(calm.tally.pages_ms)}, {calm.rate:.1f} a second"),
        Row(name="slowest page, p50", figure=f"{slowest}: {by_page[slowest]:.0f} ms"),
        Row(
            name="most pages a second, readers never pausing",
            figure=f"{full.rate:.1f}, at p95 {full.percentiles()[94]:.0f} ms",
        ),
        Row(
            name="answers of 5xx or none, in both",
            figure=f"{failed.total()} {dict(failed) or ''}",
            target="0",
            met=not failed,
        ),
        Row(name="uploads finished, in both", figure=f"{calm.tally.uploads + full.tally.uploads} of {PIECES} MiB"),
        Row(name="versions built and rolled out, in both", figure=str(built)),
        Row(
            name="web server's memory after the first fifth, at the end",
            figure=f"{calm.before / MIB:.0f} MiB, {calm.after / MIB:.0f} MiB, {growth:+.1%}",
            target=f"growth under {GROWTH:.0%}",
            met=growth < GROWTH,
        ),
        Row(name="web server's memory after the saturation", figure=f"{full.after / MIB:.0f} MiB"),
    ]
    return print_report(f"The portal under load for {calm.seconds:.0f} s", rows)


def read_on(port: int, pages: Sequence[str], end: float, think: float, tally: Tally) -> None:
    """One reader: a page, a look at it, the next page; all over one connection, compressed, as browsers do."""
    choose = random.Random()
    time.sleep(choose.random() * max(think, 1.0))
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    while time.monotonic() < end:
        page, began = choose.choice(pages), time.perf_counter()
        answer = None
        for _ in range(2):  # a kept connection that the server has just closed is opened anew, as browsers do
            try:
                connection.request("GET", page, headers={"Accept-Encoding": "gzip"})
                answer = connection.getresponse()
                answer.read()
                break
            except (OSError, http.client.HTTPException):
                connection.close()
                answer = None
        if answer is None:
            tally.note_failure(f"{page} without answer")
            continue
        if answer.status >= 500:
            tally.note_failure(f"{page} {answer.status}")
        tally.pages_ms.append((page, (time.perf_counter() - began) * 1000))
        time.sleep(think * choose.uniform(0.5, 1.5))
    connection.close()


def upload_on(port: int, who: dict[str, str], end: float, tally: Tally) -> None:
    """One volunteer: a file in pieces, and the same file anew."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    signed_in = {"Cookie": f"sessionid={who['session']}; csrftoken={CSRF}", "X-CSRFToken": CSRF}
    session = {"Tus-Resumable": "1.0.0", **signed_in}

    def send(method: str, path: str, body: bytes = b"", **headers: str) -> http.client.HTTPResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body=body, headers={**session, **named})
        answer = connection.getresponse()
        answer.read()
        if answer.status >= 500:
            tally.note_failure(f"{method} {answer.status}")
        return answer

    metadata = ",".join(
        f"{key} {base64.b64encode(value.encode()).decode()}"
        for key, value in (("filename", "model.onnx"), ("version", str(who["draft"])))
    )
    while time.monotonic() < end:
        made = send("POST", "/uploads/", Upload_Length=str(PIECES * MIB), Upload_Metadata=metadata)
        if made.status != http.HTTPStatus.CREATED:
            raise RuntimeError(f"no upload was made: {made.status}")
        path = made.headers["Location"]
        for piece in range(PIECES):
            body = os.urandom(MIB)
            send("PATCH", path, body, Upload_Offset=str(piece * MIB), Content_Type="application/offset+octet-stream")
            time.sleep(0.5)
        tally.uploads += 1
    connection.close()


def build_on(name: str, seconds: float) -> int:
    """In the portal's settings: one version of a model after the other into production; prints how many."""
    import django

    django.setup()
    from deployer.models import Rollout, RolloutState
    from registry.checklist import CHECKLIST
    from registry.models import Account
    from registry.services import state_review
    from registry.tasks import ring
    from tests.browser import stage

    end, done = time.monotonic() + seconds, 0
    reviewer = Account.objects.get(username="reviewer")
    while time.monotonic() < end:
        version = stage.bring_to_review(stage.model_named(name), card=stage.CARD)
        due = state_review(
            version=version, reviewer=reviewer, decision="approve", comment="",
            content_digest=version.content_digest, image_digest=version.image_digest,
            checklist=tuple(CHECKLIST),
        )  # fmt: skip
        ring(due)
        patience = time.monotonic() + stage.WAIT_SECONDS
        while time.monotonic() < patience:
            if Rollout.objects.filter(version=version, state=RolloutState.READY).exists():
                done += 1
                break
            time.sleep(0.2)
    print(done)
    return 0


def public_pages(portal: LivePortal) -> list[str]:
    """What a passer-by opens; each answers before the load begins."""
    model = f"/models/research/{MODELS[0]}/"
    pages = ["/", "/models/", "/models/?q=iris", model, f"{model}versions/1/", "/log/", "/operations/", "/builds/"]
    pages += [f"/endpoints/research-{name}/" for name in MODELS]
    for page in pages:
        connection = http.client.HTTPConnection("127.0.0.1", portal.port, timeout=TIMEOUT)
        connection.request("GET", page)
        status = connection.getresponse().status
        connection.close()
        if status != http.HTTPStatus.OK:
            raise SystemExit(f"{page} answers {status}")
    return pages


def run_module(portal: LivePortal, *words: str) -> str:
    """The last line that a program in the portal's settings prints."""
    done = subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, env=portal._environment(), capture_output=True, text=True,  # noqa: SLF001  # the same settings
        timeout=TIMEOUT, check=True,
    )  # fmt: skip
    return done.stdout.strip().splitlines()[-1]


def web_memory(portal: LivePortal) -> int:
    """Resident bytes of the web server's processes."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command, status = (folder / "cmdline").read_text(), (folder / "status").read_text()
            settings = (folder / "environ").read_text()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        if "gunicorn" in command and f"MODEL_COMMONS_PORT={portal.port}\0" in settings:
            total += next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS"))
    return total


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
