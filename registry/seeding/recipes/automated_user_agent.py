"""Does a User-Agent header belong to an automated client? Boosted trees by XGBoost, kept as JSON."""

from __future__ import annotations

import json

import numpy as np
import xgboost
from sklearn.metrics import roc_auc_score

from registry.seeding.card import fill_card
from registry.seeding.inputs.user_agent import FEATURES, features
from registry.seeding.packaged import Package
from registry.seeding.product import Example, Product
from registry.seeding.tensors import answer, request

CRAWLERS = Package("crawler-user-agents")
BROWSERS = Package("fake-useragent")
ROUNDS = 120
PARAMETERS = {
    "objective": "binary:logistic",
    "max_depth": 4,
    "learning_rate": 0.1,
    "subsample": 0.9,
    "tree_method": "hist",
    "nthread": 1,
    "seed": 20,
}
EXAMPLES = (
    ("A search engine's crawler", ["Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"]),
    ("A browser", ["Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"]),
    (
        "A script, and a headless browser that the model misses",
        [
            "python-requests/2.32.3",
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 HeadlessChrome/120.0.0.0 Safari/537.36",
        ],
    ),
)


def build() -> Product:
    """Train on four fifths of the crawlers and of the browsers, measure on crawlers never seen in any version."""
    crawlers = _crawlers()
    browsers = _browsers()
    train_x, train_y = _table(crawlers, browsers, held_out=False)
    test_x, test_y = _table(crawlers, browsers, held_out=True)
    booster = xgboost.train(PARAMETERS, _matrix(train_x, train_y), ROUNDS)
    return Product(
        owner="moderation-tools-team",
        owner_kind="team",
        name="automated-user-agent",
        title="Automated User-Agent",
        summary="Estimates from the User-Agent header whether a request comes from a robot or from a browser.",
        task="tabular-classification",
        licence="Apache-2.0",
        model_format="xgboost-json",
        files={"model.json": bytes(booster.save_raw("json")), "LICENSE": BROWSERS.licence_text},
        card=fill_card(
            __file__,
            crawler_version=CRAWLERS.version,
            browser_version=BROWSERS.version,
            features="\n".join(f"{place}. `{name}`" for place, name in enumerate(FEATURES, start=1)),
            crawlers=sum(map(len, crawlers)),
            patterns=len(crawlers),
            browsers=len(browsers),
            trained=len(train_y),
            tested=len(test_y),
            **_measure(booster, test_x, test_y),
        ),
        examples=[_example(booster, title, headers) for title, headers in EXAMPLES],
    )


def _crawlers() -> list[list[str]]:
    """The headers of each known crawler, without those seen at another one before."""
    seen: set[str] = set()
    groups = []
    for crawler in CRAWLERS.read_json("crawleruseragents/crawler-user-agents.json"):
        headers = [header for header in dict.fromkeys(crawler["instances"]) if header not in seen]
        seen.update(headers)
        groups.append(headers)
    return [group for group in groups if group]


def _browsers() -> list[str]:
    """The distinct headers of browsers, sorted."""
    lines = BROWSERS.path("fake_useragent/data/browsers.jsonl").read_text(encoding="utf-8").splitlines()
    return sorted({json.loads(line)["useragent"] for line in lines})


def _table(crawlers: list[list[str]], browsers: list[str], *, held_out: bool) -> tuple[np.ndarray, np.ndarray]:
    """Features [n, 13] and labels [n] of one side of the split: every fifth crawler and browser is held out."""
    automated = [header for place, group in enumerate(crawlers) if (place % 5 == 0) is held_out for header in group]
    human = [header for place, header in enumerate(browsers) if (place % 5 == 0) is held_out]
    rows = np.array([features(header) for header in (*automated, *human)], dtype=np.float32)
    return rows, np.array([1.0] * len(automated) + [0.0] * len(human), dtype=np.float32)


def _matrix(rows: np.ndarray, labels: np.ndarray | None = None) -> xgboost.DMatrix:
    return xgboost.DMatrix(rows, labels, feature_names=list(FEATURES), nthread=1)


def _measure(booster: xgboost.Booster, rows: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    scores = booster.predict(_matrix(rows))
    flagged = scores >= 0.5  # noqa: PLR2004 - the even odds that the card speaks of
    automated = labels == 1
    # The rule that the model has to beat: the header calls itself a robot, or gives a contact.
    names = list(FEATURES)
    rule = (rows[:, names.index("names_a_robot")] > 0) | (rows[:, names.index("gives_a_contact")] > 0)
    return {
        "accuracy": float((flagged == automated).mean()),
        "recall": float(flagged[automated].mean()),
        "false_positives": float(flagged[~automated].mean()),
        "precision": float(automated[flagged].mean()),
        "auc": float(roc_auc_score(labels, scores)),
        "rule_accuracy": float((rule == automated).mean()),
        "rule_recall": float(rule[automated].mean()),
        "rule_false_positives": float(rule[~automated].mean()),
    }


def _example(booster: xgboost.Booster, title: str, headers: list[str]) -> Example:
    rows = np.array([features(header) for header in headers], dtype=np.float32)
    expected = answer(predict=booster.predict(_matrix(rows)))
    return Example(title=title, request=request("input-0", rows), expected=expected, tolerance=1e-5)
