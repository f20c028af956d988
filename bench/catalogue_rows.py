"""Fills the catalogue's tables inside the database: one row of each kind, multiplied by the hundred thousand.

Every value follows from the number `n` of a model and the number `m` among the rows of its table, so that each run, on
each database, measures the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.utils import timezone

from registry.catalogue_index import catalogue_index
from registry.listing import words_of
from registry.models import Account, CatalogueEntry, Event, ModelVersion, RegisteredModel

OWNERS = 5_000
VERSIONS_EACH = 3
EVENTS_EACH = 10
_CHUNK = 2_000
_WORDS = ("quality", "language", "vandalism", "topic", "image", "risk", "edit", "article", "page", "link")
_TASKS = ("text-classification",) * 6 + ("ranking", "ranking", "tabular-regression", "image-classification")
_LICENCES = ("MIT", "Apache-2.0", "CC0-1.0", "GPL-3.0-or-later")
_FORMATS = ("onnx", "xgboost-json", "skops")
_LANGUAGES = (" en ",) * 160 + (" fr ",) * 39 + (" eo ",)
_STATES = ("approved",) * 6 + ("in_review", "rejected", "retired")
_STATUSES = ("in_production",) * 3 + ("building",) * 3 + _STATES[6:]
_TAGS = ("version:submitted", "version:in_review", "version:approved", "rollout:ready", "review:comment",
         "image_build:succeeded", "trial_run:passed")  # fmt: skip
_RARE_TAG = "version:rejected"
Columns = Mapping[str, str]
"""A column's name to the SQL of its value; the others are those of the row that is multiplied."""


def fill(upto: int) -> None:
    """Add models with their versions, entries and events until there are so many models."""
    with transaction.atomic():
        if connection.vendor == "postgresql":
            _trust()
        if not Account.objects.exists():
            _first_of_each()
        have = RegisteredModel.objects.count()
        _multiply(RegisteredModel, have, upto, _model())
        _multiply(ModelVersion, have, upto, _version("m"), each=VERSIONS_EACH)
        _multiply(CatalogueEntry, have, upto, _entry())
        _multiply(Event, have, upto, _event(), each=EVENTS_EACH)
        _index(have, upto)
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), [RegisteredModel, ModelVersion, Event]):
                cursor.execute(statement)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _trust() -> None:
    """For this transaction, no look at what each of a million keys refers to."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")


def _first_of_each() -> None:
    """Accounts, and a model, version, entry and event with number 0."""
    owners = Account.objects.bulk_create(Account(pk=pk, username=f"owner-{pk}") for pk in range(1, OWNERS + 1))
    model = RegisteredModel.objects.create(pk=0, owner=owners[1], name="first")
    version = ModelVersion.objects.create(
        pk=0, registered_model=model, number=9, revision=1, state="withdrawn", submitted_at=timezone.now()
    )
    CatalogueEntry.objects.create(
        registered_model=model, owner=owners[1], owner_name="owner-2", name="first", status="withdrawn",
        version=version, version_number=9, updated_at=timezone.now(),
    )  # fmt: skip
    Event.objects.create(pk=0, tag=_TAGS[0], subject="version:0", registered_model=model, version=version, public=True)


def _model() -> Columns:
    summary = f"'A model of word' || {_draw(2000, 104729)} || ' and ' || {_one_of(_WORDS, 15485863)}"
    return {
        "id": "n",
        "owner_id": _OWNER,
        "name": f"{_one_of(_WORDS, 7919)} || '-' || n",
        "summary": f"{summary} || ' for common use'",
        "task": _one_of(_TASKS, 1299709),
    }


def _version(row: str) -> Columns:
    return {
        "id": row,
        "registered_model_id": "n",
        "number": f"({row}) % {VERSIONS_EACH} + 1",
        "state": _one_of(_STATES, 611953),
        "licence": _one_of(_LICENCES, 350377),
        "model_format": _one_of(_FORMATS, 746773),
    }


def _entry() -> Columns:
    model, version = _model(), _version(f"n * {VERSIONS_EACH} + {VERSIONS_EACH - 1}")
    return {
        **{name: model[name] for name in ("owner_id", "name", "summary", "task")},
        "registered_model_id": "n",
        "owner_name": f"'owner-' || ({_OWNER})",
        "licence": version["licence"],
        "model_format": version["model_format"],
        "languages": _one_of(_LANGUAGES, 961748941),
        "status": _one_of(_STATUSES, 611953),
        "live": f"{_one_of(_STATUSES, 611953)} = 'in_production'",
        "version_id": version["id"],
        "version_number": version["number"],
        "updated_at": _moment(_draw(10_000_000, 32452843)),
    }


def _event() -> Columns:
    common = _one_of(_TAGS, 49979687, "m")
    return {
        "id": "m",
        "at": _moment("m * 10"),
        "actor_id": _OWNER,
        "tag": f"CASE WHEN {_draw(5_000, 86028121, 'm')} = 0 THEN '{_RARE_TAG}' ELSE {common} END",
        "registered_model_id": "n",
        "version_id": f"n * {VERSIONS_EACH}",
        "subject": "'version:' || n",
    }


def _draw(kinds: int, prime: int, of: str = "n") -> str:
    """A number from 0 to below `kinds`: what a multiple of a prime leaves spreads as chance would."""
    return f"(({of} * {prime} / 4096) % {kinds})"


# One account owns a model in 20,000, the others share the rest.
_OWNER = f"CASE WHEN n % 20000 = 7 THEN 1 ELSE 2 + {_draw(OWNERS - 1, 67867979)} END"


def _one_of(values: Sequence[str], prime: int, of: str = "n") -> str:
    cases = " ".join(f"WHEN {place} THEN '{value}'" for place, value in enumerate(values))
    return f"CASE {_draw(len(values), prime, of)} {cases} END"


def _moment(seconds: str) -> str:
    if connection.vendor == "postgresql":
        return f"timestamptz '2026-01-01 00:00:00+00' + ({seconds}) * interval '1 second'"
    return f"datetime('2026-01-01 00:00:00', '+' || ({seconds}) || ' seconds')"


def _multiply(model: type[models.Model], have: int, upto: int, columns: Columns, each: int = 1) -> None:
    """The rows of the models from number `have` to below `upto`, `each` of them, like the row with number 0."""
    meta = model._meta  # noqa: SLF001  # Django's documented access
    names = [field.column or field.name for field in meta.concrete_fields]
    values = ", ".join(columns.get(name, f'one."{name}"') for name in names)
    listed = ", ".join(f'"{name}"' for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE counted(m) AS (SELECT CAST({have * each} AS bigint) UNION ALL SELECT m + 1 FROM counted"
            f" WHERE m < {upto * each - 1}), numbers AS (SELECT m, m / {each} AS n FROM counted)"
            f' INSERT INTO "{meta.db_table}" ({listed})'
            f' SELECT {values} FROM numbers, "{meta.db_table}" AS one WHERE one."{meta.pk.column}" = 0'
        )


def _index(have: int, upto: int) -> None:
    """The search words of the new entries, by the portal's own rules."""
    for start in range(have, upto, _CHUNK):
        entries = CatalogueEntry.objects.filter(pk__gte=start, pk__lt=start + _CHUNK)
        catalogue_index().put((entry.pk, words_of(entry)) for entry in entries)
