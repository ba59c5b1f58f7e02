"""The space in a browser: it draws, is moved and chosen in by mouse, keyboard and touch, follows others, and stays quiet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest
from hostile import HOSTILE

from kgwb.graph import KnowledgeGraph
from kgwb.see import SpaceView, link, show_space, write_page

pytestmark = pytest.mark.browser

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
    page.wait_for_timeout(250)
    return page.locator(".kgwb-space .pad").first


def place_points(pad: Any, view: SpaceView, number: int = 0) -> np.ndarray:
    """Where the points of a map of one panel lie, in pixels of the page: as camera.js has it."""
    box = pad.bounding_box()
    points = view.maps[number].points.astype(np.float32)
    low, high = points.min(axis=0), points.max(axis=0)
    width, height, head = box["width"], box["height"] - 41, 40
    scale = 0.9 * min(width / (high - low)[0], height / (high - low)[1])
    middle = np.array([box["x"] + width / 2, box["y"] + head + height / 2])
    return middle + (points - (low + high) / 2) * [scale, -scale]


def read_chosen(page: Any) -> list[int]:
    """The ids that a linked view would hear of."""
    return list(page.evaluate("window.chosen ?? []"))


def listen(page: Any) -> None:
    page.evaluate("addEventListener('kgwb-chosen', (event) => { window.chosen = event.detail.choice.entities; })")


def assert_quiet(page: Any) -> None:
    assert page.requests_made == [] and page.errors_logged == []
    assert page.evaluate("window.hit") is None


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
    browser_page.wait_for_timeout(250)
    after = points.evaluate(SEEN)
    assert after["solid"] == pytest.approx(before["solid"], rel=0.1)
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


def test_a_click_chooses_and_shift_adds(browser_page: Any, tmp_path: Path) -> None:
    view = make_view()
    linked = link(view, make_view())
    browser_page.goto(linked.save(tmp_path / "space.html").as_uri())
    browser_page.wait_for_timeout(400)
    listen(browser_page)
    places = place_points(browser_page.locator(".kgwb-space .pad").first, view)
    browser_page.mouse.click(*places[20])
    assert read_chosen(browser_page) == [20]
    assert "Isle 20" in browser_page.locator(CHOSEN).nth(0).inner_text()
    assert "Isle 20" in browser_page.locator(CHOSEN).nth(1).inner_text()  # the other view follows
    browser_page.keyboard.down("Shift")
    browser_page.mouse.click(*places[31])
    assert read_chosen(browser_page) == [20, 31]
    browser_page.mouse.click(*places[20])
    browser_page.keyboard.up("Shift")
    assert read_chosen(browser_page) == [31]
    browser_page.keyboard.press("Escape")
    assert read_chosen(browser_page) == []
    assert_quiet(browser_page)


@pytest.mark.parametrize("shape", ["lasso", "box"])
def test_a_lasso_chooses_what_lies_in_the_polygon(browser_page: Any, tmp_path: Path, shape: str) -> None:
    view = make_view(600)
    linked = link(view, make_view(600))
    browser_page.goto(linked.save(tmp_path / "space.html").as_uri())
    browser_page.wait_for_timeout(500)
    listen(browser_page)
    pad = browser_page.locator(".kgwb-space .pad").first
    box, places = pad.bounding_box(), place_points(pad, view)
    shares = (
        [(0.2, 0.2), (0.7, 0.15), (0.55, 0.5), (0.8, 0.85), (0.3, 0.8)]
        if shape == "lasso"
        else [(0.2, 0.2), (0.6, 0.7)]
    )
    corners = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in shares]
    browser_page.get_by_role("button", name=shape).first.click()
    browser_page.mouse.move(*corners[0])
    browser_page.mouse.down()
    for corner in corners[1:]:
        browser_page.mouse.move(*corner)
    browser_page.mouse.up()
    (left, top), (right, low) = corners[0], corners[-1]
    outline = corners if shape == "lasso" else [(left, top), (right, top), (right, low), (left, low)]
    inside = np.flatnonzero(_winds_around(places, outline))
    near_edge = np.flatnonzero(_distance_to_edge(places, outline) < 0.6)
    chosen = read_chosen(browser_page)
    assert 20 < len(inside) < 580
    assert set(chosen) ^ set(inside.tolist()) <= set(near_edge.tolist())
    assert f"Chosen {len(chosen)}" in browser_page.locator(CHOSEN).first.inner_text()


def _winds_around(points: np.ndarray, outline: Sequence[tuple[float, float]]) -> np.ndarray:
    """Whether the outline goes once around each point: the angles under which its sides are seen sum to a whole turn."""
    ways = np.array(outline)[None] - points[:, None]  # [point, corner, 2]
    angles = np.arctan2(ways[..., 1], ways[..., 0])
    turns = (np.diff(angles, axis=1, append=angles[:, :1]) + np.pi) % (2 * np.pi) - np.pi
    return np.abs(turns.sum(axis=1)) > np.pi


def _distance_to_edge(points: np.ndarray, outline: Sequence[tuple[float, float]]) -> np.ndarray:
    corners = np.array(outline)
    least = np.full(len(points), np.inf)
    for one, other in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        way = other - one
        share = np.clip(((points - one) @ way) / (way @ way), 0, 1)
        least = np.minimum(least, np.linalg.norm(points - one - share[:, None] * way, axis=1))
    return least


def test_the_keyboard_is_enough(browser_page: Any, tmp_path: Path) -> None:
    view = make_view()
    pad = open_view(browser_page, view, tmp_path)
    points = browser_page.locator(".kgwb-space .points")
    seen = [points.evaluate(SEEN)["sum"]]
    pad.focus()
    for key in ("+", "ArrowRight", "-", "0"):
        pad.press(key)
        browser_page.wait_for_timeout(400)
        seen.append(points.evaluate(SEEN)["sum"])
    assert len(set(seen[:4])) == 4 and seen[4] == seen[0]
    pad.press("Shift+ArrowRight")
    first = browser_page.locator(".kgwb-space .spoken").inner_text()
    pad.press("Shift+ArrowRight")
    second = browser_page.locator(".kgwb-space .spoken").inner_text()
    assert first and second and first != second
    pad.press("Enter")
    assert "Chosen 1" in browser_page.locator(CHOSEN).inner_text()
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert browser_page.evaluate(outline) == "solid"
    pad.press("Escape")
    assert "Nothing is chosen" in browser_page.locator(CHOSEN).inner_text()
    assert_quiet(browser_page)


def test_a_search_lists_hits_and_takes_the_one_marked(browser_page: Any, tmp_path: Path) -> None:
    open_view(browser_page, make_view(), tmp_path)
    find = browser_page.get_by_role("combobox", name="Find a point")
    find.fill("isle 3")
    hits = browser_page.locator(".kgwb-space .found button")
    assert [text.split()[1] for text in hits.all_inner_texts()] == [str(i) for i in range(30, 40)]
    find.press("ArrowDown")
    assert hits.nth(1).get_attribute("aria-selected") == "true"
    find.press("Enter")
    assert "Isle 31" in browser_page.locator(CHOSEN).inner_text()
    find.fill("no such")
    assert "nothing is called so" in browser_page.locator(".kgwb-space .found").inner_text()
    find.fill("<img")
    hits.first.click()
    assert HOSTILE[1][:20] in browser_page.locator(CHOSEN).inner_text()
    assert browser_page.locator(".kgwb-space").locator("script, img, b, a").count() == 0
    assert_quiet(browser_page)


def test_the_legend_hides_a_kind_and_counts_it(browser_page: Any, tmp_path: Path) -> None:
    open_view(browser_page, make_view(), tmp_path)
    points = browser_page.locator(".kgwb-space .points")
    legend = browser_page.locator(".kgwb-space .legend button:not(.faint)")
    assert [text.split()[-1] for text in legend.all_inner_texts()] == ["30", "30", "30"]
    before = points.evaluate(SEEN)
    browser_page.get_by_role("button", name="town 30").click()
    browser_page.wait_for_timeout(400)
    assert points.evaluate(SEEN)["share"] < before["share"] * 0.85
    browser_page.get_by_role("button", name="town 30").click()
    browser_page.wait_for_timeout(400)
    assert points.evaluate(SEEN)["sum"] == before["sum"]


def test_a_point_says_how_far_to_trust_it_and_what_lies_near(browser_page: Any, tmp_path: Path) -> None:
    view = make_view()
    pad = open_view(browser_page, view, tmp_path)
    browser_page.mouse.move(*place_points(pad, view)[40])
    card = browser_page.locator(".kgwb-space .card")
    card.wait_for()
    text = card.inner_text()
    row = view.frame.loc[40]
    assert (
        "Isle 40" in text and f"Trust {row['PCA trustworthiness']:.2f}, continuity {row['PCA continuity']:.2f}" in text
    )
    points = make_points(90)
    distances = np.linalg.norm(points - points[40], axis=1)
    near = np.argsort(distances, kind="stable")[1:6]
    rows = card.locator("tr").all_inner_texts()
    for line, other in zip(rows, near, strict=True):
        label, distance = re.split(r"\t", line)
        assert label[:8] == (str(view.frame["label"][other]) or "(no label)")[:8]
        assert float(distance) == pytest.approx(distances[other], rel=0.01)


def test_the_maps_say_which_neighbours_they_keep(browser_page: Any, tmp_path: Path) -> None:
    view = make_view(highlight=[40])
    open_view(browser_page, view, tmp_path)
    points, flat = make_points(90), view.maps[0].points
    near, shown = (
        set(np.argsort(((each - each[40]) ** 2).sum(1), kind="stable")[1:11].tolist()) for each in (points, flat)
    )
    said = browser_page.locator(CHOSEN).inner_text()
    assert f"this map keeps {len(near & shown)} of its 10 nearest" in said


def test_the_wheel_is_the_pages_until_the_picture_is_meant(browser_page: Any, tmp_path: Path) -> None:
    pad = open_view(browser_page, make_view(), tmp_path)
    roll = """(pad, options) => { const box = pad.getBoundingClientRect(); return pad.dispatchEvent(new WheelEvent("wheel",
      {bubbles: true, cancelable: true, deltaY: 50, clientX: box.x + 200, clientY: box.y + 200, ...options})); }"""
    assert pad.evaluate(roll, {})  # false where someone prevented it
    assert not pad.evaluate(roll, {"ctrlKey": True})
    pad.focus()
    assert not pad.evaluate(roll, {})


def test_fingers_move_come_nearer_and_choose(browser: Any, tmp_path: Path) -> None:
    context = browser.new_context(viewport={"width": 820, "height": 900}, has_touch=True)
    page = context.new_page()
    view = make_view()
    page.goto(view.save(tmp_path / "space.html").as_uri())
    page.wait_for_timeout(400)
    pad = page.locator(".kgwb-space .pad")
    page.touchscreen.tap(*place_points(pad, view)[50].tolist())
    assert "Isle 50" in page.locator(CHOSEN).inner_text()
    before = page.locator(".kgwb-space .points").evaluate(SEEN)["sum"]
    touch = context.new_cdp_session(page)
    box = pad.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def send(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": left, "y": top, "id": i} for i, (left, top) in enumerate(places)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    send("touchStart", (x - 30, y), (x + 30, y))
    for far in (40, 60, 90):
        send("touchMove", (x - far, y), (x + far, y))
    send("touchEnd")
    page.wait_for_timeout(300)
    assert page.locator(".kgwb-space .points").evaluate(SEEN)["sum"] != before
    context.close()


def test_a_great_many_are_moved_along_and_drawn_anew_once_the_hand_rests(browser_page: Any, tmp_path: Path) -> None:
    pad = open_view(browser_page, make_view(50_500, labelled=5), tmp_path)
    browser_page.wait_for_timeout(800)
    points = browser_page.locator(".kgwb-space .points")
    before = points.evaluate(SEEN)
    box = pad.bounding_box()
    browser_page.mouse.move(box["x"] + 300, box["y"] + 200)
    browser_page.mouse.down()
    for step in range(1, 5):
        browser_page.mouse.move(box["x"] + 300 + 10 * step, box["y"] + 200)
    browser_page.mouse.up()
    browser_page.wait_for_timeout(1500)
    assert points.evaluate("canvas => canvas.style.transform") == ""
    after = points.evaluate(SEEN)
    assert after["sum"] != before["sum"] and after["solid"] == pytest.approx(before["solid"], rel=0.05)
    assert_quiet(browser_page)


def test_two_maps_move_as_one_and_share_a_lasso(browser_page: Any, tmp_path: Path, screenshots: Path) -> None:
    labels = [f"Isle {i}" for i in range(80)]
    view = show_space((make_points(80), labels), beside=(make_points(80, seed=1), labels))
    pad = open_view(browser_page, view, tmp_path)
    assert "Changed most" in browser_page.locator(".kgwb-space .side").inner_text()
    halves = """canvas => { const copy = document.createElement("canvas"); const width = canvas.width / 2;
      [copy.width, copy.height] = [width, canvas.height]; const pen = copy.getContext("2d");
      return [0, width].map(left => { pen.clearRect(0, 0, width, canvas.height);
        pen.drawImage(canvas, left, 0, width, canvas.height, 0, 0, width, canvas.height); return copy.toDataURL(); }); }"""
    points = browser_page.locator(".kgwb-space .points")
    before = points.evaluate(halves)
    pad.focus()
    pad.press("ArrowRight")
    browser_page.wait_for_timeout(400)
    after = points.evaluate(halves)
    assert before[0] != after[0] and before[1] != after[1]
    browser_page.screenshot(path=screenshots / "space-beside.png", full_page=True)
    browser_page.locator(".kgwb-space .changed button").first.click()
    assert "Chosen 1" in browser_page.locator(CHOSEN).inner_text()
    assert_quiet(browser_page)


@pytest.mark.parametrize("width", [390, 820, 1440, 2600])
def test_it_takes_the_width_there_is(browser_page: Any, tmp_path: Path, screenshots: Path, width: int) -> None:
    pad = open_view(browser_page, make_view(method="both"), tmp_path)
    browser_page.set_viewport_size({"width": width, "height": 900})
    browser_page.wait_for_timeout(300)
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
    browser_page.wait_for_timeout(250)
    assert pad.bounding_box()["height"] > 200
    assert browser_page.locator(".kgwb-space .points").evaluate(SEEN)["share"] > 0.003


def test_the_theme_switches_in_sight(browser_page: Any, tmp_path: Path) -> None:
    open_view(browser_page, make_view(), tmp_path)
    front = browser_page.locator(".kgwb-space .front")
    before = front.evaluate(SEEN)["sum"]
    browser_page.emulate_media(color_scheme="dark")
    browser_page.wait_for_timeout(250)
    paper = "getComputedStyle(document.querySelector('.kgwb-space')).backgroundColor"
    assert browser_page.evaluate(paper) == "rgb(25, 26, 28)"
    assert front.evaluate(SEEN)["sum"] != before and front.evaluate(SEEN)["share"] > 0.005


def test_ten_on_one_page_all_draw(browser_page: Any, tmp_path: Path) -> None:
    views = [make_view(60, seed=i) for i in range(10)]
    browser_page.goto(write_page(tmp_path / "ten.html", [("", view) for view in views], "Ten").as_uri())
    browser_page.wait_for_timeout(800)
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


CELLS = (
    "import numpy, kgwb\npoints = numpy.random.default_rng(0).normal(size=(60, 5))\n"
    "view = kgwb.show_space((points, [f'Isle {i}' for i in range(60)]), method='pca')\nview",
    "print('chosen', view.selection['label'].tolist())\nview.select(entities='Isle 9')",
)
READY = "window.jupyterapp?.shell.currentWidget?.context?.sessionContext?.session?.kernel != null"


def test_in_jupyterlab_a_choice_goes_to_the_kernel_and_back(
    browser_page: Any, tmp_path: Path, repository: Path, start_lab: Any, screenshots: Path
) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    nbformat.write(notebook, tmp_path / "space.ipynb")
    with start_lab(tmp_path, "space.ipynb", settings={}, environment={"PYTHONPATH": str(repository)}) as address:
        browser_page.goto(address)
        browser_page.wait_for_function(READY, timeout=120_000)
        run = "void window.jupyterapp.commands.execute('notebook:run-cell-and-select-next')"
        browser_page.evaluate(run)
        browser_page.locator(".kgwb-space .points").wait_for(timeout=120_000)
        browser_page.wait_for_timeout(500)
        find = browser_page.get_by_role("combobox", name="Find a point")
        find.fill("Isle 33")
        find.press("Enter")
        assert "Isle 33" in browser_page.locator(CHOSEN).inner_text()
        browser_page.wait_for_timeout(500)
        # a click into the view made its own cell the active one
        browser_page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 1")
        browser_page.evaluate(run)
        browser_page.locator(".jp-OutputArea-output", has_text="chosen ['Isle 33']").wait_for(timeout=60_000)
        browser_page.wait_for_function(f"document.querySelector('{CHOSEN}').textContent.includes('Isle 9')")
        browser_page.screenshot(path=screenshots / "space-lab.png")
        browser_page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    outputs = nbformat.read(tmp_path / "space.ipynb", 4).cells[0].outputs
    assert [set(output.data) for output in outputs] == [{"text/html", "text/plain"}]
    assert "kgwb-still-" in outputs[0].data["text/html"]
    assert browser_page.requests_made == []
