"""What probes found, as people read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from deployer.probes.report import PartReport
from registry.messages import message


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingRow:
    """One finding: `name` is the part's, `summary` what was found, `advice` how to mend it, "" if there is nothing to.

    `verdict` is pass, warn or fail; `duration_ms` stands with the first finding of each part.
    """

    name: str
    verdict: str
    summary: str
    advice: str
    duration_ms: int | None


def finding_rows(reports: Iterable[PartReport]) -> Iterator[FindingRow]:
    """Every finding in words, part by part."""
    for report in reports:
        for number, finding in enumerate(report.findings):
            text = message(finding.code, finding.params)
            yield FindingRow(
                name=str(message(report.part).title),
                verdict=finding.verdict.value,
                summary=str(text.title),
                advice=str(text.body),
                duration_ms=None if number else round(report.seconds * 1000),
            )
