"""How every benchmark reports: a Markdown table of figures against targets."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measured figure; `met` is None where there is no target to meet."""

    name: str
    figure: str
    target: str = "-"
    met: bool | None = None


def print_report(title: str, rows: Iterable[Row]) -> int:
    """Print the table; returns the exit status: 1 if a target was missed."""
    shown = list(rows)
    # The load tells whether other programs took part in the figures.
    machine = f"{platform.machine()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}"
    print(f"### {title}\n\n{machine}, Python {platform.python_version()}\n")
    print("| What | Figure | Target | Met |\n|---|---|---|---|")
    for row in shown:
        met = {True: "yes", False: "NO", None: "-"}[row.met]
        print(f"| {row.name} | {row.figure} | {row.target} | {met} |")
    return int(any(row.met is False for row in shown))
