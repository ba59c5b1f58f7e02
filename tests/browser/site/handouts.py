"""A handout for each notebook of the built site: its page, printed by Chromium, without answers. `make site` calls it last.

Where there is no browser the pages go on saying that there is no handout.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from notebook_pages import LANGUAGES, offer_handout

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tests" / "browser"))
from chromium import FLAGS, NAMES  # noqa: E402 # the folder has to be on the path first

FOOT = (
    '<div style="font:8px sans-serif;width:100%;text-align:center">'
    '<span class="title"></span> · <span class="pageNumber"></span> / <span class="totalPages"></span></div>'
)
PRINTED: dict[str, Any] = {"print_background": True, "tagged": True, "outline": True, "display_header_footer": True}
PRINTED["header_template"] = "<span></span>"
EDGES = {"top": "16mm", "bottom": "18mm", "left": "16mm", "right": "16mm"}


def find_pages(site: Path) -> list[Path]:
    """The pages of notebooks, in all languages."""
    found = [page for home in LANGUAGES for page in sorted((site / home).glob("*.html"))]
    return [page for page in found if page.stem != "index"]


def print_handouts(site: Path, pages: Sequence[Path], browser: Any) -> list[Path]:
    """The handouts, beside the notebooks in downloads, with a link from each page."""
    printed = []
    opened = browser.new_page(color_scheme="light")
    for page in pages:
        place = page.relative_to(site).with_suffix(".pdf")
        target = site / "downloads" / place.relative_to("notebooks")
        opened.goto(page.as_uri())
        opened.pdf(path=target, format="A4", margin=EDGES, footer_template=FOOT, **PRINTED)
        home = place.parent.as_posix()
        address = "../" * len(place.parent.parts) + target.relative_to(site).as_posix()
        page.write_text(offer_handout(page.read_text(encoding="utf-8"), address, home), encoding="utf-8")
        printed.append(target)
    opened.close()
    return printed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--site", type=Path, default=ROOT / "build" / "site")
    site = parser.parse_args().site.resolve()
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        sys.stdout.write(f"No handouts: none of {', '.join(NAMES)} is on the PATH. The pages say so.\n")
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        printed = print_handouts(site, find_pages(site), browser)
        browser.close()
    sys.stdout.write(f"{len(printed)} handouts in {site / 'downloads'}\n")


if __name__ == "__main__":
    main()
