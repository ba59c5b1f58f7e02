"""The graph view in a browser: it draws, walks by mouse, keyboard and touch, reaches nothing, and runs no label."""

from __future__ import annotations

import xml.etree.ElementTree as Tree
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from hostile import HOSTILE

import kgwb
from kgwb.graph.knowledge_graph import KnowledgeGraph
from kgwb.see import show_graph, write_page
from kgwb.see.packing import encode_buffers
from kgwb.see.page import read_asset

pytestmark = pytest.mark.browser

CANVAS = ".stage > canvas"
PAINTED = """canvas => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let painted = 0;
  for (let i = 3; i < pixels.length; i += 4) painted += pixels[i] > 0;
  return painted / (pixels.length / 4);
}"""
BRIGHTNESS = """canvas => {
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let [sum, count] = [0, 1];
  for (let i = 0; i < pixels.length; i += 4) if (pixels[i + 3] > 200) { sum += pixels[i]; count++; }
  return sum / count;
}"""
PIXELS = "canvas => canvas.toDataURL()"
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


@pytest.fixture(scope="module")
def islands() -> KnowledgeGraph:
    """A hub with five spokes, one of which leads on to three, the last of them to one more."""
    facts = [(0, 0, 1), (0, 0, 2), (3, 0, 0), (0, 1, 4), (0, 1, 5), (1, 0, 6), (1, 0, 7), (8, 1, 1), (8, 0, 9)]
    return make_graph(facts, [f"Isle {i}" for i in range(11)], ("isle", "town"))


def assert_quiet(page: Any) -> None:
    assert page.requests_made == [] and page.errors_logged == []
    assert page.evaluate("window.hit") is None


@pytest.fixture
def opened(browser_page: Any, islands: KnowledgeGraph, tmp_path: Path) -> Any:
    browser_page.emulate_media(reduced_motion="reduce")
    browser_page.goto(show_graph(islands, around="Isle 0").save(tmp_path / "graph.html").as_uri())
    yield browser_page
    assert_quiet(browser_page)


def find(page: Any, text: str, view: int = 0) -> tuple[float, float]:
    for _ in range(20):  # a busy machine draws a little later
        found = page.evaluate(FIND, [view, text])
        if found is not None:
            break
        page.wait_for_timeout(100)
    assert found is not None, f"no dot or line says {text!r}"
    return found[0], found[1]


def drawn(page: Any) -> tuple[int, int]:
    """How many entities and facts the caption says are drawn."""
    words = page.locator(".caption").inner_text().replace(",", "").split()
    return int(words[1]), int(words[4])


def heading(page: Any) -> str:
    return str(page.locator(".panel h4").first.inner_text())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_draws_and_says_what_is_drawn(
    browser_page: Any, islands: KnowledgeGraph, tmp_path: Path, screenshots: Path, scheme: str
) -> None:
    browser_page.emulate_media(color_scheme=scheme)
    view = show_graph(islands, around="Isle 0")
    browser_page.goto(view.save(tmp_path / "graph.html").as_uri())
    canvas = browser_page.locator(CANVAS)
    first = canvas.evaluate(PIXELS)
    assert canvas.evaluate(PAINTED) > 0.005
    assert drawn(browser_page) == (len(view.entities), len(view.frame)) == (6, 5)
    assert "5 entities and 4 facts more are not" in browser_page.locator(".caption").inner_text()
    browser_page.screenshot(path=screenshots / f"graph-{scheme}.png")
    other = show_graph(islands, around="Isle 1")
    browser_page.goto(other.save(tmp_path / "other.html").as_uri())
    assert browser_page.locator(CANVAS).evaluate(PIXELS) != first
    assert_quiet(browser_page)


def test_a_click_chooses_and_the_panel_lists_all_facts(opened: Any) -> None:
    assert heading(opened) == "Isle 0"
    opened.mouse.click(*find(opened, "Isle 1\n"))
    assert heading(opened) == "Isle 1" and opened.locator(".title").inner_text() == "Isle 1 and its 4 facts"
    assert "4 facts, 1 drawn" in opened.locator(".panel .counts").inner_text()
    listed = opened.locator(".panel button[data-entity]").all_inner_texts()
    assert sorted(listed) == ["Isle 0", "Isle 6", "Isle 7", "Isle 8"]
    assert opened.locator(".panel h5").all_inner_texts() == ["near → 2", "← near 1", "← sails to 1"]
    assert "Isle 1" in opened.locator(".spoken").inner_text()
    opened.locator(".panel button[data-entity]", has_text="Isle 6").click()
    assert heading(opened) == "Isle 6" and drawn(opened) == (7, 6)
    opened.mouse.click(*find(opened, "Isle 0 — near → Isle 2"))
    assert heading(opened) == "near" and "A fact of the graph." in opened.locator(".panel").inner_text()
    box = opened.locator(CANVAS).bounding_box()
    opened.mouse.click(box["x"] + 4, box["y"] + 4)
    assert heading(opened) == "islands"


def test_facts_are_drawn_and_folded_in_place(opened: Any) -> None:
    place = find(opened, "Isle 1\n")
    other = find(opened, "Isle 4\n")
    opened.mouse.dblclick(*place)
    assert drawn(opened) == (9, 8)
    assert opened.get_by_role("button", name="Fold").is_visible()
    opened.get_by_role("button", name="Fit").click()
    opened.mouse.dblclick(*find(opened, "Isle 1\n"))
    assert drawn(opened) == (6, 5)
    opened.get_by_role("button", name="Fit").click()
    moved = find(opened, "Isle 4\n")
    assert abs(moved[0] - other[0]) < 12 and abs(moved[1] - other[1]) < 12


def test_the_keyboard_walks_opens_goes_back_and_searches(opened: Any) -> None:
    opened.locator(CANVAS).focus()
    opened.keyboard.press("ArrowRight")
    first = heading(opened)
    assert first != "Isle 0"
    opened.keyboard.press("ArrowLeft")
    assert heading(opened) == "Isle 0"
    opened.keyboard.press("Backspace")
    assert heading(opened) == first
    opened.keyboard.press("Backspace")
    assert heading(opened) == "Isle 0"
    opened.keyboard.press("Enter")  # all is drawn: it folds
    assert drawn(opened) == (1, 0)
    opened.keyboard.press("Enter")
    assert drawn(opened) == (6, 5)
    opened.keyboard.press("/")
    assert opened.evaluate("document.activeElement.type") == "search"
    opened.keyboard.type("isle 9")
    opened.keyboard.press("Enter")
    assert heading(opened) == "Isle 9" and drawn(opened) == (2, 1)
    assert opened.locator(".trail [aria-current]").inner_text() == "Isle 9"
    opened.locator(".trail button").first.click()
    assert heading(opened) == "Isle 0" and drawn(opened) == (6, 5)
    opened.locator(CANVAS).focus()
    before = opened.locator(CANVAS).evaluate(PIXELS)
    opened.keyboard.press("+")
    opened.wait_for_timeout(250)
    nearer = opened.locator(CANVAS).evaluate(PIXELS)
    assert nearer != before
    opened.keyboard.press("0")
    assert opened.locator(CANVAS).evaluate(PIXELS) != nearer
    opened.keyboard.press("Escape")
    assert heading(opened) == "islands"
    assert opened.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_keys_stay_in_the_view(opened: Any) -> None:
    opened.evaluate("window.keys = []; addEventListener('keydown', event => keys.push(event.key))")
    opened.locator(CANVAS).focus()
    for key in ("ArrowDown", "Enter", "Backspace", "+", "0"):
        opened.keyboard.press(key)
    opened.locator(".search input").fill("")
    opened.keyboard.type("dd")
    assert opened.evaluate("window.keys") == []
    assert opened.locator("[data-lm-suppress-shortcuts]").count() == 1


def test_a_path_joins_two_and_is_told_as_text(opened: Any, islands: KnowledgeGraph) -> None:
    joined = nx.Graph([(head, tail) for head, _, tail in islands.triples.tolist()])
    expected = nx.shortest_path(joined, 4, 9)
    opened.mouse.click(*find(opened, "Isle 4\n"))
    opened.get_by_role("button", name="Path from here").click()
    assert "Choose where the path from Isle 4 leads" in opened.locator(".note").inner_text()
    opened.locator(".search input").fill("isle 9")
    opened.locator(".search input").press("Enter")
    assert opened.locator(".title").inner_text() == f"From Isle 4 to Isle 9: {len(expected) - 1} facts"
    said = opened.locator(".panel ol li").all_inner_texts()
    assert said == [
        "Isle 0 sails to → Isle 4",
        "Isle 0 near → Isle 1",
        "Isle 8 sails to → Isle 1",
        "Isle 8 near → Isle 9",
    ]
    opened.locator(CANVAS).focus()
    opened.keyboard.press("Escape")
    opened.locator(".search input").fill("isle 10")  # no fact leads there
    opened.locator(".search input").press("Enter")
    opened.get_by_role("button", name="Path from here").click()
    opened.locator(".search input").fill("isle 0")
    opened.locator(".search input").press("Enter")
    assert opened.locator(".note").inner_text() == "No path joins these two."


def test_two_chosen_with_the_shift_key_have_a_path(opened: Any) -> None:
    opened.mouse.click(*find(opened, "Isle 4\n"))
    place = find(opened, "Isle 2\n")
    opened.keyboard.down("Shift")
    opened.mouse.click(*place)
    opened.keyboard.up("Shift")
    assert heading(opened) == "2 entities chosen"
    opened.get_by_role("button", name="Path between them").click()
    assert "One shortest path, 2 facts long" in opened.locator(".panel").inner_text()


def test_types_and_relations_are_hidden_and_counted(opened: Any) -> None:
    legend = opened.locator(".legend").first
    assert [text.split() for text in legend.locator("button").all_inner_texts()] == [["isle", "3"], ["town", "3"]]
    legend.get_by_role("button", name="town").click()
    assert drawn(opened) == (3, 2)
    assert legend.locator("button[aria-pressed=false]").inner_text().split() == ["town", "3"]
    assert "hidden in the legend: 1 type" in opened.locator(".caption").inner_text()
    legend.get_by_role("button", name="town").press("Enter")
    opened.get_by_text("Relations (2)").click()
    opened.locator(".relations").get_by_role("button", name="sails to").click()
    assert drawn(opened) == (6, 3)


def test_the_same_facts_stand_in_a_table(opened: Any, islands: KnowledgeGraph) -> None:
    opened.get_by_role("button", name="Table").click()
    assert not opened.locator(CANVAS).is_visible()
    rows = [tuple(row.split("\t")) for row in opened.locator(".table tbody tr").all_inner_texts()]
    expected = show_graph(islands, around="Isle 0").frame[["head", "relation", "tail"]]
    assert sorted(rows) == sorted(map(tuple, expected.to_numpy().tolist()))
    assert opened.locator(".table thead th[scope=col]").all_inner_texts() == ["head", "relation", "tail"]
    opened.locator(".table button", has_text="Isle 3").click()
    assert heading(opened) == "Isle 3"
    opened.get_by_role("button", name="Table").click()
    assert opened.locator(CANVAS).is_visible() and opened.locator(".table").count() == 0


def test_a_dragged_dot_stays_and_a_dragged_picture_moves(opened: Any) -> None:
    x, y = find(opened, "Isle 4\n")
    opened.mouse.move(x, y)
    opened.mouse.down()
    opened.mouse.move(x + 30, y - 40, steps=4)
    opened.mouse.up()
    opened.wait_for_timeout(250)
    moved = find(opened, "Isle 4\n")
    assert abs(moved[0] - x - 30) < 14 and abs(moved[1] - y + 40) < 14
    box = opened.locator(CANVAS).bounding_box()
    opened.mouse.move(box["x"] + 5, box["y"] + 5)
    opened.mouse.down()
    opened.mouse.move(box["x"] + 65, box["y"] + 25, steps=4)
    opened.mouse.up()
    opened.wait_for_timeout(250)
    again = find(opened, "Isle 4\n")
    assert abs(again[0] - moved[0] - 60) < 14 and abs(again[1] - moved[1] - 20) < 14


def test_the_wheel_is_the_pages_until_the_picture_is_chosen(opened: Any) -> None:
    wheel = """(canvas, ctrlKey) =>
        canvas.dispatchEvent(new WheelEvent('wheel', {bubbles: true, cancelable: true, deltaY: 50, ctrlKey}))"""
    canvas = opened.locator(CANVAS)
    assert canvas.evaluate(wheel, False)  # false where someone prevented it
    assert not canvas.evaluate(wheel, True)
    canvas.focus()
    assert not canvas.evaluate(wheel, False)


def test_fingers_choose_open_and_pinch(browser: Any, islands: KnowledgeGraph, tmp_path: Path) -> None:
    context = browser.new_context(viewport={"width": 820, "height": 1000}, has_touch=True, reduced_motion="reduce")
    page = context.new_page()
    page.goto(show_graph(islands, around="Isle 0").save(tmp_path / "graph.html").as_uri())
    send = context.new_cdp_session(page).send

    def touch(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]
        send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    x, y = find(page, "Isle 1\n")
    page.touchscreen.tap(x, y)
    page.wait_for_function("document.querySelector('.panel h4').innerText === 'Isle 1'")
    touch("touchStart", (x, y))
    page.wait_for_timeout(700)  # a long press
    touch("touchEnd")
    assert drawn(page) == (9, 8)
    page.locator(CANVAS).focus()  # a first tap lets the fingers move the picture
    before = page.locator(CANVAS).evaluate(PIXELS)
    box = page.locator(CANVAS).bounding_box()
    cx, cy = box["x"] + box["width"] / 2, box["y"] + 30
    touch("touchStart", (cx - 40, cy), (cx + 40, cy))
    touch("touchMove", (cx - 90, cy), (cx + 90, cy))
    touch("touchEnd")
    page.wait_for_timeout(300)
    assert page.locator(CANVAS).evaluate(PIXELS) != before
    context.close()


def test_it_grows_with_its_cell_follows_the_theme_and_presents(opened: Any, screenshots: Path) -> None:
    canvas = opened.locator(CANVAS)
    for width in (390, 1000, 2600):
        opened.set_viewport_size({"width": width, "height": 900})
        fits = "document.querySelector('.stage > canvas').clientWidth <= document.querySelector('.picture').clientWidth"
        opened.wait_for_function(f"innerWidth === {width} && {fits}")
        opened.wait_for_timeout(150)
        box, picture = canvas.bounding_box(), opened.locator(".picture").bounding_box()
        assert box["x"] + box["width"] <= picture["x"] + picture["width"] + 1 and box["height"] <= 600
        assert canvas.evaluate(PAINTED) > 0.002
        assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")
        opened.screenshot(path=screenshots / f"graph-{width}.png")
    light = canvas.evaluate(BRIGHTNESS)
    opened.evaluate("document.body.dataset.jpThemeLight = 'false'")
    opened.wait_for_selector(".kgwb-graph[data-kgwb-theme=dark]")
    opened.wait_for_timeout(200)
    dark = canvas.evaluate(BRIGHTNESS)
    assert light - dark > 20 and canvas.evaluate(PAINTED) > 0.002
    opened.locator(".kgwb-graph").evaluate("root => { root.parentElement.style.display = 'none'; }")
    opened.evaluate("document.body.dataset.jpThemeLight = 'true'")  # while it is hidden
    opened.wait_for_selector(".kgwb-graph[data-kgwb-theme=light]", state="attached")
    opened.locator(".kgwb-graph").evaluate("root => { root.parentElement.style.display = ''; }")
    opened.wait_for_timeout(200)
    shown = canvas.evaluate(BRIGHTNESS)  # letters are smoothed a little otherwise where nothing is in sight
    assert abs(shown - light) < abs(shown - dark)
    usual = canvas.evaluate(PIXELS)
    opened.get_by_role("button", name="Present").click()
    opened.wait_for_timeout(200)
    assert canvas.evaluate(PIXELS) != usual
    opened.screenshot(path=screenshots / "graph-present.png")


def test_linked_views_follow_on_a_page_without_a_kernel(
    browser_page: Any, islands: KnowledgeGraph, tmp_path: Path
) -> None:
    browser_page.emulate_media(reduced_motion="reduce")
    linked = kgwb.link(show_graph(islands, around="Isle 0"), show_graph(islands))
    browser_page.goto(linked.save(tmp_path / "linked.html").as_uri())
    first, second = (browser_page.locator(".kgwb-graph").nth(i) for i in (0, 1))
    second.locator(".search input").fill("isle 9")
    second.locator(".search input").press("Enter")
    assert second.locator(".panel h4").inner_text() == "Isle 9"
    assert first.locator(".panel h4").inner_text() == "Isle 9"  # it was not drawn there, and is now
    first.locator(".panel button[data-entity]").first.click()
    assert second.locator(".panel h4").inner_text() == first.locator(".panel h4").inner_text() == "Isle 8"
    assert_quiet(browser_page)


def test_a_large_graph_is_walked_into_from_its_types(
    browser_page: Any, repository: Path, tmp_path: Path, screenshots: Path
) -> None:
    browser_page.emulate_media(reduced_motion="reduce")
    world = kgwb.read_graph(repository / "sample_graphs" / "world")
    browser_page.goto(show_graph(world).save(tmp_path / "world.html").as_uri())
    types = world.entities["type"].value_counts()
    assert browser_page.locator(".legend").first.locator("button").count() == len(types)
    browser_page.screenshot(path=screenshots / "graph-schema.png")
    browser_page.mouse.click(*find(browser_page, f"country · {types['country']}"))
    assert heading(browser_page) == "country"
    best = browser_page.locator(".panel button[data-entity]").first.inner_text()
    counts = (
        world.to_pandas(labels=True).set_axis(["h", "r", "t"], axis=1).query("h != t")[["h", "t"]].stack()
    ).value_counts()
    countries = set(world.entities.loc[world.entities["type"] == "country", "label"])
    assert counts[best] == counts[counts.index.isin(countries)].max()
    browser_page.mouse.click(*find(browser_page, "capital · 193"))
    assert heading(browser_page) == "country → city"
    assert "193 facts" in browser_page.locator(".panel .counts").inner_text()
    browser_page.locator(".panel button[data-entity]").first.click()
    assert drawn(browser_page)[0] > 5 and browser_page.locator(".trail button").first.inner_text() == "Types"
    browser_page.locator(".trail button").first.click()
    browser_page.mouse.dblclick(*find(browser_page, f"continent · {types['continent']}"))
    assert drawn(browser_page)[0] == 5
    browser_page.locator(".controls").get_by_role("button", name="Types").click()
    assert "by type" in browser_page.locator(".title").inner_text()
    assert_quiet(browser_page)


def test_part_of_a_larger_graph_says_what_the_page_holds(
    browser_page: Any, islands: KnowledgeGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kgwb.see.graph.state.MOST_ENTITIES", 6)
    browser_page.goto(show_graph(islands, around="Isle 0").save(tmp_path / "part.html").as_uri())
    assert "the page holds 5 of 9 facts" in browser_page.locator(".caption").inner_text()
    browser_page.mouse.click(*find(browser_page, "Isle 1\n"))
    assert "4 facts, 1 drawn; 3 are not on this page" in browser_page.locator(".panel .counts").inner_text()


def test_hostile_labels_stay_text(browser_page: Any, tmp_path: Path, screenshots: Path) -> None:
    labels = list(HOSTILE[:10])
    facts = [(0, i % 2, i) for i in range(1, 10)] + [(i, 1, i) for i in range(5)]
    view = show_graph(make_graph(facts, labels, HOSTILE[:3]), around=0)
    browser_page.goto(view.save(tmp_path / "graph.html", title=HOSTILE[0]).as_uri())
    assert browser_page.locator(CANVAS).evaluate(PAINTED) > 0.005
    listed = browser_page.locator(".panel button[data-entity]").all_inner_texts()
    assert HOSTILE[1] in listed and HOSTILE[5] in listed and HOSTILE[6] in listed
    assert max(map(len, listed)) < 400
    browser_page.get_by_role("button", name="Table").click()
    assert browser_page.locator(".kgwb-graph :is(script, img, b, a)").count() == 0
    browser_page.get_by_role("button", name="Table").click()
    browser_page.locator(".search input").fill("long long")
    browser_page.locator(".search input").press("Enter")
    assert browser_page.locator(".panel").evaluate("panel => panel.scrollWidth <= panel.clientWidth + 1")
    browser_page.screenshot(path=screenshots / "graph-hostile.png")
    assert_quiet(browser_page)


def test_the_picture_is_saved_as_svg_and_png(browser_page: Any, tmp_path: Path) -> None:
    view = show_graph(make_graph([(0, i % 2, i) for i in range(1, 10)], HOSTILE[:10], ("a", "b")), around=0)
    browser_page.goto(view.save(tmp_path / "graph.html").as_uri())
    for kind in ("SVG", "PNG"):
        with browser_page.expect_download() as download:
            browser_page.get_by_role("button", name=kind, exact=True).click()
        download.value.save_as(tmp_path / f"picture.{kind.lower()}")
    tree = Tree.parse(tmp_path / "picture.svg")
    tags = {each.tag.partition("}")[2] for each in tree.iter()}
    assert "path" in tags and not tags & {"script", "img", "b", "foreignObject"}
    assert HOSTILE[0] in "".join(tree.getroot().itertext())
    assert (tmp_path / "picture.png").read_bytes()[:4] == b"\x89PNG"


def test_ten_views_share_one_page(browser_page: Any, islands: KnowledgeGraph, tmp_path: Path) -> None:
    page = write_page(tmp_path / "ten.html", [(str(i), show_graph(islands, seed=i)) for i in range(10)], "Ten")
    assert page.stat().st_size < 300_000  # the script once
    browser_page.goto(page.as_uri())
    canvases = browser_page.locator(CANVAS)
    assert canvases.count() == 10 and all(canvas.evaluate(PAINTED) > 0.002 for canvas in canvases.all())
    browser_page.locator(".search input").nth(3).fill("isle 9")
    browser_page.locator(".search input").nth(3).press("Enter")
    assert browser_page.locator(".panel h4").nth(3).inner_text() == "Isle 9"
    assert browser_page.locator(".panel h4").nth(4).inner_text() == "islands"
    assert_quiet(browser_page)


def test_five_thousand_entities_open(browser: Any, browser_path: str, tmp_path: Path, screenshots: Path) -> None:
    random = np.random.default_rng(0)
    facts = np.unique(random.integers(0, [5000, 2, 5000], (20_000, 3)), axis=0)
    graph = make_graph([tuple(fact) for fact in facts.tolist()], [f"Isle {i}" for i in range(5000)])
    path = show_graph(graph, limit=5000, as_schema=False).save(tmp_path / "graph.html")
    assert path.stat().st_size < 1_000_000
    # A canvas that software for graphics cards draws would take minutes; what has none draws by itself, in a second.
    plain = browser.browser_type.launch(executable_path=browser_path, args=["--no-sandbox", "--disable-gpu"])
    page = plain.new_page(viewport={"width": 1280, "height": 900})
    page.goto(path.as_uri())
    assert page.locator(CANVAS).evaluate(PAINTED) > 0.02
    assert drawn(page) == (5000, len(facts))
    page.screenshot(path=screenshots / "graph-5000.png")
    plain.close()


# What anywidget does in a notebook, in a shadow tree as marimo has it: import the module, render with a model whose kernel
# answers, and clean up when the output is removed.
WIDGET = """async ({code, traits, answer, chosen}) => {
  const module = await import(URL.createObjectURL(new Blob([code], {type: "text/javascript"})));
  const host = document.body.appendChild(document.createElement("div"));
  const el = host.attachShadow({mode: "open"}).appendChild(document.createElement("div"));
  const [listeners, asked, told] = [[], [], []];
  const model = {
    get: name => traits[name],
    set: (name, value) => {
      traits[name] = value;
      if (name === "chosen") told.push(value.entities);
      listeners.filter(([on]) => on === "change:" + name).forEach(([, act]) => act());
    },
    save_changes() {},
    on: (name, act) => listeners.push([name, act]),
    off: (name, act) => listeners.splice(listeners.findIndex(([on, other]) => on === name && act === other), 1),
    send(question) {
      asked.push(question);
      setTimeout(() => listeners.filter(([on]) => on === "msg:custom")
        .forEach(([, act]) => act({...answer, asked: question.asked}, [])));
    },
  };
  const clean = module.default.render({model, el});
  await new Promise(done => setTimeout(done, 120));
  const seen = {lines: 0, titles: []};
  const canvas = el.querySelector(".stage > canvas");
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  for (let i = 0; i < pixels.length; i += 4) seen.lines += pixels[i + 3] > 60 && pixels[i + 2] > pixels[i] + 40;
  model.set("chosen", {...traits.chosen, entities: chosen, turn: 1});
  await new Promise(done => setTimeout(done, 200));
  seen.titles.push(el.querySelector(".title").textContent);
  const before = el.querySelectorAll(".panel button[data-entity]").length;
  clean();
  document.body.dataset.jpThemeLight = "false";
  const facts = asked.map(({facts_of}) => facts_of);
  return {...seen, before, asked: facts, told, left: el.childElementCount, listening: listeners.length};
}"""


def test_in_a_shadow_tree_lines_are_seen_python_chooses_and_the_kernel_is_asked(
    browser_page: Any, islands: KnowledgeGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kgwb.see.graph.state.MOST_ENTITIES", 6)
    view = show_graph(islands, around="Isle 0")
    widget = view.widget
    traits = {name: getattr(widget, name) for name in ("state", "sheet", "channel", "mark", "chosen")}
    packed = {
        "code": read_asset("graph.js"),
        "traits": encode_buffers(traits),
        "answer": encode_buffers(view.answer({"facts_of": 8})),
        "chosen": [8],
    }
    browser_page.goto("about:blank")
    seen = browser_page.evaluate(WIDGET, packed)
    assert seen["lines"] > 200
    assert seen["titles"] == ["Isle 8 and its 2 facts"] and seen["before"] == 2
    assert seen["asked"] == [8]
    assert (seen["left"], seen["listening"]) == (0, 0)
    assert browser_page.errors_logged == []
