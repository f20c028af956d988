"""Takes pictures of every page of a demonstration into `docs/screenshots`: light and dark, wide and on a phone.

`python -m bench.screenshots [names…]` starts a portal of its own, waits for its four models, sends them requests for
some minutes, and stops it again.
"""

from __future__ import annotations

import base64
import json
import struct
import sys
import tempfile
import time
import zlib
from collections.abc import Collection
from itertools import product
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

from bench.demo_traffic import DemoTraffic
from tests.browser import visitors as steps
from tests.browser.conftest import ARGS, CHROMIUM
from tests.browser.live_portal import LivePortal
from tests.browser.pages import Place, places
from tests.browser.visitors import Visitors

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "screenshots"
VARIANTS = list(product(("light", "dark"), ((1280, 800), (390, 844))))
LEFT_OUT = {"operations", "catalogue-empty", "event", "email", "sign-out", "password-reset", "change-password"}
TRAFFIC_SECONDS = 300.0  # long enough for the charts of the last hour to have a shape
TALLEST = 2400  # pixels; what lies below repeats what stands above
COLOURS = 128
SHOWN = "research-team/edit-summary-language"
DEMONSTRATION = (
    SHOWN,
    "research-team/article-pageviews-forecast",
    "moderation-tools-team/automated-user-agent",
    "amina/upload-content-type",
)


def main(names: Collection[str]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="mc-pictures-") as folder, LivePortal(Path(folder), demo=True) as portal:
        scene = json.loads(portal.stage("scene", "iris"))
        scene |= {"model": f"/models/{SHOWN}/", "endpoint": f"/endpoints/{SHOWN.replace('/', '-')}/"}
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
            wait_for_the_demonstration(portal, browser)
            wanted = [place for place in places(scene) if place.name not in LEFT_OUT]
            with DemoTraffic(portal.origin, [name.replace("/", "-") for name in DEMONSTRATION]):
                time.sleep(TRAFFIC_SECONDS)
                for theme, size in VARIANTS:
                    take(portal, browser, [place for place in wanted if not names or place.name in names], theme, size)
            browser.close()
    if not names:
        forget_pages_that_are_gone({place.name for place in wanted})
    write_index()
    total = sum(path.stat().st_size for path in FOLDER.glob("*.png"))
    print(f"{len(list(FOLDER.glob('*.png')))} pictures, {total / 1e6:.1f} MB")


def forget_pages_that_are_gone(pages: Collection[str]) -> None:
    for path in FOLDER.glob("*.png"):
        if path.stem.rsplit("-", 2)[0] not in pages:
            path.unlink()


def write_index() -> None:
    """A page that leads to all pictures, by page and look."""
    looks = [f"{theme}-{width}" for theme, (width, _height) in VARIANTS]
    heads = [f"{theme}, {width} wide" for theme, (width, _height) in VARIANTS]
    suffix = f"-{looks[0]}.png"
    names = sorted(path.name.removesuffix(suffix) for path in FOLDER.glob(f"*{suffix}"))
    rows = [
        f"| Page | {' | '.join(heads)} |",
        "| --- " * (len(looks) + 1) + "|",
        *(f"| {name} | {' | '.join(f'[picture]({name}-{look}.png)' for look in looks)} |" for name in names),
    ]
    text = "# Pictures of every page\n\nTaken by `make screenshots` from a demonstration with its four models.\n\n"
    (FOLDER / "README.md").write_text(text + "\n".join(rows) + "\n")


def wait_for_the_demonstration(portal: LivePortal, browser: Browser) -> None:
    """The first start trains its models, which takes a minute or two."""
    visitors = Visitors(portal, browser)
    page = visitors.enter()
    for name in DEMONSTRATION:
        steps.expect_after_reloads(page, f"/models/{name}/", "In production", within_ms=600_000)
    visitors.leave()


def take(portal: LivePortal, browser: Browser, wanted: list[Place], theme: str, size: tuple[int, int]) -> None:
    visitors = Visitors(portal, browser)
    viewport = {"width": size[0], "height": size[1]}
    shrinker = browser.new_page()
    for place, page in visitors.tour(wanted, color_scheme=theme, viewport=viewport):
        prepare(place, page)
        path = FOLDER / f"{place.name}-{theme}-{size[0]}.png"
        path.write_bytes(shrunk(shrinker, photograph(page, *size)))
        print(path.name, f"{path.stat().st_size / 1000:.0f} kB")
    shrinker.close()
    visitors.leave()


def prepare(place: Place, page: Page) -> None:
    """Some pages say more once somebody has done something there."""
    if place.name == "draft-files":
        with tempfile.TemporaryDirectory() as folder:
            pickle = Path(folder) / "legacy_head.pkl"
            pickle.write_bytes(bytes(88_000))
            page.set_input_files("#upload-files", pickle)
            expect(page.locator("[data-uploads]")).to_contain_text("This is a pickle")
    elif place.name == "endpoint":
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("region", name="Answer", exact=True)).to_be_visible()
    elif place.name == "operations-operator":
        page.get_by_label("Period").select_option("hour")
        page.get_by_role("button", name="Apply").click()
    elif place.name == "review":
        page.get_by_role("textbox", name="Comment").fill("Please say how many flowers the figures rest on.")
        page.get_by_label("Request changes").check()


def photograph(page: Page, width: int, height: int) -> bytes:
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    whole = page.evaluate("document.documentElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": width, "height": min(max(whole, height), TALLEST)}
    return page.screenshot(full_page=True, clip=clip, animations="disabled")  # type: ignore[arg-type]  # a FloatRect


def shrunk(page: Page, png: bytes) -> bytes:
    """The picture with a palette: a third of the bytes, and nothing that an eye would miss."""
    source = "data:image/png;base64," + base64.b64encode(png).decode()
    found = page.evaluate((Path(__file__).parent / "palette.js").read_text(), [source, COLOURS])
    width, height, pixels = found["width"], found["height"], base64.b64decode(found["pixels"])
    rows = b"".join(b"\0" + pixels[start : start + width] for start in range(0, len(pixels), width))
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"PLTE", bytes(found["palette"])), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, *zip(*chunks, strict=True)))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


if __name__ == "__main__":
    main(sys.argv[1:])
