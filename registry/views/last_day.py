"""A model's last 24 hours in a box."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from registry.backends import serving_directory
from registry.charts import Chart, Series, line_chart
from registry.interfaces import LastDay


@dataclass(frozen=True, slots=True, kw_only=True)
class LastDayBox:
    """What `registry/fragments/last_day.html` shows."""

    figures: LastDay
    chart: Chart


def last_day_box(registered_model_id: int) -> LastDayBox | None:
    """The box of a model; None for one that never had an endpoint."""
    figures = serving_directory().last_day(registered_model_id)
    if figures is None:
        return None
    series = [Series(label=_("Requests per second"), values=figures.per_second)]
    return LastDayBox(figures=figures, chart=line_chart(figures.moments, series, filled=True))
