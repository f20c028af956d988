from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.db import Error, InterfaceError, OperationalError, connection
from django.db.models import Sum
from django.test import Client

from deployer import latency, services, traffic
from deployer.meter import Meter, meter
from deployer.models import Endpoint, RequestFigures
from deployer.services.figures import DAY, HOUR, LATENCY_COLUMNS, MINUTE, QUARTER, Counts, Span
from registry.services import retire_version
from tests.at_once import at_once
from tests.deployer import scene
from tests.factories import make_account, make_model

NOON = int(datetime(2026, 11, 26, 12, tzinfo=UTC).timestamp())
INFER = "/serve/v2/models/vera-sums/infer"


def counts(*milliseconds: float, refused: int = 0, failed: int = 0) -> Counts:
    made = Counts(requests=len(milliseconds), refused=refused, failed=failed)
    for value in milliseconds:
        made.latencies[latency.class_of(value)] += 1
    return made


def rows() -> list[tuple[int, int, int, int]]:
    return list(
        RequestFigures.objects.order_by("at", "version_number").values_list(
            "at", "seconds", "version_number", "requests"
        )
    )


class TestLatency:
    def test_percentiles_come_out_of_the_classes(self) -> None:
        made = counts(*([10] * 90), *([150] * 9), 4000)
        assert latency.quantile_ms(made.latencies, 0.5) == pytest.approx(7.8, abs=0.1)
        assert latency.quantile_ms(made.latencies, 0.95) == pytest.approx(127.8, abs=0.1)
        assert latency.quantile_ms(made.latencies, 1) == 5000

    def test_no_requests_have_no_latency(self) -> None:
        assert latency.quantile_ms([0] * latency.CLASSES, 0.5) is None

    def test_bounds_are_inclusive_and_the_longest_have_a_class_of_their_own(self) -> None:
        assert latency.class_of(0) == latency.class_of(1) == 0
        assert latency.class_of(1.01) == 1
        assert latency.class_of(30_000.1) == latency.CLASSES - 1
        assert latency.quantile_ms(counts(1e9).latencies, 0.5) == 30_000

    def test_the_table_has_a_column_for_each_class(self) -> None:
        names = [field.name for field in RequestFigures._meta.get_fields() if field.name.startswith("ms_")]
        assert names == list(LATENCY_COLUMNS)


class TestMeter:
    def test_counts_by_endpoint_version_and_minute(self) -> None:
        written: list[dict[Span, Counts]] = []
        now = [NOON + 59.0]
        meter = Meter(period=None, store=lambda counted: written.append(dict(counted)), clock=lambda: now[0])
        meter.count("a", version_number=1, status=200, milliseconds=3)
        meter.count("a", version_number=1, status=422, milliseconds=3)
        now[0] += 1
        meter.count("a", version_number=1, status=503, milliseconds=40_000)
        meter.write()
        meter.write()

        (counted,) = written
        assert counted[Span("a", 1, NOON)].columns()[:3] == (2, 1, 0)
        assert counted[Span("a", 1, NOON + MINUTE)].columns() == (1, 0, 1, *[0] * (latency.CLASSES - 1), 1)

    @pytest.mark.django_db  # it looks whether the connection that some other test left open can still be used
    @pytest.mark.parametrize("error", [OperationalError, InterfaceError])
    def test_keeps_what_could_not_be_written_and_is_bounded(
        self, error: type[Error], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A server that was restarted is told by either error."""
        monkeypatch.setattr("deployer.meter.MOST_SPANS", 2)
        down, written = [True], dict[Span, Counts]()

        def store(counted: object) -> None:
            if down[0]:
                raise error("away")
            written.update(counted)  # type: ignore[call-overload]  # what the meter gives

        meter = Meter(period=None, store=store, clock=lambda: NOON)
        for name in ("a", "b", "c"):
            meter.count(name, version_number=1, status=200, milliseconds=1)
        meter.write()
        meter.count("a", version_number=1, status=200, milliseconds=1)
        down[0] = False
        meter.write()

        assert {span.endpoint: found.requests for span, found in written.items()} == {"a": 2, "b": 1}

    def test_writes_by_itself_and_at_the_end(self) -> None:
        written: list[int] = []
        first = threading.Event()

        def store(counted: object) -> None:
            written.append(len(list(counted)))  # type: ignore[call-overload]  # a mapping
            first.set()

        meter = Meter(period=0.01, store=store)
        meter.count("a", version_number=1, status=200, milliseconds=1)
        assert first.wait(30)
        meter.stop()
        assert sum(written) == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("_fakes")
class TestGateway:
    @pytest.fixture(autouse=True)
    def _fresh(self) -> None:
        """Whatever other tests asked is written down, and forgotten."""
        meter.write()
        RequestFigures.objects.all().delete()

    def ask(self, client: Client, path: str = INFER, body: object = scene.REQUEST) -> int:
        data = json.dumps(body).encode()
        return client.post(path, data=data, content_type="application/json").status_code

    def figures(self) -> list[tuple[int, int, int, int]]:
        meter.write()
        counted = ("requests", "refused", "failed")
        by_version = RequestFigures.objects.order_by("version_number").values("version_number")  # in whichever minute
        return list(
            by_version.annotate(*map(Sum, counted)).values_list("version_number", *(f"{name}__sum" for name in counted))
        )

    def test_predictions_are_counted_by_version_and_kind_of_answer(self, client: Client) -> None:
        rollout = scene.served()
        assert [self.ask(client), self.ask(client), self.ask(client, body={})] == [200, 200, 400]
        scene.serving().fail(rollout.cup_name, "serving.killed")
        assert self.ask(client) == 503
        assert client.get("/serve/v2/models/vera-sums").status_code == 503

        assert self.figures() == [(1, 4, 1, 1)]

    def test_what_no_version_answered_is_counted_apart(self, client: Client) -> None:
        rollout = scene.served()
        retire_version(version=rollout.version, actor=scene.operator())
        services.retire_serving(version_id=rollout.version_id)
        assert self.ask(client) == 410
        assert self.figures() == [(0, 1, 1, 0)]

    def test_names_that_nobody_has_are_not_counted(self, client: Client) -> None:
        scene.served()
        assert self.ask(client, path="/serve/v2/models/made-up/infer") == 404
        assert self.figures() == []


@pytest.mark.django_db
@pytest.mark.usefixtures("_fakes")
class TestTable:
    def test_adds_to_what_is_there(self) -> None:
        scene.served()
        span = Span("vera-sums", 1, NOON)
        services.add_figures(counted={span: counts(1, 2, refused=1)})
        services.add_figures(counted={span: counts(40_000, failed=1), Span("gone", 1, NOON): counts(1)})

        (row,) = RequestFigures.objects.all()
        assert (row.requests, row.refused, row.failed) == (3, 1, 1)
        assert (row.ms_1, row.ms_2, row.ms_more) == (1, 1, 1)

    def test_grows_coarser_with_age_and_loses_nothing_until_it_is_forgotten(self) -> None:
        scene.served()
        ages = (0, 60, 3 * HOUR, 3 * HOUR + 60, 3 * DAY, 3 * DAY + QUARTER, 100 * DAY)
        services.add_figures(counted={Span("vera-sums", 1, NOON - age): counts(5, 5) for age in ages})

        for _ in range(3):
            services.roll_up_figures(now=NOON)

        assert rows() == [
            (NOON - 3 * DAY - HOUR, HOUR, 1, 2),
            (NOON - 3 * DAY, HOUR, 1, 2),
            (NOON - 3 * HOUR - QUARTER, QUARTER, 1, 2),
            (NOON - 3 * HOUR, QUARTER, 1, 2),
            (NOON - 60, MINUTE, 1, 2),
            (NOON, MINUTE, 1, 2),
        ]
        assert set(RequestFigures.objects.values_list("ms_5", flat=True)) == {2}

    def test_is_thinned_out_a_bounded_number_at_a_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("deployer.services.figures.ROWS_AT_ONCE", 1)
        scene.served()
        late = {Span("vera-sums", 1, NOON - 3 * HOUR + 60 * n): counts(1) for n in range(3)}
        services.add_figures(counted=late)
        for expected in ([1, 1, 1], [2, 1], [3]):
            services.roll_up_figures(now=NOON)
            assert [row[3] for row in rows()] == expected


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_fakes")
def test_several_processes_that_write_at_once_add_up() -> None:
    """Each with spans in another order, while the sweep makes them coarser."""
    scene.served(name="a")
    scene.served(name="b")
    spans = [Span(f"vera-{name}", 1, NOON - 60 * age) for name in "ab" for age in (0, 1, 150, 151)]

    def writer(number: int) -> Callable[[], None]:
        def write() -> None:
            for _ in range(5):
                services.add_figures(counted={span: counts(7) for span in spans[number:] + spans[:number]})

        return write

    def sweep() -> None:
        for _ in range(5):
            services.roll_up_figures(now=NOON)

    outcomes = at_once(*map(writer, range(4)), sweep)

    assert outcomes == [None] * 5
    connection.close()
    assert sum(row[3] for row in rows()) == 4 * 5 * len(spans)


@pytest.mark.django_db
def test_the_figures_of_all_endpoints_together_are_those_of_all() -> None:
    owner = make_account()
    for number in range(2):
        Endpoint.objects.create(name=f"e-{number}", registered_model=make_model(owner, f"m-{number}"))
    asked = {Span("e-0", 1, NOON): counts(3, 40, 40, refused=1), Span("e-1", 1, NOON): counts(3, 9000, failed=2)}
    services.add_figures(counted=asked)
    hour, now = traffic.PERIODS["hour"], NOON + 90.0

    each = traffic.by_endpoint(hour, now=now)

    assert len(each) == 2
    assert traffic.together(each.values(), period=hour, now=now) == traffic.in_all(hour, now=now)
    assert traffic.together([], period=hour, now=now).p95 is None
