"""Find a Chromium for the browser tests; `python -m tests.e2e.chromium` prints it, or fails."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC = (
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
NONE = "no Chromium was found, and none could be installed (ENERGYDASH_CHROMIUM names one)"


def executable() -> str | None:
    """The path of ENERGYDASH_CHROMIUM, of an installed browser, or of Playwright's own."""
    named = os.environ.get("ENERGYDASH_CHROMIUM", "")
    for candidate in (named, *filter(None, map(shutil.which, NAMES)), *MAC):
        if candidate and Path(candidate).exists():
            return candidate
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if own and Path(own).exists() else None


if __name__ == "__main__":
    path = executable()
    sys.stdout.write(f"{path or NONE}\n")
    sys.exit(0 if path else 1)
