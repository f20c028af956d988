"""Charts in templates: what `registry.charts` shaped, drawn as SVG with a title, a description and a table."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from django import template
from django.template.loader import render_to_string
from django.utils.formats import number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from registry import charts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

register = template.Library()
_SIZE = {
    "width": charts.WIDTH,
    "height": charts.HEIGHT,
    "left": charts.LEFT,
    "right": charts.RIGHT,
    "top": charts.TOP,
    "bottom": charts.BOTTOM,
    "label_y": charts.BOTTOM + 20,
    "marker_y": charts.TOP - 6,
}


@register.simple_tag
def chart(chart: charts.Chart, *, chart_id: str, title: str, description: str, csv_url: str = "") -> SafeString:
    """A whole chart. `chart_id` is unique on the page; `description` says in a sentence what the picture shows."""
    context = {
        "chart": chart,
        "chart_id": chart_id,
        "title": title,
        "description": description,
        "csv_url": csv_url,
        **_SIZE,
    }
    return mark_safe(render_to_string("includes/chart.html", context))  # noqa: S308  # a template, which escapes


@register.simple_tag
def chart_rows(chart: charts.Chart) -> SafeString:
    """The rows of a line chart's table: moments in UTC, then a value per line."""
    language = get_language()
    return mark_safe("".join(_row(moment, tuple(values), language) for moment, values in chart.rows))  # noqa: S308  # each row is escaped


@lru_cache(maxsize=4096)
def _row(moment: datetime, values: tuple[float | None, ...], _language: str | None) -> SafeString:
    """One row. Kept, since a stretch of time that is over is the same on every page and at every visit."""
    cells = format_html_join("", '<td class="num">{}</td>', ((amount(value),) for value in values))
    shown = moment.strftime("%Y-%m-%d %H:%M")
    return format_html(
        '<tr><th scope="row"><time datetime="{}">{}</time></th>{}</tr>', moment.isoformat(), shown, cells
    )


@register.simple_tag
def sparkline(values: Sequence[float | None]) -> SafeString:
    """A decorative small line; the number beside it is what it says. Nothing where there is no line."""
    path = charts.sparkline(values)
    if not path:
        return mark_safe("")
    return format_html(
        '<svg class="sparkline" viewBox="0 0 {width} {height}" width="{width}" height="{height}" aria-hidden="true" '
        'focusable="false"><path d="{path}"/></svg>',
        width=charts.SPARK_WIDTH,
        height=charts.SPARK_HEIGHT,
        path=path,
    )


@register.filter
def amount(value: float | None) -> str:
    """A figure as people read it: whole from 100 on, else with up to three significant digits; a dash for None."""
    if value is None:
        return "\N{EN DASH}"
    size = abs(value)
    decimals = 0 if size >= 100 or value == int(value) else 1 if size >= 10 else 2 if size >= 0.1 else 3  # noqa: PLR2004  # powers of ten
    return number_format(round(value, decimals), decimal_pos=decimals, force_grouping=True)


@register.filter
def tick(value: float) -> str:
    """A round value beside an axis, with no more decimals than it needs."""
    decimals = next((n for n in range(3) if round(value, n) == round(value, 6)), 3)
    return number_format(round(value, decimals), decimal_pos=decimals, force_grouping=True)


@register.filter
def percent(value: float | None) -> str:
    """A share as people read it: "0.18 %"; a dash for None."""
    # Translators: a share in percent.
    return amount(None) if value is None else _("%(value)s %%") % {"value": amount(value)}


@register.filter
def latency(value: float | None) -> str:
    """A latency as a table shows it: "142 ms"; a dash for None."""
    # Translators: a latency; ms is the unit.
    return amount(None) if value is None else _("%(value)s ms") % {"value": amount(value)}
