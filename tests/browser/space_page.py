"""What the tests of the space share: how its points are made, where they lie on the page, and what is painted there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from hostile import HOSTILE
from waiting import wait_for_rest

from kgwb.see import SpaceView, show_space

# What is painted, whoever painted it: the share of pixels that are not paper, and a sum that another picture has not.
SEEN = """(canvas) => {
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [canvas.width, canvas.height];
  const pen = copy.getContext("2d");
  pen.drawImage(canvas, 0, 0);
  const data = pen.getImageData(0, 0, copy.width, copy.height).data;
  let [painted, solid, sum] = [0, 0, 0];
  for (let i = 0; i < data.length; i += 4) { painted += data[i + 3] > 0; solid += data[i + 3] > 96;
    sum = (sum * 31 + data[i] + data[i + 3]) % 1e9; }
  return { share: painted / (data.length / 4), solid: solid / (data.length / 4), sum };
}"""
CHOSEN = ".kgwb-space .chosen"
LAYERS = ".kgwb-space .points, .kgwb-space .front"


def make_points(count: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.normal(size=(count, 6)) + 4 * random.normal(size=(3, 6))[np.arange(count) % 3]


def make_view(count: int = 90, **options: Any) -> SpaceView:
    labels = [HOSTILE[i] if i < len(HOSTILE) else f"Isle {i}" for i in range(count)]
    types = [(HOSTILE[1], "town", "ship")[i % 3] for i in range(count)]
    return show_space(make_points(count), labels=labels, types=types, **{"method": "pca", **options})


def open_view(page: Any, view: SpaceView, folder: Path) -> Any:
    page.goto(view.save(folder / "space.html").as_uri())
    page.wait_for_selector(".kgwb-space .points")
    wait_for_space(page)
    return page.locator(".kgwb-space .pad").first


def wait_for_space(page: Any) -> None:
    """Until points, names and shade of every space on the page are placed, so that a click meets what is seen."""
    wait_for_rest(page.locator("body"), f"body => [...body.querySelectorAll('{LAYERS}')].map({SEEN})")


def place_points(pad: Any, view: SpaceView, number: int = 0) -> np.ndarray:
    """Where the points of a map of one panel lie, in pixels of the page: as camera.js has it."""
    box = pad.bounding_box()
    points = view.maps[number].points.astype(np.float32)
    low, high = points.min(axis=0), points.max(axis=0)
    width, height, head = box["width"], box["height"] - 41, 40
    scale = 0.9 * min(width / (high - low)[0], height / (high - low)[1])
    middle = np.array([box["x"] + width / 2, box["y"] + head + height / 2])
    return middle + (points - (low + high) / 2) * [scale, -scale]
