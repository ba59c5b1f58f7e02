"""What the space draws: points, layers and arrows, with a graphics card or without, in each width and theme, and as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from page_checks import assert_quiet
from space_page import SEEN, make_view, open_view, wait_for_space
from waiting import wait_for_change, wait_for_rest, wait_until

from kgwb.graph import KnowledgeGraph
from kgwb.see import show_space, write_page

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("count", [90, 6000])
def test_it_draws_its_points(browser_page: Any, tmp_path: Path, screenshots: Path, scheme: str, count: int) -> None:
    browser_page.emulate_media(color_scheme=scheme)
    open_view(browser_page, make_view(count, highlight=[11]), tmp_path)
    seen = [browser_page.locator(f".kgwb-space .{name}").evaluate(SEEN) for name in ("points", "front", "back")]
    assert seen[0]["share"] > 0.003 and seen[1]["share"] > 0.005
    assert (seen[2]["share"] > 0.01) is (count > 5000)  # the shade below many
    browser_page.screenshot(path=screenshots / f"space-{count}-{scheme}.png", full_page=True)
    open_view(browser_page, make_view(count, highlight=[11], colour=np.arange(count)), tmp_path)
    assert browser_page.locator(".kgwb-space .points").evaluate(SEEN)["sum"] != seen[0]["sum"]
    assert_quiet(browser_page)


def test_the_card_draws_and_where_it_is_lost_a_plain_canvas_does(browser_page: Any, tmp_path: Path) -> None:
    open_view(browser_page, make_view(), tmp_path)
    points = browser_page.locator(".kgwb-space .points")
    assert points.evaluate("canvas => canvas.getContext('webgl2') !== null")
    before = points.evaluate(SEEN)
    points.evaluate("canvas => canvas.getContext('webgl2').getExtension('WEBGL_lose_context').loseContext()")
    browser_page.wait_for_function("document.querySelector('.kgwb-space .points').getContext('2d') !== null")
    assert wait_for_rest(points, SEEN)["solid"] == pytest.approx(before["solid"], rel=0.1)
    assert_quiet(browser_page)


def test_where_there_is_no_card_a_plain_canvas_draws_the_same(browser_page: Any, tmp_path: Path) -> None:
    open_view(browser_page, make_view(), tmp_path)
    with_card = browser_page.locator(".kgwb-space .points").evaluate(SEEN)
    browser_page.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext; HTMLCanvasElement.prototype.getContext = "
        "function (kind, ...rest) { return kind === 'webgl2' ? null : get.call(this, kind, ...rest); }"
    )
    open_view(browser_page, make_view(), tmp_path)
    without = browser_page.locator(".kgwb-space .points").evaluate(SEEN)
    assert without["solid"] == pytest.approx(with_card["solid"], rel=0.1)
    assert_quiet(browser_page)


@pytest.mark.parametrize("width", [390, 820, 1440, 2600])
def test_it_takes_the_width_there_is(browser_page: Any, tmp_path: Path, screenshots: Path, width: int) -> None:
    pad = open_view(browser_page, make_view(method="both"), tmp_path)
    browser_page.set_viewport_size({"width": width, "height": 900})
    wait_for_space(browser_page)
    box = pad.bounding_box()
    root = browser_page.locator(".kgwb-space").bounding_box()
    assert box["width"] > 0.6 * root["width"] - 40 and box["height"] >= 220
    assert browser_page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert browser_page.locator(".kgwb-space .points").evaluate(SEEN)["share"] > 0.001
    browser_page.screenshot(path=screenshots / f"space-{width}.png", full_page=True)


def test_a_hidden_tab_is_drawn_when_it_is_shown(browser_page: Any, tmp_path: Path) -> None:
    pad = open_view(browser_page, make_view(), tmp_path)
    browser_page.evaluate("document.querySelector('main').style.display = 'none'")
    browser_page.wait_for_timeout(400)
    browser_page.evaluate("document.querySelector('main').style.display = ''")
    points = browser_page.locator(".kgwb-space .points")
    wait_until(browser_page, lambda: pad.bounding_box()["height"] > 200 and points.evaluate(SEEN)["share"] > 0.003)


def test_the_theme_switches_in_sight(browser_page: Any, tmp_path: Path) -> None:
    open_view(browser_page, make_view(), tmp_path)
    front = browser_page.locator(".kgwb-space .front")
    before = front.evaluate(SEEN)
    browser_page.emulate_media(color_scheme="dark")
    wait_for_change(front, SEEN, before)
    paper = "getComputedStyle(document.querySelector('.kgwb-space')).backgroundColor"
    assert browser_page.evaluate(paper) == "rgb(25, 26, 28)"
    after = wait_for_rest(front, SEEN)
    assert after["sum"] != before["sum"] and after["share"] > 0.005


def test_ten_on_one_page_all_draw(browser_page: Any, tmp_path: Path) -> None:
    views = [make_view(60, seed=i) for i in range(10)]
    browser_page.goto(write_page(tmp_path / "ten.html", [("", view) for view in views], "Ten").as_uri())
    wait_for_space(browser_page)
    canvases = browser_page.locator(".kgwb-space .points")
    assert canvases.count() == 10
    assert all(canvases.nth(i).evaluate(SEEN)["share"] > 0.002 for i in range(10))
    lost = "canvas => canvas.getContext('webgl2')?.isContextLost() ?? false"
    assert not any(canvases.nth(i).evaluate(lost) for i in range(10))
    assert_quiet(browser_page)


@pytest.mark.parametrize("count", [90, 20_500])
def test_the_picture_is_saved_as_it_is_seen(browser_page: Any, tmp_path: Path, count: int) -> None:
    open_view(browser_page, make_view(count), tmp_path)
    for kind, start in (("PNG", b"\x89PNG"), ("SVG", b"<svg")):
        with browser_page.expect_download() as download:
            browser_page.get_by_role("button", name=kind, exact=True).click()
        data = Path(download.value.path()).read_bytes()
        assert data.startswith(start)
    svg = data.decode()
    assert ("<image" in svg) is (count > 20_000) and ("The points are one image." in svg) is (count > 20_000)
    assert "town" in svg and "trustworthiness" in svg and "<script" not in svg
    assert_quiet(browser_page)


def test_layers_and_arrows_are_drawn(browser_page: Any, tmp_path: Path, screenshots: Path) -> None:
    from kgwb.embed import GraphEmbedding, TransE

    facts = pd.DataFrame(
        {"head": [f"e{i}" for i in range(30)], "relation": "near", "tail": [f"e{i + 1}" for i in range(30)]}
    )
    vectors = GraphEmbedding(KnowledgeGraph.from_pandas(facts), TransE(), dim=6)
    plain = show_space(vectors, method="pca", relations=True)
    open_view(browser_page, plain, tmp_path)
    before = browser_page.locator(".kgwb-space .front").evaluate(SEEN)
    open_view(browser_page, show_space(vectors, method="pca", relations=True, relation="near"), tmp_path)
    assert browser_page.locator(".kgwb-space .front").evaluate(SEEN)["share"] > before["share"]
    assert "relations 1" in browser_page.locator(".kgwb-space .legend").inner_text().replace("\n", " ")
    browser_page.locator(".kgwb-space .table summary").click()
    assert browser_page.locator(".kgwb-space .table tbody tr").count() == 12
    browser_page.screenshot(path=screenshots / "space-arrows.png", full_page=True)
    assert_quiet(browser_page)


def test_a_view_taken_away_gives_its_context_back(browser_page: Any, tmp_path: Path) -> None:
    open_view(browser_page, make_view(), tmp_path)
    left = browser_page.evaluate(
        """async () => {
          const code = [...document.scripts].map(s => s.textContent).find(t => t.includes("kgwb_space.show("));
          const traits = code.slice(code.indexOf(",{") + 1, code.lastIndexOf(",kgwb_space_style"));
          const el = document.body.appendChild(document.createElement("div"));
          const close = kgwb_space.show(el, JSON.parse(traits), kgwb_space_style);
          await new Promise(done => setTimeout(done, 200));
          const gl = el.querySelector(".points").getContext("webgl2");
          const drawn = el.childElementCount;
          close();
          await new Promise(done => setTimeout(done, 200));
          return { drawn, left: el.childElementCount, lost: gl.isContextLost() };
        }"""
    )
    assert left == {"drawn": 1, "left": 0, "lost": True}
    assert_quiet(browser_page)
