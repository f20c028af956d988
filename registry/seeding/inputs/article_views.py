"""Fourteen days of page views as the forecast takes them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

DAYS = 14
WEEK = 7
FEATURES = (*(f"days_ago_{day}" for day in range(DAYS, 0, -1)), "weekday", "month")


def level(log_views: Sequence[float]) -> float:
    """The mean of the last seven days' logarithms: what the forecast is relative to."""
    return sum(log_views[-WEEK:]) / WEEK


def features(log_views: Sequence[float], day: date) -> list[float]:
    """The input for forecasting `day`, from the natural logarithms of the 14 days' views before it, oldest first.

    Gives those less their level, then the weekday (Monday is 0) and the month of `day`. Raises `ValueError` unless
    there are 14 of them.
    """
    if len(log_views) != DAYS:
        raise ValueError(f"{DAYS} days are needed")
    base = level(log_views)
    return [*(value - base for value in log_views), float(day.weekday()), float(day.month)]


def views(log_views: Sequence[float], prediction: float) -> float:
    """The number of views that a prediction stands for."""
    return math.exp(level(log_views) + prediction)
