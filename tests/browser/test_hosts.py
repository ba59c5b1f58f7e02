"""Every live view wherever it is opened: a host page for each kind of notebook, in each size, theme and state."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import kgwb
from kgwb.embed import Epoch
from kgwb.see import LiveView
from kgwb.see.packing import encode_buffers
from kgwb.see.page import read_asset

pytestmark = pytest.mark.browser

FACTS = pd.DataFrame([("a", "r", "b"), ("b", "r", "c"), ("c", "s", "a")], columns=["head", "relation", "tail"])


def show_attention() -> Any:
    return kgwb.show_attention(kgwb.read(kgwb.load_bert(), ["Paris is the capital of France.", "Rome is in [MASK]."]))


def show_training() -> Any:
    runs = {name: [Epoch(i, 3 / i + k, 0.1, {"MRR": i / 20}) for i in range(1, 12)] for k, name in enumerate("ab")}
    return kgwb.show_training(runs, floor={"uniform: ln 20": 3.0})


def show_graph() -> Any:
    return kgwb.show_graph(kgwb.KnowledgeGraph.from_pandas(FACTS, name="abc"), around="a", hops=2)


def show_space() -> Any:
    points = np.random.default_rng(0).normal(size=(60, 5))
    return kgwb.show_space(points, labels=[f"p{i}" for i in range(60)], types=["x", "y", "z"] * 20, method="pca")


def record_film() -> Any:
    vectors = kgwb.GraphEmbedding(kgwb.KnowledgeGraph.from_pandas(FACTS), kgwb.ComplEx(), dim=4)
    film = kgwb.record_film(vectors, kgwb.train_embedding(vectors, vectors.graph, epochs=3))
    list(film)
    return film


def show_heads() -> Any:
    return kgwb.show_heads(kgwb.load_bert(), ["Paris is the capital of France.", "Rome is in Italy."])


# A live view is tested here by its maker being listed.
MAKERS: dict[str, Callable[[], Any]] = {
    "AttentionView": show_attention,
    "TrainingView": show_training,
    "GraphView": show_graph,
    "SpaceView": show_space,
    "FilmView": record_film,
    "HeadsView": show_heads,
}
WIDTHS = (390, 820, 1200, 1920, 3840)
# What a notebook hands to a widget's script: a module, and a model that has no document of its own.
OPEN = """async ({script, traits}) => {
  const module = await import(URL.createObjectURL(new Blob([script], {type: "text/javascript"})));
  const values = {...traits}, listeners = new Map();
  const model = {
    get: name => values[name],
    set(name, value) { values[name] = value; for (const act of listeners.get("change:" + name) ?? []) act(); },
    save_changes() {}, send() {},
    on: (name, act) => listeners.set(name, (listeners.get(name) ?? new Set()).add(act)),
    off: (name, act) => listeners.get(name)?.delete(act),
  };
  const still = mark => {
    const figure = document.createElement("figure");
    figure.className = `kgwb-still kgwb-still-${mark}`;
    figure.append(document.createElement("img"));
    return figure;
  };
  window.host = {widget: module.default, model, still, mark: traits.mark};
}"""
PAINTED = """async picture => {
  const image = new Image();
  image.src = `data:image/png;base64,${picture}`;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height), pen = canvas.getContext("2d");
  pen.drawImage(image, 0, 0);
  const {data} = pen.getImageData(0, 0, image.width, image.height);
  let painted = 0;
  for (let i = 0; i < data.length; i += 4)
    painted += Math.abs(data[i] - data[0]) + Math.abs(data[i + 1] - data[1]) + Math.abs(data[i + 2] - data[2]) > 60;
  return {share: painted / (data.length / 4), paper: [...data.slice(0, 3)]};
}"""


@pytest.fixture(scope="module", params=MAKERS)
def view(request: pytest.FixtureRequest) -> LiveView:
    made = MAKERS[request.param]()
    assert isinstance(made, LiveView)
    return made


@pytest.fixture
def host(browser_page: Any, tmp_path: Path, view: LiveView) -> Iterator[Any]:
    """An empty page of a notebook, in which the view's model is made already; whatever is logged or fetched is a failure."""
    page = tmp_path / "host.html"
    # What hosts do to a page: a base style of their own, lists and tables dressed up.
    style = "body{margin:0;font:20px serif;color:red}p{margin:3em}table{width:100%}button{all:revert;padding:9px}"
    page.write_text(f"<!doctype html><style>{style}</style><body><main></main></body>", encoding="utf-8")
    browser_page.goto(page.as_uri())
    browser_page.evaluate(OPEN, pack_model(view))
    yield browser_page
    assert browser_page.requests_made == [] and browser_page.errors_logged == []


def pack_model(view: LiveView) -> dict[str, Any]:
    """The view's script, and what its model holds, as a page can be told."""
    names = [name for name in view.widget.traits(sync=True) if not name.startswith("_")]
    plain = {name: getattr(view.widget, name) for name in names if name not in ("layout", "tabbable", "tooltip")}
    return {"script": read_asset(f"{view.script}.js"), "traits": encode_buffers(plain)}


def look(page: Any, shown: Any) -> tuple[float, list[int]]:
    """How much of what is shown is painted, and the colour of its paper."""
    page.wait_for_timeout(120)  # thumbnails come a moment after the lines
    picture = base64.b64encode(shown.screenshot()).decode()
    found = page.evaluate(PAINTED, picture)
    return found["share"], found["paper"]


def test_every_live_view_is_listed() -> None:
    public = {each for each in vars(kgwb.see).values() if isinstance(each, type) and issubclass(each, LiveView)}
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


RENDER = """() => {
  host.leave = host.widget.render({model: host.model, el: document.querySelector("main")});
}"""


def test_it_is_as_wide_as_its_window_from_telephone_to_wall(host: Any, screenshots: Path, view: LiveView) -> None:
    host.evaluate(RENDER)
    shown = host.locator(".kgwb-view")
    for width in (*WIDTHS, 390, 1040, 1000):  # smaller again, and by little
        host.set_viewport_size({"width": width, "height": 900})
        host.wait_for_function("width => document.documentElement.scrollWidth <= width", arg=width)
        assert look(host, shown)[0] > 0.004, width
        assert shown.evaluate("node => node.getBoundingClientRect().width") >= width - 20
        shown.screenshot(path=screenshots / f"host-{view.script}-{width}.png")


@pytest.mark.parametrize("zoom", [0.8, 1.25, 2.0])
def test_it_is_drawn_at_each_zoom(browser: Any, tmp_path: Path, view: LiveView, zoom: float) -> None:
    """A browser that zooms has fewer pixels of its own, each of more dots."""
    size = {"width": round(1280 / zoom), "height": round(900 / zoom)}
    page = browser.new_page(viewport=size, device_scale_factor=zoom)
    page.goto(view.save(tmp_path / "page.html").as_uri())
    assert look(page, page.locator(".kgwb-view"))[0] > 0.005
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.close()


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


def test_a_tab_that_was_hidden_is_drawn_when_it_is_shown(host: Any) -> None:
    host.evaluate("() => { document.querySelector('main').style.display = 'none'; }")
    host.evaluate(RENDER)
    host.wait_for_timeout(80)
    host.set_viewport_size({"width": 900, "height": 800})
    host.evaluate("() => { document.querySelector('main').style.display = ''; }")
    host.wait_for_timeout(80)
    share, _ = look(host, host.locator(".kgwb-view"))
    assert share > 0.005
    assert host.locator(".kgwb-view").evaluate("node => node.clientWidth") >= 860


def test_the_systems_theme_changes_in_sight(host: Any) -> None:
    host.emulate_media(color_scheme="light")
    host.evaluate(RENDER)
    shown = host.locator(".kgwb-view")
    light = look(host, shown)
    host.emulate_media(color_scheme="dark")
    dark = look(host, shown)
    assert light[1] == [251, 250, 247] and dark[1] == [25, 26, 28]
    assert 0.5 < light[0] / dark[0] < 2


def test_it_is_printed_in_ink_on_light_paper_without_its_controls(host: Any) -> None:
    host.emulate_media(color_scheme="dark")
    host.evaluate(RENDER)
    dark = look(host, host.locator(".kgwb-view"))
    host.emulate_media(media="print", color_scheme="dark")
    share, paper = look(host, host.locator(".kgwb-view"))
    assert paper == [251, 250, 247] != dark[1] and share > 0.005
    assert not host.locator(".kgwb-view .actions").is_visible()
    host.emulate_media(media="screen", color_scheme="dark")
    assert look(host, host.locator(".kgwb-view"))[1] == [25, 26, 28]


def test_ten_of_them_stay_drawn(host: Any) -> None:
    """More pictures than a browser keeps graphics contexts for would blank the first ones."""
    host.evaluate(
        """() => {
          const main = document.querySelector("main");
          for (let i = 0; i < 10; i++)
            host.widget.render({model: host.model, el: main.appendChild(document.createElement("div"))});
        }"""
    )
    host.wait_for_timeout(400)
    shown = host.locator(".kgwb-view")
    assert shown.count() == 10
    shares = [look(host, shown.nth(i))[0] for i in (0, 5, 9)]
    assert min(shares) > 0.004 and np.ptp(shares) < 0.3 * max(shares)


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


SAME = """async ([png, svg]) => {
  const read = async address => {
    const image = new Image();
    image.src = address;
    await image.decode();
    const canvas = new OffscreenCanvas(400, Math.round(400 * image.height / image.width)), pen = canvas.getContext("2d");
    pen.drawImage(image, 0, 0, canvas.width, canvas.height);
    return pen.getImageData(0, 0, canvas.width, canvas.height);
  };
  const [one, other] = [await read(`data:image/png;base64,${png}`), await read(`data:image/svg+xml;base64,${svg}`)];
  let [apart, inked] = [0, 0];
  for (let i = 0; i < one.data.length; i += 4) {
    const gap = Math.abs(one.data[i] - other.data[i]) + Math.abs(one.data[i + 1] - other.data[i + 1]);
    apart += gap > 160;
    inked += Math.abs(one.data[i] - one.data[0]) + Math.abs(one.data[i + 1] - one.data[1]) > 60;
  }
  return {apart: apart / (one.data.length / 4), inked: inked / (one.data.length / 4), sizes: [one.height, other.height]};
}"""


def test_its_png_and_its_svg_are_one_picture(browser_page: Any, tmp_path: Path, view: LiveView) -> None:
    browser_page.goto(view.save(tmp_path / "page.html").as_uri())
    browser_page.wait_for_timeout(300)
    saved = {}
    for kind in ("PNG", "SVG"):
        with browser_page.expect_download() as download:
            browser_page.locator(".kgwb-view .actions").get_by_role("button", name=kind, exact=True).click()
        assert download.value.suggested_filename.endswith(kind.lower())
        saved[kind] = Path(download.value.path()).read_bytes()
    text = saved["SVG"].decode("utf-8")
    assert "<script" not in text and "NaN" not in text and "undefined" not in text
    found = browser_page.evaluate(SAME, [base64.b64encode(saved[kind]).decode() for kind in ("PNG", "SVG")])
    assert found["sizes"][0] == found["sizes"][1]
    assert found["inked"] > 0.003, "something is drawn"
    assert found["apart"] < 0.02, "and the same in both"
    assert browser_page.requests_made == [] and browser_page.errors_logged == []
