"""Make docs/images/*.png: every page on sample data, for the README.

    python scripts/screenshots.py            (needs a Chromium; see tests/e2e/chromium.py)

The app runs with an empty home and no upstream in reach, so that it shows sample data only.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from PIL import Image  # noqa: E402
from playwright.sync_api import Page, sync_playwright  # noqa: E402

from tests.e2e import chromium  # noqa: E402
from tests.e2e.conftest import FLAGS  # noqa: E402
from tests.e2e.site import free_port, serve, visit  # noqa: E402

IMAGES = ROOT / "docs" / "images"
SHOTS = (
    # name, path, colour scheme, width
    ("overview", "", "light", 1280),
    ("overview_dark", "", "dark", 1280),
    ("overview_phone", "", "light", 390),
    ("generation_mix", "generation_mix", "light", 1280),
    ("carbon_intensity", "carbon_intensity", "light", 1280),
    ("electricity_costs", "electricity_costs?range=30d", "light", 1280),
    ("tariff_comparison", "tariff_comparison?range=30d", "light", 1280),
    ("battery", "battery", "light", 1280),
    ("data_sources", "data_sources", "light", 1280),
)


def tall(page: Page, width: int) -> None:
    """Make the window as high as the page, at most one and a half screens."""
    height = page.locator("[data-testid=stMain]").evaluate("el => el.scrollHeight")
    page.set_viewport_size({"width": width, "height": min(int(height), 1500)})
    page.wait_for_timeout(1500)


def main() -> None:
    """Every picture of `SHOTS` whose page exists."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    nowhere = {"ENERGYDASH_REPLAY_URL": f"http://127.0.0.1:{free_port()}"}
    with (
        tempfile.TemporaryDirectory() as home,
        serve(Path(home), nowhere) as site,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium.executable(), args=FLAGS)
        for name, path, scheme, width in SHOTS:
            file = path.partition("?")[0] or "overview"
            if not (ROOT / "pages" / f"{file}.py").exists():
                continue
            context = browser.new_context(
                viewport={"width": width, "height": 900},
                color_scheme=scheme,  # type: ignore[arg-type]
                timezone_id="Europe/London",
            )
            page = context.new_page()
            visit(page, site, path)
            page.wait_for_timeout(4000)
            tall(page, width)
            picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
            small = picture.quantize(256, kmeans=3, dither=Image.Dither.NONE)  # a third the size
            small.save(IMAGES / f"{name}.png", optimize=True)
            context.close()
        browser.close()


if __name__ == "__main__":
    main()
