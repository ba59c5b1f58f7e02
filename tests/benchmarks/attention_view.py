"""Bytes and milliseconds of the attention view at BERT-base's shape, and seconds of a head map over 500 sentences.

python tests/benchmarks/attention_view.py --sentences 500

BertViz's page of the same readings stands beside where it is installed (pip install bertviz); its scripts come from
outside addresses, so that without a network only its size can be measured.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import statistics
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from figures import record

import kgwb
from kgwb.bert import Reading, measure_heads
from kgwb.see import show_attention

BUILD = Path(__file__).parents[2] / "build" / "attention-view"
LAYERS, HEADS, LENGTH = 12, 12, 128
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
FLAGS = ["--no-sandbox", "--disable-background-networking", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
# A click, until its lines and numbers are there: the redraw comes in a microtask, so a second one is after it.
CHANGE = """async ([layer, head]) => {
  const cell = document.querySelector(`[aria-label="layer ${layer}, head ${head}"]`);
  const start = performance.now();
  cell.click();
  await new Promise(done => queueMicrotask(() => queueMicrotask(done)));
  document.querySelector(".columns").getBoundingClientRect();
  return performance.now() - start;
}"""
# The view taken down and drawn anew from the same state, until the browser has laid it out.
PAINT = """() => {
  const script = [...document.scripts].find(one => one.textContent.startsWith("kgwb_attention.show("));
  const traits = script.textContent;
  const place = script.previousElementSibling;
  place.replaceChildren();
  const draw = new Function(traits.replace("document.currentScript.previousElementSibling", "arguments[0]"));
  const start = performance.now();
  draw(place);
  place.getBoundingClientRect();
  return performance.now() - start;
}"""
log = logging.getLogger("bench")


def main() -> None:
    """Measure and write the figures down."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sentences", type=int, default=500)
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    BUILD.mkdir(parents=True, exist_ok=True)
    before, after = make_reading("before", 0), make_reading("after", 1)
    view = show_attention(before, after, layer=5)
    page = view.save(BUILD / "page.html")
    state = sum(len(view.state[side]["view"]) for side in ("before", "after"))
    found = {"state": state, "page": page.stat().st_size, **measure_browser(page), "peer": measure_peer(before)}
    found["heads"] = measure_map(asked.sentences)
    row = [
        f"{LAYERS} × {HEADS}, {LENGTH} word pieces, before and after",
        f"{found['state'] / 1e6:.2f}",
        f"{found['page'] / 1e6:.2f}",
        f"{found['paint']:.0f}",
        f"{found['change']:.1f} ({found['slowest']:.1f})",
        "not installed" if found["peer"] is None else f"{found['peer'] / 1e6:.1f}",
        f"{asked.sentences}: {found['heads']:.1f}",
    ]
    log.info(" | ".join(row))
    record("attention-view", found, row)


def make_reading(name: str, seed: int) -> Reading:
    """A reading of BERT-base's shape, of random weights."""
    generator = torch.Generator().manual_seed(seed)
    scores = 2 * torch.randn(1, LAYERS, HEADS, LENGTH, LENGTH, generator=generator)
    tokens = ("[CLS]", *(f"word{i}" for i in range(LENGTH - 2)), "[SEP]")
    empty = Reading(
        sentences=(" ".join(tokens[1:-1]),),
        tokens=(tokens,),
        mentions=((),),
        attention=scores.softmax(-1),
        hidden=torch.randn(1, LAYERS + 1, LENGTH, 16, generator=generator),
        injected=((False,) * LENGTH,),
        left_out=(0,),
    )
    return replace(empty, name=name)


def measure_browser(page: Path) -> dict[str, float]:
    """Milliseconds of the first paint, and of a change of layer and head: the median and the slowest of 40."""
    from playwright.sync_api import sync_playwright

    browser_path = next(filter(None, map(shutil.which, NAMES)), None)
    if browser_path is None:
        sys.exit(f"This needs a browser: none of {', '.join(NAMES)} is on the PATH.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        opened = browser.new_page(viewport={"width": 1280, "height": 900}, bypass_csp=True)
        opened.goto(page.as_uri())
        opened.wait_for_timeout(1500)
        paints = [opened.evaluate(PAINT) for _ in range(5)]
        opened.wait_for_timeout(1500)
        changes = []
        for i in range(40):
            changes.append(opened.evaluate(CHANGE, [i % LAYERS, (5 * i) % HEADS]))
            opened.wait_for_timeout(60)
        browser.close()
    return {"paint": statistics.median(paints), "change": statistics.median(changes), "slowest": max(changes)}


def measure_peer(reading: Reading) -> int | None:
    """Bytes of BertViz's page of one reading; None where it is not installed."""
    try:
        from bertviz import head_view
    except ImportError:
        return None
    attention = [layer[None] for layer in reading.attention[0]]
    page: Any = head_view(attention, list(reading.tokens[0]), html_action="return")
    return len(page.data.encode())


def measure_map(count: int) -> float:
    """Seconds of a head map of MiniLM over some sentences of the archipelago."""
    folder = Path(__file__).parents[2] / "sample_graphs" / "archipelago"
    graph = kgwb.read_graph(folder)
    sentences = kgwb.read_sentences(folder, graph)[:count]
    bert = kgwb.load_bert()
    start = time.perf_counter()
    measure_heads(bert, sentences, graph=graph)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
