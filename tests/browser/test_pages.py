"""What every page owes everybody: nothing that axe objects to, no sideways scrolling, valid markup, a quiet console."""

from __future__ import annotations

import json
import subprocess
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.pages import Place, places
from tests.browser.visitors import Visitors

ROOT = Path(__file__).parents[2]
PACKAGES = ROOT / "static" / "node_modules"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
NARROW = 320
LOOKS = list(product(("light", "dark"), (390, 1280), ("en", "ar")))
# The two looks that differ in everything; the short form shows each place in one of them, the long one in all eight.
APART = [("light", 1280, "en"), ("dark", 390, "ar")]


# Compressed bytes and requests that a page may cost somebody whose browser has kept nothing.
BUDGET = {"script": 20_000, "style": 30_000, "whole": 100_000, "requests": 12}
MORE_SCRIPT = {"draft-": 40_000, "operations": 45_000}
COST = """
() => {
  const parts = performance.getEntriesByType('resource');
  const bytes = (chosen) => chosen.reduce((sum, part) => sum + part.encodedBodySize, 0);
  return {
    script: bytes(parts.filter((part) => new URL(part.name).pathname.endsWith('.js'))),
    style: bytes(parts.filter((part) => new URL(part.name).pathname.endsWith('.css'))),
    whole: bytes([...parts, ...performance.getEntriesByType('navigation')]),
    requests: parts.length + 1,
    foreign: parts.filter((part) => new URL(part.name).origin !== location.origin).length,
  };
}
"""


def axe_violations(page: Page) -> list[str]:
    """One line for each element at fault."""
    page.evaluate((PACKAGES / "axe-core" / "axe.min.js").read_text())
    found: dict[str, Any] = page.evaluate("tags => axe.run({runOnly: tags, resultTypes: ['violations']})", TAGS)
    return [f"{v['id']}: {node['html'][:200]}" for v in found["violations"] for node in v["nodes"]]


def overspent(place: Place, page: Page) -> list[str]:
    """What the page costs beyond its budget."""
    spent: dict[str, int] = page.evaluate(COST)
    more = [allowed for start, allowed in MORE_SCRIPT.items() if place.name.startswith(start)]
    budget = {"foreign": 0, **BUDGET, "script": max([BUDGET["script"], *more])}
    return [f"{name}: {spent[name]} of {allowed}" for name, allowed in budget.items() if spent[name] > allowed]


def faults_of(place: Place, page: Page, width: int) -> list[str]:
    """What is wrong with a page as it stands, what it costs too much, and whether it scrolls sideways at 320 pixels."""
    found = [*overspent(place, page), *axe_violations(page)]
    page.set_viewport_size({"width": NARROW, "height": 640})
    if (needed := page.evaluate("document.documentElement.scrollWidth")) > NARROW:
        found.append(f"{needed} pixels wide at {NARROW}")
    page.set_viewport_size({"width": width, "height": 800})
    return found


def check_places(visitors: Visitors, shown: list[Place], theme: str, width: int, language: str) -> None:
    options = {"color_scheme": theme, "viewport": {"width": width, "height": 800}, "locale": language}
    faults = {
        place.name: found for place, page in visitors.tour(shown, **options) if (found := faults_of(place, page, width))
    }
    assert not faults, json.dumps(faults, indent=1)


@pytest.mark.parametrize("turn", range(len(APART)), ids=[f"{theme}-{width}-{tongue}" for theme, width, tongue in APART])
def test_every_page_is_accessible_narrow_and_light(visitors: Visitors, scene: dict[str, str], turn: int) -> None:
    check_places(visitors, places(scene)[turn :: len(APART)], *APART[turn])


@pytest.mark.long
@pytest.mark.parametrize(("theme", "width", "language"), LOOKS)
def test_every_page_in_every_look(
    visitors: Visitors, scene: dict[str, str], theme: str, width: int, language: str
) -> None:
    check_places(visitors, places(scene), theme, width, language)


def test_arabic_pages_run_from_right_to_left(visitors: Visitors) -> None:
    page = visitors.enter(locale="ar")
    page.goto("/models/")
    assert page.evaluate("getComputedStyle(document.body).direction") == "rtl"


def test_the_markup_of_every_page_is_valid(visitors: Visitors, scene: dict[str, str], tmp_path: Path) -> None:
    pages: dict[str, Page] = {}
    for place in places(scene):
        if place.account not in pages:
            pages[place.account] = visitors.enter(place.account)
        answer = pages[place.account].request.get(place.path)
        (tmp_path / f"{place.name}.html").write_text(answer.text())
    command = [
        str(PACKAGES / ".bin" / "html-validate"),
        "--config",
        str(ROOT / ".htmlvalidate.json"),
        "--max-warnings=0",
    ]
    done = subprocess.run(
        [*command, *map(str, tmp_path.glob("*.html"))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
