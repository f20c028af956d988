"""Charts as shapes: series go in, and what a template needs to draw them as SVG comes out. Knows no page and no colour.

Shapes are strings in the units of a `WIDTH` by `HEIGHT` drawing, so that no locale writes a comma into them. A value of
None is a gap: nothing is drawn there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

WIDTH, HEIGHT = 480, 210
LETTER = 6  # about the width of one in a label, in the chart's units
LEFT, RIGHT, TOP, BOTTOM = 54, 470, 22, 182
SPARK_WIDTH, SPARK_HEIGHT = 56, 18
MOST_POINTS = 100
_DAY, _HOUR = 86_400, 3600
_TIME_STEPS = (300, 600, 900, 1800, _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY, 2 * _DAY, 7 * _DAY)
_TICKS = 4

Values = Sequence[float | None]
_Scale = Callable[[float], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """A line: its name in the legend and one value per moment."""

    label: str
    values: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """Something that happened at a moment (epoch seconds): a version that went into production."""

    at: int
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: what it stands for, how high, and whether it stands out as failed."""

    label: str
    value: float
    failed: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: its place, and the value that a template writes there."""

    place: str
    value: float
    text: str = ""


@dataclass(frozen=True, slots=True)
class DrawnLine:
    """A series as SVG paths: the line, and the area under it. `number` chooses colour and dashes, from 1."""

    number: int
    label: str
    path: str
    area: str


@dataclass(frozen=True, slots=True)
class DrawnMarker:
    """A vertical line with its label on the side where there is room; `text_x` is "" if there is none at all."""

    x: str
    text_x: str
    anchor: str
    label: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DrawnBar:
    """A bar as a rectangle."""

    x: str
    y: str
    width: str
    height: str
    bar: Bar


@dataclass(frozen=True, slots=True)
class Chart:
    """All that a template draws; `rows` are the same numbers for a table: the moment, then a value per series."""

    lines: Sequence[DrawnLine] = ()
    bars: Sequence[DrawnBar] = ()
    markers: Sequence[DrawnMarker] = ()
    y_ticks: Sequence[Tick] = ()
    x_ticks: Sequence[Tick] = ()
    rows: Sequence[tuple[datetime, Values]] = field(default=())
    filled: bool = False

    @property
    def empty(self) -> bool:
        """Whether there is no value at all."""
        return not self.bars and not any(line.path for line in self.lines)


def line_chart(
    moments: Sequence[int], series: Sequence[Series], *, markers: Sequence[Marker] = (), filled: bool = False
) -> Chart:
    """Lines over time. `moments` are epoch seconds in even steps, at most `MOST_POINTS`; `filled` shades the area."""
    if len(moments) > MOST_POINTS or any(len(each.values) != len(moments) for each in series):
        raise ValueError(f"a line has one value per moment and at most {MOST_POINTS} of them")
    if not moments:
        return Chart(filled=filled)
    ticks = nice_ticks(max((value for each in series for value in each.values if value is not None), default=0))
    first, last = moments[0], moments[-1]
    end = last + (moments[1] - first if moments[1:] else 1)  # the newest step is still under way
    span = max(last - first, 1)

    def x_of(at: float) -> float:
        return LEFT + (RIGHT - LEFT) * (at - first) / span

    def y_of(value: float) -> float:
        return BOTTOM - (BOTTOM - TOP) * value / ticks[-1]

    drawn = [
        DrawnLine(
            number,
            each.label,
            _path(moments, each.values, x_of, y_of),
            _area(moments, each.values, x_of, y_of) if filled else "",
        )
        for number, each in enumerate(series, start=1)
    ]
    return Chart(
        lines=drawn,
        markers=_markers([(each, x_of(min(each.at, last))) for each in markers if first <= each.at < end]),
        y_ticks=[Tick(_number(y_of(value)), value) for value in ticks],
        x_ticks=[Tick(_number(x_of(at)), at, text) for at, text in time_ticks(first, last)],
        rows=[
            (datetime.fromtimestamp(at, UTC), [each.values[number] for each in series])
            for number, at in enumerate(moments)
        ],
        filled=filled,
    )


def bar_chart(bars: Sequence[Bar]) -> Chart:
    """Bars side by side in the order given, the first and the last named on the axis."""
    if not bars:
        return Chart()
    ticks = nice_ticks(max(bar.value for bar in bars))
    step = (RIGHT - LEFT) / len(bars)
    width = min(step * 0.8, 24)
    drawn = []
    for number, bar in enumerate(bars):
        height = max((BOTTOM - TOP) * bar.value / ticks[-1], 1)
        x = LEFT + step * number + (step - width) / 2
        drawn.append(DrawnBar(_number(x), _number(BOTTOM - height), _number(width), _number(height), bar))
    named = {0: bars[0], len(bars) - 1: bars[-1]}
    return Chart(
        bars=drawn,
        y_ticks=[Tick(_number(BOTTOM - (BOTTOM - TOP) * value / ticks[-1]), value) for value in ticks],
        x_ticks=[Tick(_number(LEFT + step * (n + 0.5)), n, bar.label) for n, bar in named.items()],
    )


def sparkline(values: Values) -> str:
    """A small line without axes, `SPARK_WIDTH` by `SPARK_HEIGHT`, as an SVG path; "" without two values."""
    if sum(value is not None for value in values) <= 1:
        return ""
    top = max(value for value in values if value is not None) or 1

    def x_of(at: float) -> float:
        return 1 + (SPARK_WIDTH - 2) * at / (len(values) - 1)

    return _path(range(len(values)), values, x_of, lambda value: SPARK_HEIGHT - 2 - (SPARK_HEIGHT - 4) * value / top)


def nice_ticks(top: float) -> list[float]:
    """Round values from 0 to at least `top`, one to five steps of 1, 2 or 5 times a power of ten."""
    if top <= 0:
        return [0.0, 1.0]
    power = 10 ** math.floor(math.log10(top / _TICKS))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor * _TICKS >= top * (1 - 1e-9))
    count = math.ceil(top / step - 1e-9)
    return [round(step * number, 10) for number in range(count + 1)]


def time_ticks(first: int, last: int) -> list[tuple[int, str]]:
    """Up to six round moments in UTC between two, with their texts: hours, or days where the span is long."""
    step = next((step for step in _TIME_STEPS if (last - first) / step <= _TICKS + 1), _TIME_STEPS[-1])
    at = first + -first % step
    ticks = []
    while at <= last:
        ticks.append((at, datetime.fromtimestamp(at, UTC).strftime("%m-%d" if step >= _DAY else "%H:%M")))
        at += step
    return ticks


def _runs(values: Values) -> Iterator[range]:
    """The stretches without a gap."""
    start = None
    for number, value in enumerate([*values, None]):
        if value is not None and start is None:
            start = number
        elif value is None and start is not None:
            yield range(start, number)
            start = None


def _path(moments: Sequence[int], values: Values, x_of: _Scale, y_of: _Scale) -> str:
    parts = []
    for run in _runs(values):
        points = [f"{_number(x_of(moments[n]))} {_number(y_of(values[n] or 0))}" for n in run]
        # A value alone is a dot: a line of no length, whose ends are round.
        parts.append(f"M{points[0]}h0" if len(points) == 1 else "M" + "L".join(points))
    return "".join(parts)


def _area(moments: Sequence[int], values: Values, x_of: _Scale, y_of: _Scale) -> str:
    parts = []
    for run in _runs(values):
        points = "L".join(f"{_number(x_of(moments[n]))} {_number(y_of(values[n] or 0))}" for n in run)
        first, last = (_number(x_of(moments[n])) for n in (run[0], run[-1]))
        parts.append(f"M{first} {BOTTOM}L{points}L{last} {BOTTOM}Z")
    return "".join(parts)


def _markers(places: Sequence[tuple[Marker, float]]) -> list[DrawnMarker]:
    """Lines at their places. A label that would lie upon another is left to the list below the chart."""
    drawn: list[DrawnMarker] = []
    taken: list[tuple[float, float]] = []
    for marker, x in places:
        left = x > (LEFT + RIGHT) / 2
        width = len(marker.label) * LETTER
        begins, ends = (x - 4 - width, x - 4) if left else (x + 4, x + 4 + width)
        free = all(ends < other_begins or begins > other_ends for other_begins, other_ends in taken)
        if free:
            taken.append((begins, ends))
        drawn.append(
            DrawnMarker(
                _number(x),
                _number(ends if left else begins) if free else "",
                "end" if left else "start",
                marker.label,
                datetime.fromtimestamp(marker.at, UTC),
            )
        )
    return drawn


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
