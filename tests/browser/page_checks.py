"""What tests of several views ask of a page: that it stays quiet, and what is painted on a canvas."""

from __future__ import annotations

from typing import Any

PAINTED = """canvas => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let painted = 0;
  for (let i = 3; i < pixels.length; i += 4) painted += pixels[i] > 0;
  return painted / (pixels.length / 4);
}"""
PIXELS = "canvas => canvas.toDataURL()"
COLOURS = "c => new Set(c.getContext('2d').getImageData(0, 0, c.width, c.height).data).size"


def assert_quiet(page: Any) -> None:
    assert page.requests_made == [] and page.errors_logged == [], (page.requests_made, page.errors_logged)
    assert page.evaluate("window.hit") is None
