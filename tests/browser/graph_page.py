"""What the tests of the graph view share: how a graph is made, and how its page is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from waiting import wait_until

from kgwb.graph.knowledge_graph import KnowledgeGraph

CANVAS = ".stage > canvas"
BRIGHTNESS = """canvas => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let [sum, count] = [0, 1];
  for (let i = 0; i < pixels.length; i += 4) if (pixels[i + 3] > 200) { sum += pixels[i]; count++; }
  return sum / count;
}"""
# Where the card under the pointer says what is looked for, seen without moving the mouse of the test.
FIND = """([root, text]) => {
  const view = document.querySelectorAll(".kgwb-graph")[root];
  const [canvas, card] = [view.querySelector(".stage > canvas"), view.querySelector(".card")];
  const {left, top, width, height} = canvas.getBoundingClientRect();
  for (let y = 4; y < height; y += 5) for (let x = 4; x < width; x += 5) {
    canvas.dispatchEvent(new PointerEvent("pointermove", {clientX: left + x, clientY: top + y, pointerId: 9}));
    if (!card.hidden && card.innerText.startsWith(text)) {
      canvas.dispatchEvent(new PointerEvent("pointerleave"));
      return [left + x + 2, top + y + 2];
    }
  }
  return null;
}"""


def make_graph(
    facts: Sequence[tuple[int, int, int]], labels: Sequence[str], types: Sequence[str] = ("isle",)
) -> KnowledgeGraph:
    entities = pd.DataFrame({"entity": [f"e{i}" for i in range(len(labels))], "label": list(labels)})
    entities["type"] = [types[i % len(types)] for i in range(len(labels))]
    entities["description"] = "stands in the sea"
    entities["aliases"] = [()] * len(labels)
    relations = pd.DataFrame({"relation": ["r0", "r1"], "label": ["near", "sails to"], "description": ""})
    return KnowledgeGraph(np.array(sorted(set(facts))), entities, relations, name="islands")


def find(page: Any, text: str, view: int = 0) -> tuple[float, float]:
    found: list[Any] = []

    def is_found() -> bool:
        found[:] = page.evaluate(FIND, [view, text]) or ()
        return bool(found)

    wait_until(page, is_found, what=f"no dot or line says {text!r}")
    return found[0], found[1]


def drawn(page: Any) -> tuple[int, int]:
    """How many entities and facts the caption says are drawn."""
    words = page.locator(".caption").inner_text().replace(",", "").split()
    return int(words[1]), int(words[4])


def heading(page: Any) -> str:
    return str(page.locator(".panel h4").first.inner_text())
