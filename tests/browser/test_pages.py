"""What every page owes everybody: nothing that axe objects to, no sideways scrolling, valid markup, a quiet console."""

from __future__ import annotations

import json
import subprocess
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.pages import places
from tests.browser.visitors import Visitors

ROOT = Path(__file__).parents[2]
PACKAGES = ROOT / "static" / "node_modules"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
VARIANTS = list(product(("light", "dark"), (390, 1280), ("en", "ar")))
SHORT = [("light", 1280, "en"), ("dark", 390, "ar")]


def axe_violations(page: Page) -> list[str]:
    """One line for each element at fault."""
    page.evaluate((PACKAGES / "axe-core" / "axe.min.js").read_text())
    found: dict[str, Any] = page.evaluate("tags => axe.run({runOnly: tags, resultTypes: ['violations']})", TAGS)
    return [f"{v['id']}: {node['html'][:200]}" for v in found["violations"] for node in v["nodes"]]


def variants(chosen: list[tuple[str, int, str]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("theme", "width", "language"), chosen)


def check_with_axe(visitors: Visitors, scene: dict[str, str], theme: str, width: int, language: str) -> None:
    options = {"color_scheme": theme, "viewport": {"width": width, "height": 800}, "locale": language}
    faults = {
        place.name: violations
        for place, page in visitors.tour(places(scene), **options)
        if (violations := axe_violations(page))
    }
    assert not faults, json.dumps(faults, indent=1)


@variants(SHORT)
def test_axe_finds_nothing(visitors: Visitors, scene: dict[str, str], theme: str, width: int, language: str) -> None:
    check_with_axe(visitors, scene, theme, width, language)


@pytest.mark.long
@variants([variant for variant in VARIANTS if variant not in SHORT])
def test_axe_finds_nothing_in_any_other_variant(
    visitors: Visitors, scene: dict[str, str], theme: str, width: int, language: str
) -> None:
    check_with_axe(visitors, scene, theme, width, language)


@pytest.mark.parametrize("language", ["en", "ar"])
def test_no_page_scrolls_sideways_at_320_pixels(visitors: Visitors, scene: dict[str, str], language: str) -> None:
    options: dict[str, Any] = {"viewport": {"width": 320, "height": 640}, "locale": language}
    too_wide = {
        place.name: width
        for place, page in visitors.tour(places(scene), **options)
        if (width := page.evaluate("document.documentElement.scrollWidth")) > 320
    }
    assert too_wide == {}


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
