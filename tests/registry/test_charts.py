from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from django.template import Context, Template
from django.utils import translation

from registry import charts
from registry.charts import Bar, Marker, Series

START = 1_795_651_200  # 2026-11-26 00:00 UTC
QUARTER = 900


def moments(count: int) -> list[int]:
    return [START + QUARTER * number for number in range(count)]


def drawn(chart: charts.Chart, **more: str) -> str:
    source = "{% load charts %}{% chart chart chart_id='c' title=title description='What it shows' csv_url=csv %}"
    return Template(source).render(Context({"chart": chart, "title": more.get("title", "Requests"), "csv": "/x.csv"}))


class TestTicks:
    @pytest.mark.parametrize(
        ("top", "expected"),
        [
            (0, [0, 1]),
            (1, [0, 0.5, 1]),
            (3, [0, 1, 2, 3]),
            (182, [0, 50, 100, 150, 200]),
            (200, [0, 50, 100, 150, 200]),
            (0.07, [0, 0.02, 0.04, 0.06, 0.08]),
            (999_999, [0, 500_000, 1_000_000]),
        ],
    )
    def test_values_are_round_and_reach_the_top(self, top: float, expected: list[float]) -> None:
        assert charts.nice_ticks(top) == pytest.approx(expected)

    def test_a_day_is_told_in_hours_and_a_week_in_days(self) -> None:
        assert [text for _, text in charts.time_ticks(START, START + 86_399)] == ["00:00", "06:00", "12:00", "18:00"]
        week = [text for _, text in charts.time_ticks(START, START + 7 * 86_400 - 1)]
        assert week == ["11-27", "11-29", "12-01"]


class TestLines:
    def test_a_gap_is_a_gap(self) -> None:
        chart = charts.line_chart(moments(6), [Series(label="p95", values=[1, 2, None, None, 3, None])], filled=True)
        (line,) = chart.lines
        assert line.path.count("M") == 2
        assert line.path.endswith("h0")
        assert line.area.count("Z") == 2

    def test_higher_values_stand_higher_and_later_ones_further_right(self) -> None:
        chart = charts.line_chart(moments(3), [Series(label="a", values=[0, 2, 1])])
        points = [tuple(map(float, p)) for p in re.findall(r"([\d.]+) ([\d.]+)", chart.lines[0].path)]
        assert [x for x, _ in points] == [charts.LEFT, (charts.LEFT + charts.RIGHT) / 2, charts.RIGHT]
        assert points[0][1] == charts.BOTTOM
        assert points[1][1] == charts.TOP

    def test_the_table_has_the_same_numbers(self) -> None:
        chart = charts.line_chart(moments(2), [Series(label="a", values=[1.5, None]), Series(label="b", values=[2, 3])])
        assert [list(values) for _, values in chart.rows] == [[1.5, 2], [None, 3]]

    def test_no_line_has_more_points_than_a_reader_can_see(self) -> None:
        with pytest.raises(ValueError, match="at most 100"):
            charts.line_chart(moments(101), [Series(label="a", values=[1] * 101)])
        with pytest.raises(ValueError, match="one value per moment"):
            charts.line_chart(moments(3), [Series(label="a", values=[1])])

    def test_labels_that_would_lie_upon_each_other_are_left_to_the_list(self) -> None:
        at = (START + QUARTER, START + QUARTER, START + 8 * QUARTER)
        chart = charts.line_chart(
            moments(10), [Series(label="a", values=[1] * 10)], markers=[Marker(at=each, label="iris 1") for each in at]
        )
        assert [bool(marker.text_x) for marker in chart.markers] == [True, False, True]
        assert [marker.label for marker in chart.markers] == ["iris 1"] * 3

    def test_markers_outside_the_period_are_left_out_and_labels_stay_inside(self) -> None:
        at = [
            START - 1,
            START,
            START + QUARTER * 9 + 1,
            START + QUARTER * 10,
        ]  # the step of the last moment is still under way
        markers = [Marker(at=each, label=f"v{each}") for each in at]
        chart = charts.line_chart(moments(10), [Series(label="a", values=[1] * 10)], markers=markers)
        assert [marker.anchor for marker in chart.markers] == ["start", "end"]

    def test_nothing_is_empty(self) -> None:
        assert charts.line_chart([], []).empty
        assert charts.line_chart(moments(2), [Series(label="a", values=[None, None])]).empty
        assert charts.bar_chart([]).empty

    def test_sparklines_need_two_values(self) -> None:
        assert charts.sparkline([None, 1]) == ""
        assert charts.sparkline([0, 0]).startswith("M1 16L55 16")


class TestDrawing:
    def test_names_describes_and_escapes(self) -> None:
        chart = charts.line_chart(
            moments(4),
            [Series(label="<p50>", values=[1, 2, 3, 4]), Series(label="p95", values=[2000, 3000, 4000, 5000])],
            markers=[Marker(at=START + QUARTER, label="<v2>")],
        )
        html = drawn(chart, title="Latency & more")
        (svg,) = re.findall(r'<svg viewBox="0 0 480.*?</svg>', html, re.DOTALL)
        root = ET.fromstring(svg)
        assert root.get("role") == "img"
        assert [child.tag for child in root][:2] == ["title", "desc"]
        assert "Latency &amp; more" in html
        assert "<v2>" not in html
        assert "<p50>" not in html
        assert "Show as table" in html
        assert html.count("<tr>") == 5
        assert "5,000" in html
        assert 'href="/x.csv"' in html
        assert " style=" not in html

    def test_the_time_axis_stays_left_to_right_and_no_comma_enters_a_path(self) -> None:
        chart = charts.line_chart(moments(7), [Series(label="a", values=[0.5, 1.5, 2.25, 1, 2, 3, 0.1])])
        with translation.override("de"):
            html = drawn(chart)
        assert 'class="chart__plot" dir="ltr"' in html
        paths = re.findall(r' d="([^"]*)"', html)
        assert paths
        assert [path for path in paths if "," in path] == []

    def test_bars_tell_failed_ones_by_more_than_colour(self) -> None:
        chart = charts.bar_chart([Bar(label="#1", value=3, url="/builds/1/"), Bar(label="#2", value=6, failed=True)])
        html = drawn(chart)
        assert "\N{MULTIPLICATION SIGN} failed" in html
        assert html.count("chart__failed") == 1
        assert 'href="/builds/1/"' in html

    @pytest.mark.parametrize(
        ("value", "text"),
        [(None, "–"), (0, "0"), (0.183, "0.18"), (12.34, "12.3"), (1480.2, "1,480"), (0.0421, "0.042")],  # noqa: RUF001  # the dash of an empty cell
    )
    def test_amounts_are_short(self, value: float | None, text: str) -> None:
        assert Template("{% load charts %}{{ v|amount }}").render(Context({"v": value})) == text
