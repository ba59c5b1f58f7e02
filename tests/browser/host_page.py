"""What a notebook's page does with a widget, and how much of it is then painted."""

from __future__ import annotations

import base64
from typing import Any

from waiting import pause, photograph

from kgwb.see import LiveView
from kgwb.see.packing import encode_buffers
from kgwb.see.page import read_asset

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


def pack_model(view: LiveView) -> dict[str, Any]:
    """The view's script, and what its model holds, as a page can be told."""
    names = [name for name in view.widget.traits(sync=True) if not name.startswith("_")]
    plain = {name: getattr(view.widget, name) for name in names if name not in ("layout", "tabbable", "tooltip")}
    return {"script": read_asset(f"{view.script}.js"), "traits": encode_buffers(plain)}


def look(page: Any, shown: Any) -> tuple[float, list[int]]:
    """How much of what is shown is painted, and the colour of its paper."""
    pause(page, 120)  # thumbnails come a moment after the lines
    picture = base64.b64encode(photograph(shown)).decode()
    found = page.evaluate(PAINTED, picture)
    return found["share"], found["paper"]
