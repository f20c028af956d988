"""The whole portal under load: 50 readers, 5 uploads and 2 builds at once, for some minutes.

    python -m bench.load [--seconds 300] [--readers 50] [--uploads 5] [--builds 2]

A real portal on loopback, as `manage.py up` runs it, in a throw-away data folder. Each reader opens a public page about
every second; each upload sends a file of 8 MiB in pieces of 1 MiB, twice a second; each builder takes one version after
the other through checks, trial run, approval, build and rollout. The web server's memory is compared between the end of
the first fifth, when caches are warm, and the end. Every loop ends with the time that was given.
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


def main(words: Sequence[str]) -> int:
    if words[:1] == ["builder"]:
        return build_on(words[1], float(words[2]))
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--uploads", type=int, default=5)
    parser.add_argument("--builds", type=int, default=2, choices=range(len(MODELS) + 1))
    asked = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="mc-load-") as folder, LivePortal(Path(folder)) as portal:
        portal.stage("live", *MODELS)
        people = run_module(portal, "tests.registry.uploads.live_people", *(f"up{n}" for n in range(asked.uploads)))
        return measure(portal, json.loads(people), asked)


def measure(portal: LivePortal, people: dict[str, dict[str, str]], asked: argparse.Namespace) -> int:
    tally, end = Tally(), time.monotonic() + asked.seconds
    pages = public_pages(portal)
    builders = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.load", "builder", name, str(asked.seconds)],
            cwd=ROOT, env=portal._environment(), stdout=subprocess.PIPE, text=True,  # noqa: SLF001  # the same settings
        )
        for name in MODELS[: asked.builds]
    ]  # fmt: skip
    loops: list[Callable[[], None]] = [lambda: read_on(portal.port, pages, end, tally) for _ in range(asked.readers)]
    loops += [lambda who=who: upload_on(portal.port, who, end, tally) for who in people.values()]  # type: ignore[misc]  # the default binds it
    threads = [threading.Thread(target=loop) for loop in loops]
    for thread in threads:
        thread.start()
    time.sleep(asked.seconds / 5)
    before = web_memory(portal)
    for thread in threads:
        thread.join()
    after = web_memory(portal)
    built = [int(builder.communicate(timeout=TIMEOUT * 5)[0].split()[-1]) for builder in builders]
    return report(tally, built, before, after, asked.seconds)


def report(tally: Tally, built: Sequence[int], before: int, after: int, seconds: float) -> int:
    cuts = quantiles([took for _page, took in tally.pages_ms], n=100)
    failed = sum(tally.failed.values())
    by_page = {page: median(took for other, took in tally.pages_ms if other == page) for page, _ in tally.pages_ms}
    slowest = max(by_page, key=by_page.__getitem__)
    growth = after / before - 1
    rate = len(tally.pages_ms) / seconds
    rows = [
        Row(name="page, p50", figure=f"{cuts[49]:.0f} ms"),
        Row(name="page, p95", figure=f"{cuts[94]:.0f} ms", target=f"under {P95_MS:.0f} ms", met=cuts[94] < P95_MS),
        Row(name="page, p99", figure=f"{cuts[98]:.0f} ms"),
        Row(name="pages read", figure=f"{len(tally.pages_ms)}, {rate:.0f} a second"),
        Row(name="slowest page, p50", figure=f"{slowest}: {by_page[slowest]:.0f} ms"),
        Row(name="answers of 5xx or none", figure=f"{failed} {tally.failed or ''}", target="0", met=failed == 0),
        Row(name="uploads finished", figure=f"{tally.uploads} of {PIECES} MiB"),
        Row(name="versions built and rolled out", figure=str(sum(built))),
        Row(
            name="web server's memory after the first fifth, at the end",
            figure=f"{before / MIB:.0f} MiB, {after / MIB:.0f} MiB, {growth:+.1%}",
            target=f"growth under {GROWTH:.0%}",
            met=growth < GROWTH,
        ),
    ]
    return print_report(f"The portal under load for {seconds:.0f} s", rows)


def read_on(port: int, pages: Sequence[str], end: float, tally: Tally) -> None:
    """One reader: a page, a look at it, the next page."""
    choose = random.Random()
    time.sleep(choose.random())
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    while time.monotonic() < end:
        page, began = choose.choice(pages), time.perf_counter()
        answer = None
        for _ in range(2):  # a kept connection that the server has just closed is opened anew, as browsers do
            try:
                connection.request("GET", page)
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
        time.sleep(choose.uniform(0.5, 1.5))
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
