"""A graph of 5,000 entities and 20,000 facts on a page: its size, first paint and one step of a drag, beside pyvis.

Both draw the same positions in the same Chromium, one after the other; pyvis with its physics off, which is its best.

python tests/benchmarks/graph_view.py --entities 5000 --facts 20000
"""

from __future__ import annotations

import argparse
import logging
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from figures import record

import kgwb

log = logging.getLogger("bench")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
# Notes when the first picture is there, in milliseconds since the page was asked for: the frame after lines were stroked.
WATCH = """
  const stroke = CanvasRenderingContext2D.prototype.stroke;
  let strokes = 0;
  CanvasRenderingContext2D.prototype.stroke = function (...rest) { strokes++; return stroke.apply(this, rest); };
  const look = () => {
    if (window.firstPaint || strokes < 20) return window.firstPaint || requestAnimationFrame(look);
    requestAnimationFrame(() => setTimeout(() => { window.firstPaint = performance.now(); }));
  };
  requestAnimationFrame(look);
"""
# Notes, for each move of the mouse that begins a frame, the milliseconds until the frame after it can begin.
STEPS = """() => {
  window.steps = [];
  let waiting = false;
  addEventListener("mousemove", () => {
    if (waiting) return;
    waiting = true;
    const start = performance.now();
    requestAnimationFrame(() => requestAnimationFrame(() => {
      window.steps.push(performance.now() - start);
      waiting = false;
    }));
  }, true);
}"""


def main() -> None:
    """Write both pages, open each several times, and write the figures down."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    asked = read_arguments()
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        log.warning("not measured: no browser, of %s", ", ".join(NAMES))
        return
    view, seconds = make_view(asked.entities, asked.facts)
    with tempfile.TemporaryDirectory() as folder:
        pages = {"kgwb": view.save(Path(folder, "kgwb.html")), "pyvis": Path(folder, "pyvis.html")}
        pages["pyvis"].write_text(view.network.generate_html(), encoding="utf-8")
        figures: dict[str, Any] = {"layout in Python": seconds}
        for name, page in pages.items():
            figures[name] = {"megabytes": page.stat().st_size / 1e6, **measure(path, page, asked.times)}
    row = [f"{asked.entities:,} / {asked.facts:,}"]
    for name in pages:
        each = figures[name]
        row.append(f"{each['megabytes']:.2f} MB, {each['first paint']:,.0f} ms, {each['step']:,.0f} ms")
    log.info("%s\nwritten to %s", " | ".join(row), record("graph-view", figures, row))


def read_arguments() -> argparse.Namespace:
    """What to draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entities", type=int, default=5_000)
    parser.add_argument("--facts", type=int, default=20_000)
    parser.add_argument("--times", type=int, default=5, help="how often each page is opened; the median is kept")
    return parser.parse_args()


def make_view(entities: int, facts: int) -> tuple[Any, float]:
    """The whole of a graph in which most facts stay within a group, and how long its layout took."""
    random = np.random.default_rng(0)
    head = random.integers(0, entities, facts)
    near = (head + random.geometric(0.02, facts)) % entities
    tail = np.where(random.random(facts) < 0.9, near, random.integers(0, entities, facts))
    relation = random.choice(list("abcdef"), facts)
    frame = pd.DataFrame({"head": head.astype(str), "relation": relation, "tail": tail.astype(str)})
    graph = kgwb.KnowledgeGraph.from_pandas(frame, name="random")
    start = time.perf_counter()
    view = kgwb.show_graph(graph, limit=entities, as_schema=False)
    return view, time.perf_counter() - start


def measure(path: str, page: Path, times: int) -> dict[str, float]:
    """Medians over several openings: milliseconds to the first paint, and of one step of a drag."""
    from playwright.sync_api import sync_playwright

    first, frames = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for _ in range(times):
            context = browser.new_context(viewport={"width": 1280, "height": 900}, offline=True)
            opened = context.new_page()
            opened.add_init_script(WATCH)
            opened.goto(page.as_uri(), wait_until="commit")
            opened.wait_for_function("window.firstPaint", timeout=120_000)
            first.append(opened.evaluate("window.firstPaint"))
            opened.wait_for_timeout(1_000)
            frames.append(_drag(opened))
            context.close()
        browser.close()
    return {"first paint": statistics.median(first), "step": statistics.median(frames)}


def _drag(page: Any) -> float:
    """The median of milliseconds from a move of the mouse that drags the picture until the frame after it."""
    box = page.locator("canvas").first.bounding_box()
    x, y = box["x"] + 12, box["y"] + 12
    page.evaluate(STEPS)
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(25):
        page.mouse.move(x + 8 + 6 * step, y + 4 + 3 * step)
        page.wait_for_timeout(60)
    page.mouse.up()
    return float(statistics.median(page.evaluate("window.steps")))


if __name__ == "__main__":
    main()
