"""How every live view looks in a host: in each width, zoom and theme, hidden, printed, ten at once, and saved."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from host_page import look
from waiting import pause, photograph

from kgwb.see import LiveView

pytestmark = pytest.mark.browser

WIDTHS = (390, 820, 1200, 1920, 3840)
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
        photograph(shown, screenshots / f"host-{view.script}-{width}.png")


@pytest.mark.parametrize("zoom", [0.8, 1.25, 2.0])
def test_it_is_drawn_at_each_zoom(browser: Any, tmp_path: Path, view: LiveView, zoom: float) -> None:
    """A browser that zooms has fewer pixels of its own, each of more dots."""
    size = {"width": round(1280 / zoom), "height": round(900 / zoom)}
    page = browser.new_page(viewport=size, device_scale_factor=zoom)
    page.goto(view.save(tmp_path / "page.html").as_uri())
    assert look(page, page.locator(".kgwb-view"))[0] > 0.005
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.close()


def test_a_tab_that_was_hidden_is_drawn_when_it_is_shown(host: Any) -> None:
    host.evaluate("() => { document.querySelector('main').style.display = 'none'; }")
    host.evaluate(RENDER)
    pause(host, 80)
    host.set_viewport_size({"width": 900, "height": 800})
    host.evaluate("() => { document.querySelector('main').style.display = ''; }")
    pause(host, 80)
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


# JupyterLab hides its panels while it changes the theme: for less than a frame, or while another tab is in front.
HIDE = """async frames => {
  const main = document.querySelector("main");
  main.style.display = "none";
  document.body.dataset.jpThemeLight = "false";
  await Promise.resolve();
  for (let i = 0; i < frames; i++) await new Promise(requestAnimationFrame);
  main.style.display = "";
}"""
COMPARE = """async pictures => {
  const [one, other] = await Promise.all(pictures.map(async picture => {
    const image = new Image();
    image.src = `data:image/png;base64,${picture}`;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height), pen = canvas.getContext("2d");
    pen.drawImage(image, 0, 0);
    return pen.getImageData(0, 0, image.width, image.height);
  }));
  let apart = one.width === other.width && one.height === other.height ? 0 : 1e6;
  for (let i = 0; i < one.data.length && !(apart >= 1e6); i++) apart += Math.abs(one.data[i] - other.data[i]) > 60;
  return apart;
}"""


@pytest.mark.parametrize("frames", [0, 5])
def test_a_theme_that_changes_while_it_is_hidden_is_seen_when_it_is_shown(host: Any, frames: int) -> None:
    host.evaluate("document.body.dataset.jpThemeLight = 'true'")
    host.evaluate(RENDER)
    pause(host, 300)
    host.evaluate(HIDE, frames)
    pause(host, 400)
    followed = photograph(host.locator(".kgwb-view"))
    host.evaluate("host.leave()")
    host.evaluate(RENDER)
    pause(host, 400)
    fresh = photograph(host.locator(".kgwb-view"))
    assert host.evaluate(COMPARE, [base64.b64encode(each).decode() for each in (followed, fresh)]) < 40


def test_what_is_chosen_elsewhere_and_not_shown_here_does_no_harm(host: Any) -> None:
    host.evaluate(RENDER)
    before = look(host, host.locator(".kgwb-view"))[0]
    host.evaluate(
        """() => host.model.set("chosen", {turn: 9, entities: [1e6, 2], relations: [1e6], triples: [[0, 0, 1e6]],
          words: ["none"], sentence: 1e6, token: 1e6, layer: 1e6, head: 1e6})"""
    )
    assert look(host, host.locator(".kgwb-view"))[0] > 0.5 * before


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
    pause(host, 400)
    shown = host.locator(".kgwb-view")
    assert shown.count() == 10
    shares = [look(host, shown.nth(i))[0] for i in (0, 5, 9)]
    assert min(shares) > 0.004 and np.ptp(shares) < 0.3 * max(shares)


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
    pause(browser_page, 300)
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
