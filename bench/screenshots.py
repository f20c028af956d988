"""Pictures of every page of a running portal, light and dark, wide and narrow.

    make run                                # in one terminal
    make screenshots                        # in another; ARGS="--address http://127.0.0.1:8100" for another port

Pictures go to `docs/screenshots/<page>-<theme>-<width>.png`, with few colours, since they are committed.
"""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from portal import env

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TARGET = env.ROOT / "docs" / "screenshots"
HEIGHTS = {1280: 900, 390: 844}
LONGEST = 1800
COLOURS = 64


@dataclass(frozen=True, slots=True)
class Shot:
    """A page by name; `role` is who looks at it."""

    name: str
    path: str
    role: str = ""


SHOTS = (
    Shot("home", "/"),
    Shot("catalogue", "/models/"),
    Shot("model", "/models/amina/upload-content-type/"),
    Shot("version", "/models/research-team/edit-summary-language/versions/1/"),
    Shot("endpoint", "/endpoints/moderation-tools-team-automated-user-agent/"),
    Shot("operations", "/operations/"),
    Shot("build", "/builds/1/"),
    Shot("rollout", "/rollouts/1/"),
    Shot("log", "/log/"),
    Shot("sign-in", "/accounts/login/"),
    Shot("my-models", "/mine/", "volunteer"),
    Shot("submit", "/submit/", "volunteer"),
    Shot("reviews", "/reviews/", "reviewer"),
    Shot("review", "/reviews/1/", "reviewer"),
    Shot("not-found", "/models/nobody/nothing/"),
)


def main() -> int:
    """Take the pictures; returns 1 if a page did not answer as expected."""
    parser = argparse.ArgumentParser(description="Pictures of every page of a running demonstration.")
    parser.add_argument("--address", default=f"http://127.0.0.1:{env.PORT}")
    parser.add_argument("--only", nargs="*", default=[], help="names of pages")
    arguments = parser.parse_args()
    password = (env.DATA_DIR / "demo-password").read_text()
    TARGET.mkdir(parents=True, exist_ok=True)
    wanted = [shot for shot in SHOTS if not arguments.only or shot.name in arguments.only]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        failed = [line for line in take(browser, arguments.address, password, wanted) if line]
        browser.close()
    print("\n".join(failed) or f"{len(wanted)} pages in {TARGET}")
    return int(bool(failed))


def take(browser: Browser, address: str, password: str, shots: list[Shot]) -> Iterator[str]:
    """Picture each page in each theme and width; yields a line for what went wrong."""
    for role in sorted({shot.role for shot in shots}):
        for theme in ("light", "dark"):
            for width, height in HEIGHTS.items():
                context = browser.new_context(
                    viewport={"width": width, "height": height},
                    color_scheme="dark" if theme == "dark" else "light",
                    base_url=address,
                )
                page = context.new_page()
                if role:
                    sign_in(page, role, password)
                for shot in (shot for shot in shots if shot.role == role):
                    answer = page.goto(shot.path)
                    if answer is None or answer.status >= 500:
                        yield f"{shot.path} did not answer as a page"
                    save(page, TARGET / f"{shot.name}-{theme}-{width}.png")
                context.close()


def sign_in(page: Page, role: str, password: str) -> None:
    """Sign in as one of the demonstration's accounts."""
    page.goto("/accounts/login/")
    page.fill("input[name=login]", role)
    page.fill("input[name=password]", password)
    page.click("main button[type=submit]")
    page.wait_for_url("**/mine/")


def save(page: Page, path: Path) -> None:
    """The whole page, cut where it gets long, in few colours."""
    picture = Image.open(io.BytesIO(page.screenshot(full_page=True)))
    cut = picture.convert("RGB").crop((0, 0, picture.width, min(picture.height, LONGEST)))
    cut.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
