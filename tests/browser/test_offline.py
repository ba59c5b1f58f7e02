"""The fixture itself: what leaves the machine is caught, what stays is let through."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser


def test_a_request_that_leaves_the_machine_is_caught(browser_page: Any, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text('<img src="https://example.org/picture.png"><script>console.error("seen")</script>')
    browser_page.goto(page.as_uri())
    assert browser_page.requests_made == ["https://example.org/picture.png"]
    assert "seen" in browser_page.errors_logged


def test_webgl_draws_here(browser_page: Any) -> None:
    assert browser_page.evaluate("!!document.createElement('canvas').getContext('webgl2')")
