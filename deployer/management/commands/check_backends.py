"""`manage.py check_backends`: asks each configured part what works, and says how to mend what does not."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from deployer.errors import PortalError
from deployer.probes.configured import configured_probes
from deployer.probes.report import TIMEOUT, Finding, PartReport, ask_all
from deployer.probes.texts import FindingRow, finding_rows
from registry.interfaces import Verdict
from registry.messages import message

_MARKS = {"pass": "ok  ", "warn": "WARN", "fail": "FAIL"}


class Command(BaseCommand):
    """Asks; writes nothing but a few random bytes that it takes away again. Exit status 1 if a part does not work."""

    help = "Ask database, broker, cache, content store, OCI registry and serving what works, and how to mend the rest."
    requires_system_checks: list[str] = []  # noqa: RUF012  # as Django declares it
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How long, and in which form."""
        parser.add_argument("--json", action="store_true", help="print the findings as JSON")
        parser.add_argument("--timeout", type=float, default=TIMEOUT, help="seconds for all parts together")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Ask, print, and say by the exit status whether everything that is needed works."""
        try:
            reports = ask_all(configured_probes(), timeout=options["timeout"])
        except PortalError as error:
            text = message(error.code, error.params)
            raise CommandError(f"{text.title} {text.body}".strip()) from error
        if options["json"]:
            self.stdout.write(json.dumps([_plain(report) for report in reports], indent=2))
        else:
            for row in finding_rows(reports):
                self._print(row)
        failed = [report.part for report in reports if report.verdict is Verdict.FAIL]
        if failed:
            raise CommandError("What is marked FAIL has to be mended before the portal works.", returncode=1)

    def _print(self, row: FindingRow) -> None:
        style = {"warn": self.style.WARNING, "fail": self.style.ERROR}.get(row.verdict, str)
        self.stdout.write(style(f"{_MARKS[row.verdict]} {row.name}: {row.summary}"))
        if row.advice:
            self.stdout.write(f"     {row.advice}")


def _plain(report: PartReport) -> dict[str, object]:
    return {
        "part": report.part.removeprefix("part."),
        "verdict": report.verdict.value,
        "seconds": report.seconds,
        "findings": [_plain_finding(finding) for finding in report.findings],
    }


def _plain_finding(finding: Finding) -> dict[str, object]:
    text = message(finding.code, finding.params)
    return {
        "verdict": finding.verdict.value,
        "code": finding.code,
        "params": dict(finding.params),
        "title": str(text.title),
        "body": str(text.body),
    }
