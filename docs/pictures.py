"""Draw the pictures of the report that the documentation shows, from the sandbox.

python docs/pictures.py

It takes Chromium, the extra `browser` and Pillow of the extra `benchmarks`, and looks best with the font Inter.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import harvest_duck

DIRECTORY = Path(__file__).parent / "pictures"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture: how wide the page is, its colours, and whether it is as on a screen or on paper."""

    width: int
    scheme: Literal["light", "dark"] = "light"
    media: Literal["screen", "print"] = "screen"


PICTURES = {
    "report-light.png": Picture(1320),
    "report-dark.png": Picture(1320, scheme="dark"),
    "report-phone.png": Picture(390),
    # A4 within its margins, with 96 pixels to the inch as CSS has them.
    "report-print.png": Picture(718, media="print"),
}


def main() -> None:
    """Write every picture."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - of an extra

    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        sys.exit("Chromium is not installed")
    drawn = harvest_duck.report(harvest_duck.connect("DSN=sandbox"), as_of="2026-11-20")
    with TemporaryDirectory() as directory, sync_playwright() as playwright:
        file = Path(directory) / "report.html"
        file.write_text(drawn, "utf-8")
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-lcd-text"])
        for name, picture in PICTURES.items():
            page = browser.new_page(viewport={"width": picture.width, "height": 900}, color_scheme=picture.scheme)
            page.emulate_media(media=picture.media)
            page.goto(file.as_uri())
            height = page.evaluate("Math.ceil(document.body.getBoundingClientRect().height)")
            page.set_viewport_size({"width": picture.width, "height": height})
            _save(page.screenshot(), DIRECTORY / name)
            page.close()
        browser.close()


def _save(drawn: bytes, file: Path) -> None:
    """Save a picture with the 256 colours that stand for it best, which makes it a third as large."""
    from PIL import Image  # noqa: PLC0415 - of an extra

    colours = Image.open(BytesIO(drawn)).convert("RGB")
    few = colours.quantize(256, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(file, optimize=True)


if __name__ == "__main__":
    main()
