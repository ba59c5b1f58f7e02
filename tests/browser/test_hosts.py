"""Every live view in each kind of notebook: drawn, taken away without a trace, and reopened without a kernel."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from host_page import look
from makers import MAKERS

import kgwb
from kgwb.see import LiveView

pytestmark = pytest.mark.browser


def test_every_live_view_is_listed() -> None:
    named = [getattr(kgwb.see, name) for name in kgwb.see.__all__]
    public = {each for each in named if isinstance(each, type) and issubclass(each, LiveView)}
    assert {each.__name__ for each in public} - {"LiveView"} == set(MAKERS)


def test_jupyter_makes_the_model_first_and_shows_the_figure_later(host: Any) -> None:
    host.evaluate("() => { host.stop = host.widget.initialize({model: host.model}); }")
    assert host.locator(".kgwb-view").count() == 0
    show = "() => document.querySelector('main').append(host.still(host.mark))"
    host.evaluate(show)
    host.wait_for_selector(".kgwb-view")
    assert look(host, host.locator(".kgwb-view"))[0] > 0.005
    assert host.locator("img").evaluate("image => image.style.display") == "none"
    host.evaluate(show)  # a copy: "create new view for output"
    host.wait_for_function("document.querySelectorAll('.kgwb-view').length === 2")
    assert look(host, host.locator(".kgwb-view").nth(1))[0] > 0.005
    host.evaluate("() => { host.kept = document.querySelector('figure'); host.kept.remove(); }")
    host.wait_for_function("host.kept.querySelector('.kgwb-view') === null")
    host.evaluate("() => document.querySelector('main').append(host.kept)")
    host.wait_for_function("document.querySelectorAll('.kgwb-view').length === 2")
    assert look(host, host.locator(".kgwb-view").nth(1))[0] > 0.005
    host.evaluate("() => host.stop()")
    assert host.locator(".kgwb-view").count() == 0
    assert host.locator("img").first.evaluate("image => image.style.display") == ""


SHADOW = """() => {
  const outer = document.querySelector("main").appendChild(document.createElement("marimo-anywidget"));
  const el = outer.attachShadow({mode: "open"}).appendChild(document.createElement("div"));
  host.leave = host.widget.render({model: host.model, el});
}"""


def test_marimo_draws_it_in_a_shadow_tree_and_its_theme_may_change_in_sight(host: Any) -> None:
    host.evaluate("() => document.body.classList.add('light')")
    host.evaluate(SHADOW)
    shown = host.locator(".kgwb-view")  # playwright looks into open shadow trees
    share, paper = look(host, shown)
    assert share > 0.005 and paper == [251, 250, 247]
    host.evaluate("() => document.body.classList.replace('light', 'dark')")
    assert look(host, shown)[1] == [25, 26, 28] and look(host, shown)[0] > 0.005
    host.evaluate("() => host.leave()")
    assert host.locator(".kgwb-view").count() == 0


@pytest.mark.parametrize(
    "mark",
    [
        "document.body.className = 'vscode-dark'; document.body.dataset.vscodeThemeKind = 'vscode-dark'",
        "document.documentElement.setAttribute('theme', 'dark')",
    ],
    ids=["VS Code", "Colab"],
)
def test_a_host_that_only_renders_draws_it_in_its_theme(host: Any, mark: str) -> None:
    host.evaluate(f"() => {{ {mark}; }}")
    host.evaluate("() => { host.widget.render({model: host.model, el: document.querySelector('main')}); }")
    share, paper = look(host, host.locator(".kgwb-view"))
    assert share > 0.005 and paper == [25, 26, 28]


LEAVES = """async () => {
  let watching = 0;
  for (const Observer of [MutationObserver, ResizeObserver]) {
    const {observe, disconnect} = Observer.prototype, watched = new Map();
    Observer.prototype.observe = function (...rest) {
      watched.set(this, (watched.get(this) ?? 0) + 1);
      watching++;
      return observe.apply(this, rest);
    };
    Observer.prototype.disconnect = function () {
      watching -= watched.get(this) ?? 0;
      watched.delete(this);
      return disconnect.apply(this);
    };
  }
  for (const target of [window, document, MediaQueryList.prototype]) {
    const {addEventListener, removeEventListener} = target;
    target.addEventListener = function (...rest) { watching++; return addEventListener.apply(this, rest); };
    target.removeEventListener = function (...rest) { watching--; return removeEventListener.apply(this, rest); };
  }
  const el = document.querySelector("main"), leave = host.widget.render({model: host.model, el});
  await new Promise(done => setTimeout(done, 300));
  const [drawn, watched] = [el.childElementCount, watching];
  leave();
  await new Promise(done => setTimeout(done, 100));
  return {drawn, watched, left: el.childElementCount, watching};
}"""


def test_taken_away_it_leaves_nothing_and_watches_nothing_more(host: Any) -> None:
    found = host.evaluate(LEAVES)
    assert found["drawn"] == 1 and found["watched"] > 0
    assert (found["left"], found["watching"]) == (0, 0)


def test_reopened_without_a_kernel_the_still_picture_stands_there(
    browser_page: Any, tmp_path: Path, view: LiveView, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("in_notebook", "mounts_views"):
        monkeypatch.setattr(f"kgwb.see.live.{name}", lambda: True)
    bundle = view._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "text/html"}  # nothing that asks for a widget's state
    assert len(bundle["text/html"]) < 1_000_000 and "<script" not in bundle["text/html"]
    page = tmp_path / "saved.html"
    page.write_text(f"<!doctype html><body>{bundle['text/html']}</body>", encoding="utf-8")
    browser_page.goto(page.as_uri())
    assert (
        browser_page.locator("img").evaluate("async image => { await image.decode(); return image.naturalWidth; }")
        > 300
    )
    assert look(browser_page, browser_page.locator("img"))[0] > 0.005
    assert browser_page.requests_made == [] and browser_page.errors_logged == []
