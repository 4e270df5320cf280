"""Take the pictures for docs/report.md: report_pictures.py RUN_FOLDER. Needs playwright and Chromium."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).parents[1] / "docs" / "images"
_WIDTH = 1240
_DRAWN_MS = 3000
"""Time for the charts to be drawn: they come as they get into view."""


def take(report: Path) -> None:
    """Write a picture of the top, the first two charts and the table by resource."""
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": _WIDTH, "height": 900}, color_scheme="light")
        page.goto(report.resolve().as_uri())
        page.wait_for_timeout(_DRAWN_MS)
        _picture(page, "report-top.png", "body", "#section-charts")
        _picture(page, "report-charts.png", "#chart-rate", "#chart-heat")
        _picture(page, "report-table.png", "#section-operations", "#section-steps")
        browser.close()


def _picture(page: Page, name: str, first: str, after: str) -> None:
    """Write what is between the tops of two elements."""
    top, end = (page.locator(at).first.evaluate("e => e.getBoundingClientRect().top") for at in (first, after))
    clip = {"x": 0, "y": max(0, top), "width": _WIDTH, "height": end - max(0, top)}
    page.screenshot(path=IMAGES / name, full_page=True, clip=clip)


if __name__ == "__main__":
    take(Path(sys.argv[1]) / "report.html")
