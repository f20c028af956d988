"""The catalogue at 100,000 models, 300,000 versions and a log of 1,000,000 entries against itself at 1,000 models.

    python -m bench.catalogue [--models 100000] [--database sqlite|postgresql]

On SQLite and on PostgreSQL, each page is asked for through Django, database and templates included, without a network
in between. Times are compared where both sizes show equally many rows. Each page is asked for once before anything is
counted, as the figures of the whole catalogue are kept for some seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path

from bench._report import Row, print_report
from tests import postgres

SMALL, LARGE = 1_000, 100_000
ROUNDS = 30
MOST_MS = 50.0
MOST_TIMES = 2.0
MOST_QUERIES = 12
PAGES = {
    "first page": "/models/",
    "page 40": "/models/?page=40",
    "by name": "/models/?sort=name",
    "newest": "/models/?sort=newest",
    "search, rare word": "/models/?q=word777",
    "search, common word": "/models/?q=model",
    "search, beginning of words": "/models/?q=a",
    "search, two words": "/models/?q=common+quality",
    "search, common word by name": "/models/?q=model&sort=name",
    "search, word of names": "/models/?q=quality",
    "filter, common value": "/models/?task=text-classification",
    "filter, common value by name": "/models/?task=text-classification&sort=name",
    "filter, value of a tenth": "/models/?task=image-classification&sort=name",
    "filter, rare value": "/models/?language=eo",
    "filter, owner": "/models/?owner=owner-77",
    "word and two filters": "/models/?q=quality&task=ranking&licence=MIT",
    "word and five filters": "/models/?q=common&task=text-classification&licence=MIT&language=en&format=onnx"
    "&status=in_production",
    "home": "/",
    "log": "/log/",
    "log, deep": "/log/?before=1000",
    "log, common kind": "/log/?tag=version:approved",
    "log, common kind, deep": "/log/?tag=version:approved&before=1000",
    "log, rare kind": "/log/?tag=version:rejected",
    "log, group of kinds": "/log/?tag=version:",
    "log, group that is rare": "/log/?tag=report:",
    "log, account": "/log/?actor=owner-77",
    "log, account of few entries": "/log/?actor=owner-1",
    "log, account and kind": "/log/?actor=owner-1&tag=version:approved",
    "log, model": "/log/?model=owner-1/link-7",
    "log, since a day": "/log/?since=2026-01-02",
    "log, up to a day": "/log/?until=2026-01-01",
    "log, a day and a kind": "/log/?since=2026-01-01&until=2026-01-01&tag=version:approved",
}


def main(size: int, databases: Sequence[str]) -> int:
    """Measure the databases and print the table; 1 if a target was missed."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="bench-catalogue-") as folder:
        scratch = Path(folder)
        scratch.chmod(0o755)  # PostgreSQL refuses to run as root, so another account has to reach its folder
        if "sqlite" in databases:
            rows += _rows("SQLite", _measured(scratch / "sqlite", {}, size))
        if "postgresql" in databases:
            with postgres.running(scratch) as url:
                settings = {"DATABASE_URL": url.removesuffix("portal") + "postgres"}
                rows += _rows("PostgreSQL", _measured(scratch / "postgresql", settings, size))
    return print_report(f"Catalogue, {size:,} models against {SMALL:,}", rows)


def _measured(data: Path, settings: Mapping[str, str], size: int) -> Mapping[str, list[dict[str, float]]]:
    """Per page what `_measure` tells, small and large, from a process of its own."""
    data.mkdir()
    environment = {
        **os.environ,
        **settings,
        "MODEL_COMMONS_DATA_DIR": str(data),
        "MODEL_COMMONS_DEMO": "false",
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }
    done = subprocess.run(
        [sys.executable, "-m", "bench.catalogue", "--here", "--models", str(size)],
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
    )
    measured: Mapping[str, list[dict[str, float]]] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _rows(database: str, measured: Mapping[str, list[dict[str, float]]]) -> Iterator[Row]:
    for page, (small, large) in measured.items():
        comparable = small["shown"] == large["shown"]
        times = large["p50"] / small["p50"]
        compared = f"{times:.1f} x small" if comparable else f"{large['shown']:.0f} rows, small {small['shown']:.0f}"
        yield Row(
            name=f"{database}, {page}",
            figure=f"p50 {large['p50']:.1f} ms, p95 {large['p95']:.1f} ms, own {large['cpu']:.1f} ms, {compared}, "
            f"{large['queries']:.0f} queries, small {small['queries']:.0f}",
            target=f"p50 {MOST_MS:.0f} ms, {MOST_TIMES:.0f} x small, at most {MOST_QUERIES} queries",
            met=large["p50"] <= MOST_MS
            and (not comparable or times <= MOST_TIMES)
            and large["queries"] <= MOST_QUERIES,
        )


def _here(largest: int) -> None:
    """In the process whose settings name the database: fill, measure, fill, measure."""
    import django

    django.setup()
    from django.core.management import call_command

    from bench.catalogue_rows import fill

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    measured: dict[str, list[dict[str, float]]] = {page: [] for page in PAGES}
    for size in (SMALL, largest):
        began = time.perf_counter()
        fill(size)
        sys.stderr.write(f"{size:,} models after {time.perf_counter() - began:.0f} s\n")
        for page, path in PAGES.items():
            measured[page].append(_measure(path))
    sys.stdout.write(json.dumps(measured) + "\n")


def _measure(path: str) -> dict[str, float]:
    """Median and 95th percentile in milliseconds, this process' share of it, queries, and the rows that are shown."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(headers={"host": "localhost"})
    answer = client.get(path)
    if answer.status_code != HTTPStatus.OK:
        raise SystemExit(f"{path} answered {answer.status_code}")
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    asked = len(queries)  # before further requests empty the log
    taken, worked = [], []
    for _ in range(ROUNDS):
        started, began = time.perf_counter(), time.process_time()
        client.get(path)
        taken.append((time.perf_counter() - started) * 1000)
        worked.append((time.process_time() - began) * 1000)
    return {
        "p50": statistics.median(taken),
        "p95": statistics.quantiles(taken, n=20)[-1],
        "cpu": statistics.median(worked),
        "queries": asked,
        "shown": answer.content.count(b"<article ") + answer.content.count(b'timeline__text">'),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", type=int, default=LARGE)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.here:
        _here(chosen.models)
    else:
        sys.exit(main(chosen.models, chosen.database or ("sqlite", "postgresql")))
