"""A real Chromium without a network: pages that reach out are caught, and what they log is kept."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
# WebGL2 comes from software rendering, so that a machine without a graphics card draws what a reader sees.
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]
HERE = ("", "localhost", "127.0.0.1", "::1")


@pytest.fixture(scope="session")
def browser_path() -> str:
    """The browser on this machine; without one the test is skipped, or fails where a browser is required."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        reason = f"needs a browser: none of {', '.join(NAMES)} is on the PATH"
        if os.environ.get("KGWB_REQUIRE_BROWSER") == "1":
            pytest.fail(f"KGWB_REQUIRE_BROWSER=1, but this {reason}.")
        pytest.skip(reason)
    return found


@pytest.fixture(scope="session")
def browser(browser_path: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def _open_page(browser: Any, *, width: int = 1280, height: int = 900) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": width, "height": height}, accept_downloads=True)
    page = context.new_page()
    page.requests_made = []
    page.errors_logged = []

    def stay_here(route: Any) -> None:
        address = urlsplit(route.request.url)
        if address.scheme in ("file", "data", "blob", "about") or (address.hostname or "") in HERE:
            route.continue_()
            return
        page.requests_made.append(route.request.url)
        route.abort()

    context.route("**/*", stay_here)
    page.on("console", lambda message: message.type == "error" and page.errors_logged.append(message.text))
    page.on("pageerror", lambda error: page.errors_logged.append(str(error)))
    yield page
    context.close()


@pytest.fixture(scope="session")
def open_page() -> Callable[..., AbstractContextManager[Any]]:
    """Opens pages such as `browser_page`, for tests that share one: `with open_page(browser) as page`."""
    return _open_page


@pytest.fixture
def browser_page(browser: Any) -> Iterator[Any]:
    """A playwright page. Addresses outside this machine are refused and kept in `page.requests_made`, console errors
    and uncaught exceptions in `page.errors_logged`."""
    with _open_page(browser) as page:
        yield page


@pytest.fixture(scope="session")
def screenshots(repository: Path) -> Path:
    """Where screenshots are kept for whoever wants to look; never committed."""
    folder = repository / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
