"""The catalogue at 100,000 models and 300,000 versions against itself at 1,000 models, on SQLite and on PostgreSQL.

    python -m bench.catalogue [--models 100000]

Each page is asked for through Django, database and templates included, without a network in between.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench._report import Row, print_report
from tests import postgres

SMALL, LARGE = 1_000, 100_000
VERSIONS_EACH = 3
EVENTS_EACH = 3
ROUNDS = 30
MOST_MS = 50.0
MOST_TIMES = 2.0
PAGES = {
    "first page": "/models/",
    "page 40": "/models/?page=40",
    "by name": "/models/?sort=name",
    "newest": "/models/?sort=newest",
    "search, rare word": "/models/?q=word777",
    "search, common word": "/models/?q=model",
    "search, two words": "/models/?q=common+quality",
    "search, common word by name": "/models/?q=model&sort=name",
    "filter, common value": "/models/?task=text-classification",
    "filter, common value by name": "/models/?task=text-classification&sort=name",
    "filter, rare value": "/models/?language=eo",
    "word and two filters": "/models/?q=quality&task=ranking&licence=MIT",
    "home": "/",
    "log": "/log/",
}
_TASKS = ("text-classification", "ranking", "tabular-regression", "image-classification")
_WORDS = ("quality", "language", "vandalism", "topic", "image", "risk", "edit", "article", "page", "link")
_LICENCES = ("MIT", "Apache-2.0", "CC0-1.0", "GPL-3.0-or-later")


def main(size: int) -> int:
    """Measure both databases and print the table; 1 if a target was missed."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="bench-catalogue-") as folder:
        scratch = Path(folder)
        scratch.chmod(0o755)  # PostgreSQL refuses to run as root, so another account has to reach its folder
        rows += _rows("SQLite", _measured(scratch / "sqlite", {}, size))
        with postgres.running(scratch) as url:
            rows += _rows(
                "PostgreSQL",
                _measured(scratch / "postgresql", {"DATABASE_URL": url.removesuffix("portal") + "postgres"}, size),
            )
    return print_report(f"Catalogue, {size:,} models against {SMALL:,}", rows)


def _measured(data: Path, settings: Mapping[str, str], size: int) -> Mapping[str, list[list[float]]]:
    """Per page [p50 ms, p95 ms, queries], small and large, from a process of its own."""
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
    measured: Mapping[str, list[list[float]]] = json.loads(done.stdout.splitlines()[-1])
    return measured


def _rows(database: str, measured: Mapping[str, list[list[float]]]) -> Iterator[Row]:
    for page, (small, large) in measured.items():
        times = large[0] / small[0]
        yield Row(
            name=f"{database}, {page}",
            figure=f"p50 {large[0]:.1f} ms, p95 {large[1]:.1f} ms, {times:.1f} x small, {large[2]:.0f} queries",
            target=f"p50 {MOST_MS:.0f} ms, {MOST_TIMES:.0f} x small, as many queries",
            met=large[0] <= MOST_MS and times <= MOST_TIMES and large[2] <= small[2] + 1,
        )


def _here(largest: int) -> None:
    """In the process whose settings name the database: fill, measure, fill, measure."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    measured: dict[str, list[list[float]]] = {page: [] for page in PAGES}
    for size in (SMALL, largest):
        _fill(size)
        for page, path in PAGES.items():
            measured[page].append(_measure(path))
    sys.stdout.write(json.dumps(measured) + "\n")


def _fill(size: int) -> None:
    """Make models up to this number, their versions, events and entries, in bulk."""
    from django.db import connection, transaction
    from django.utils import timezone

    from registry.listing import CHUNK, write_listings
    from registry.models import Account, Event, ModelVersion, RegisteredModel, VersionState

    chance = random.Random(size)
    have = RegisteredModel.objects.count()
    owners = list(Account.objects.all())
    if not owners:
        owners = Account.objects.bulk_create(Account(username=f"owner-{number}") for number in range(200))
    states = [VersionState.APPROVED] * 6 + [VersionState.IN_REVIEW, VersionState.REJECTED, VersionState.RETIRED]
    now = timezone.now()
    for start in range(have, size, CHUNK):
        with transaction.atomic():
            models = RegisteredModel.objects.bulk_create(
                RegisteredModel(
                    owner=chance.choice(owners),
                    name=f"{chance.choice(_WORDS)}-{number}",
                    summary=f"A model of word{chance.randrange(2000)} and {chance.choice(_WORDS)} for common use",
                    task=chance.choices(_TASKS, (60, 20, 15, 5))[0],
                )
                for number in range(start, min(start + CHUNK, size))
            )
            versions = ModelVersion.objects.bulk_create(
                ModelVersion(
                    registered_model=model,
                    number=number,
                    state=chance.choice(states),
                    revision=1,
                    licence=chance.choice(_LICENCES),
                    model_format=chance.choice(("onnx", "xgboost-json", "skops")),
                    card_source=f"---\nlanguage: {chance.choices(('en', 'fr', 'eo'), (800, 195, 5))[0]}\n---\n",
                    submitted_at=now,
                )
                for model in models
                for number in range(1, VERSIONS_EACH + 1)
            )
            Event.objects.bulk_create(
                Event(tag=tag, subject=f"version:{version.pk}", registered_model_id=version.registered_model_id,
                      version=version, public=True)
                for version in versions
                for tag in ("version:submitted", "version:in_review", "version:approved")[:EVENTS_EACH]
            )  # fmt: skip
            write_listings([model.pk for model in models])
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _measure(path: str) -> list[float]:
    """Median and 95th percentile of asking for the page, in milliseconds, and its number of queries."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client(headers={"host": "localhost"})
    with CaptureQueriesContext(connection) as queries:
        status = client.get(path).status_code
    asked = len(queries)  # before further requests empty the log
    if status != 200:  # the page is there
        raise SystemExit(f"{path} answered {status}")
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        client.get(path)
        taken.append((time.perf_counter() - started) * 1000)
    return [statistics.median(taken), statistics.quantiles(taken, n=20)[-1], float(asked)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--models", type=int, default=LARGE)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.here:
        _here(chosen.models)
    else:
        sys.exit(main(chosen.models))
