"""Alerts ask for figures that the portal tells, in expressions that Prometheus reads, and each is explained."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from portal.metrics import exposition
from tests.architecture import ROOT

FOLDER = ROOT / "deploy" / "monitoring"
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"] for rule in group["rules"]
]
NAMES = re.compile(r"\b(model_commons_\w+)")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_prometheus_reads_it(rule: dict[str, Any]) -> None:
    assert promql_parser.parse(rule["expr"])
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"].endswith(".")


def test_the_parser_finds_faults() -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # it has no errors of its own
        promql_parser.parse("sum(rate(x[5m])")


def told() -> Iterator[str]:
    for family in text_string_to_metric_families(exposition().decode()):
        yield family.name
        yield from {f"{family.name}_{end}" for end in ENDS[family.type]}


ENDS = {"counter": ["total"], "histogram": ["bucket", "count", "sum"], "gauge": [], "unknown": [], "info": ["info"]}


@pytest.mark.django_db
def test_every_figure_that_is_asked_for_is_told() -> None:
    known = set(told())
    for rule in RULES:
        asked = set(NAMES.findall(rule["expr"]))
        assert asked <= known, rule["alert"]


def test_every_alert_is_explained() -> None:
    page = (ROOT / "docs" / "operations" / "monitoring.md").read_text()
    assert [rule["alert"] for rule in RULES if f"| {rule['alert']} |" not in page] == []


def test_the_job_is_called_as_the_alerts_expect() -> None:
    (scrape,) = yaml.safe_load((FOLDER / "prometheus.yaml").read_text())["scrape_configs"]
    assert f'job="{scrape["job_name"]}"' in "".join(rule["expr"] for rule in RULES)
