"""How large the space view is and how quickly it answers, in Chromium, beside jupyter-scatter where that is installed.

python tests/benchmarks/space_view.py. Seconds depend on the machine: without a graphics card Chromium computes every
pixel itself, which the output says.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from kgwb.see import SpaceView, show_space
from kgwb.see.packing import encode_buffers
from kgwb.see.page import pack_json

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
# When the first frame stands, counted from when the script of the view begins.
WATCH = """
const draw = WebGL2RenderingContext.prototype.drawArrays;
WebGL2RenderingContext.prototype.drawArrays = function (...rest) {
  draw.apply(this, rest);
  if (window.painted !== undefined) return;
  this.finish();
  window.painted = performance.now() - window.begun;
};
Object.defineProperty(window, "kgwb_space_style", { set(text) { this.held = text; this.begun = performance.now(); },
  get() { return this.held; } });
"""
# Frames of a map that is dragged: each waits until the graphics card, or what stands for it, has finished.
PAN = """async () => {
  const pad = document.querySelector(".kgwb-space .pad");
  const box = pad.getBoundingClientRect();
  const canvas = document.querySelector(".kgwb-space .points");
  const gl = canvas.getContext("webgl2");
  const tell = (kind, x, y) => pad.dispatchEvent(new PointerEvent(kind,
    { bubbles: true, pointerId: 1, clientX: box.x + x, clientY: box.y + y, button: 0, buttons: 1 }));
  pad.setPointerCapture = () => {};
  const spent = [];
  tell("pointerdown", 300, 200);
  for (let i = 1; i <= 6; i++) {
    const start = performance.now();
    tell("pointermove", 300 + 6 * i, 200);
    await new Promise(requestAnimationFrame);
    gl?.finish();
    spent.push(performance.now() - start);
  }
  tell("pointerup", 336, 200);
  return spent;
}"""
LASSO = """async () => {
  const pad = document.querySelector(".kgwb-space .pad");
  const box = pad.getBoundingClientRect();
  pad.setPointerCapture = () => {};
  const tell = (kind, x, y) => pad.dispatchEvent(new PointerEvent(kind,
    { bubbles: true, pointerId: 1, clientX: box.x + x, clientY: box.y + y, button: 0, buttons: 1 }));
  [...document.querySelectorAll(".kgwb-space button")].find(button => button.textContent === "lasso").click();
  const [width, height] = [box.width, box.height];
  tell("pointerdown", width * 0.8, height * 0.5);
  for (let i = 1; i < 120; i++) {
    const turn = (2 * Math.PI * i) / 120;
    tell("pointermove", width * (0.5 + 0.3 * Math.cos(turn)), height * (0.55 + 0.3 * Math.sin(turn)));
  }
  const start = performance.now();
  tell("pointerup", width * 0.8, height * 0.5);
  return performance.now() - start;
}"""


def make_view(count: int) -> tuple[SpaceView, float]:
    """A space of twelve groups, and the seconds that its maps and their quality took."""
    random = np.random.default_rng(0)
    points = random.normal(size=(count, 16)) + 5 * random.normal(size=(12, 16))[np.arange(count) % 12]
    labels, types = [f"point {i}" for i in range(count)], [f"type {i % 12}" for i in range(count)]
    start = time.perf_counter()
    return show_space((points, labels, types), method="pca"), time.perf_counter() - start


def measure_page(browser: Any, view: SpaceView, folder: Path, *, lasso: bool) -> dict[str, Any]:
    """Milliseconds in the browser: until the first frame from when the script began, of a lasso, of a frame while panned."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.add_init_script(WATCH)
    page.goto(view.save(folder / "space.html").as_uri(), timeout=120_000)
    page.wait_for_function("window.painted !== undefined", timeout=60_000)
    page.wait_for_timeout(800)
    measured = {"first frame": page.evaluate("painted"), "pan": page.evaluate(PAN)}
    if lasso:
        measured["lasso"] = [page.evaluate(LASSO) for _ in range(3)]
    measured["renderer"] = page.evaluate(
        "(() => { const gl = document.createElement('canvas').getContext('webgl2'); "
        "const named = gl.getExtension('WEBGL_debug_renderer_info'); "
        "return named ? gl.getParameter(named.UNMASKED_RENDERER_WEBGL) : 'unknown'; })()"
    )
    page.close()
    return measured


def measure_peer(count: int) -> str:
    """What jupyter-scatter sends for as many points; its drawing needs a notebook, so that is not measured."""
    if importlib.util.find_spec("jscatter") is None:
        return "jupyter-scatter is not installed (pip install jupyter-scatter)"
    import jscatter

    points = np.random.default_rng(0).normal(size=(count, 2)).astype(np.float32)
    scatter = jscatter.Scatter(x=points[:, 0], y=points[:, 1])
    state = scatter.widget.get_state()
    size = sum(
        len(value.tobytes()) if hasattr(value, "tobytes") else len(json.dumps(value, default=str))
        for value in state.values()
    )
    return f"jupyter-scatter: {size / 1e6:.1f} MB of state, without labels or types"


def main() -> None:
    """Say the figures."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        logging.info("needs a browser: apt-get install chromium")
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as folder:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        for count in (1_000, 100_000, 1_000_000):
            view, seconds = make_view(count)
            size = len(pack_json(encode_buffers(view.state)))
            found = measure_page(browser, view, Path(folder), lasso=count <= 100_000)
            frame = statistics.median(found["pan"])
            lasso = f", lasso {statistics.median(found['lasso']):.0f} ms" if "lasso" in found else ""
            logging.info(
                f"{count:>9,} points: mapped and measured in {seconds:.1f} s, state {size / 1e6:.1f} MB as text, first frame "
                f"{found['first frame']:.0f} ms after the script began, {1000 / frame:.0f} frames a second "
                f"while panned{lasso} ({found['renderer'][:60]})"
            )
        browser.close()
    logging.info(measure_peer(1_000_000))


if __name__ == "__main__":
    main()
