"""Lighthouse on a phone's connection and processor, over the public pages of a portal of its own.

    python -m bench.lighthouse [--runs 3] [names of tests/browser/pages.py…]

npx brings the pinned release, which needs the network once; it is no dependency of the project, since it weighs more
than all others together. Medians of the runs count, since timings vary.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path
from statistics import median
from typing import Any

from bench._report import Row, print_report
from tests.browser.conftest import CHROMIUM
from tests.browser.live_portal import LivePortal
from tests.browser.pages import VISITOR, places

LIGHTHOUSE = "lighthouse@12.8.2"  # 13 wants a newer Node than Debian's
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
TARGETS = {"performance": 95, "accessibility": 100, "best-practices": 95, "seo": 95}
SHIFT, BLOCKED_MS = 0.05, 200
ATTEMPTS = 3
PAGES = ("home", "catalogue", "model", "model-versions", "endpoint", "endpoints", "log", "operations", "build", "help")
NOT_FOR_ENGINES = {"operations", "build"}  # pages that search engines are asked to leave alone


def main(names: Collection[str], runs: int) -> int:
    with tempfile.TemporaryDirectory(prefix="mc-lighthouse-") as folder, LivePortal(Path(folder)) as portal:
        scene = json.loads(portal.stage("scene", "iris"))
        shown = [place for place in places(scene) if place.account == VISITOR and place.name in (names or PAGES)]
        rows = [
            row
            for place in shown
            for row in judge(place.name, [look_at(portal.url(place.path), Path(folder)) for _run in range(runs)])
        ]
    return print_report(f"Lighthouse, mobile, median of {runs}", rows)


def look_at(url: str, folder: Path) -> dict[str, Any]:
    """One run's report."""
    report = folder / "lighthouse.json"
    command = ["npx", "--yes", LIGHTHOUSE, url, "--quiet", "--output=json", f"--output-path={report}"]
    command += ["--chrome-flags=--headless=new --no-sandbox --disable-gpu", f"--only-categories={','.join(CATEGORIES)}"]
    settings = {**os.environ, "CHROME_PATH": CHROMIUM}
    for left in reversed(range(ATTEMPTS)):
        # It now and then records no trace of a page, and asks to be run again.
        if subprocess.run(command, check=not left, timeout=300, env=settings).returncode == 0:
            break
    found: dict[str, Any] = json.loads(report.read_text())
    return found


def judge(name: str, reports: list[dict[str, Any]]) -> list[Row]:
    """A row with the four scores, and one with what moves and what blocks."""
    scores = {
        category: median(100 * (report["categories"][category]["score"] or 0) for report in reports)
        for category in CATEGORIES
    }
    wanted = {key: value for key, value in TARGETS.items() if key != "seo" or name not in NOT_FOR_ENGINES}
    shift = median(report["audits"]["cumulative-layout-shift"]["numericValue"] for report in reports)
    blocked = median(report["audits"]["total-blocking-time"]["numericValue"] for report in reports)
    return [
        Row(
            name=f"{name}: {', '.join(CATEGORIES)}",
            figure=", ".join(f"{scores[category]:.0f}" for category in CATEGORIES),
            target=", ".join(str(wanted.get(category, "-")) for category in CATEGORIES),
            met=all(scores[category] >= least for category, least in wanted.items()),
        ),
        Row(
            name=f"{name}: layout shift, blocked",
            figure=f"{shift:.3f}, {blocked:.0f} ms",
            target=f"<= {SHIFT}, <= {BLOCKED_MS} ms",
            met=shift <= SHIFT and blocked <= BLOCKED_MS,
        ),
    ]


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runs", type=int, default=3)
    arguments.add_argument("names", nargs="*")
    given = arguments.parse_args()
    sys.exit(main(given.names, given.runs))
