"""A view that is taken away leaves its element as it was, and watches nothing more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kgwb.graph import KnowledgeGraph
from kgwb.see import show_graph

pytestmark = pytest.mark.browser

# Counts what is watched from here on, draws a second time, and takes that away again.
DRAW_AND_CLEAN = """async ([script, kind]) => {
  let watching = 0;
  for (const Observer of [MutationObserver, ResizeObserver]) {
    const watched = new Set();
    const replace = (name, act) => {
      const original = Observer.prototype[name];
      Observer.prototype[name] = function (...rest) {
        watching -= watched.size;
        act.call(watched, this);
        watching += watched.size;
        return original.apply(this, rest);
      };
    };
    replace("observe", watched.add);
    replace("disconnect", watched.delete);
    if (Observer.prototype.unobserve) replace("unobserve", watched.delete); // vis-network's way, of its one element
  }
  const first = document.querySelector(`.kgwb-${kind}`);
  const root = first.cloneNode(false);
  for (const node of first.querySelectorAll(":scope > style, :scope > script")) root.append(node.cloneNode(true));
  first.after(root);
  const before = root.childElementCount;
  const clean = window[script].draw(root);
  await new Promise((done) => setTimeout(done, 300));
  const drawn = root.childElementCount;
  clean();
  const left = watching;
  document.body.dataset.jpThemeLight = "false";
  document.querySelector("main").style.width = "500px";
  await new Promise((done) => setTimeout(done, 300));
  return { before, drawn, after: root.childElementCount, left };
}"""


def make_view(kind: str) -> Any:
    facts = pd.DataFrame({"head": list("abc"), "relation": "near", "tail": list("bcd")})
    graph = KnowledgeGraph.from_pandas(facts)
    assert kind == "graph"
    return show_graph(graph)


@pytest.mark.parametrize(("kind", "script"), [("graph", "kgwbGraph")])
def test_a_view_that_is_taken_away_leaves_nothing(browser_page: Any, tmp_path: Path, kind: str, script: str) -> None:
    browser_page.goto(make_view(kind).save(tmp_path / "page.html").as_uri())
    browser_page.wait_for_timeout(300)
    seen = browser_page.evaluate(DRAW_AND_CLEAN, [script, kind])
    assert seen["drawn"] > seen["before"] == seen["after"]
    assert seen["left"] == 0
    assert browser_page.errors_logged == [] and browser_page.requests_made == []
