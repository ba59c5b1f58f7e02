"""The maps of a space as a plotly figure, in a notebook and on a page: nothing is fetched or sent, every label is text."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from kgwb.packages import load_package
from kgwb.see.drawing import draw_legend, rank_types, type_marks, wrap_text
from kgwb.see.page import Fragment, draw_by_script
from kgwb.see.palette import DARK, FONT, LIGHT
from kgwb.see.panels import Panel
from kgwb.see.space.picture import HEIGHT, WIDTH, choose_radius, frame_map, name_points
from kgwb.see.space.scene import SpaceScene
from kgwb.words import shorten

_MANY = 1500  # more points than this are drawn by the graphics card
_CONFIG = {
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "displaylogo": False,
    "responsive": True,
    "typesetMath": False,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
}
_SIDES = {"start": (1, "left", "middle"), "end": (-1, "right", "middle")}


def build_figure(scene: SpaceScene, *, caption: str = "") -> Any:
    """The scene as a `plotly.graph_objects.Figure` in the project's own template."""
    objects = load_package("plotly.graph_objects", "show_space")
    make_subplots = load_package("plotly.subplots", "show_space").make_subplots
    figure = make_subplots(rows=1, cols=len(scene.maps), horizontal_spacing=0.04)
    for i in range(len(scene.maps)):
        panel = frame_map(scene, i, top=0.0)
        for trace in _draw_map(scene, i, objects):
            figure.add_trace(trace, row=1, col=i + 1)
        _frame_axes(figure, scene, i, panel)
        _name_points(figure, scene, i, panel)
    lines = wrap_text(caption, 12, WIDTH - 40) if caption else []
    legend = draw_legend(type_marks(scene.cloud.types, scene.cloud.colours), 0, 0, WIDTH * 0.8)[1]
    below = legend + 18 * len(lines) + (24 if lines else 12)
    figure.update_layout(
        template=make_template(objects, LIGHT),
        height=HEIGHT + 62 + below,
        margin={"l": 12, "r": 12, "t": 62, "b": below},
        legend={"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom", "itemsizing": "constant"},
        hoverlabel={"align": "left"},
    )
    if lines:
        _write_below(figure, lines)
    return figure


def _write_below(figure: Any, lines: list[str]) -> None:
    """A caption under the maps, above the legend."""
    figure.add_annotation(
        text="<br>".join(plain_text(line, 400) for line in lines),
        x=0,
        y=0,
        xref="paper",
        yref="paper",
        xanchor="left",
        yanchor="top",
        yshift=-6,
        align="left",
        showarrow=False,
        font={"color": LIGHT["muted"]},
    )


def make_template(objects: Any, colours: Any) -> Any:
    """The palette as a plotly template."""
    return objects.layout.Template(
        layout={
            "paper_bgcolor": colours["paper"],
            "plot_bgcolor": colours["paper"],
            "font": {"family": FONT, "size": 12, "color": colours["ink"]},
            "hoverlabel": {"font": {"family": FONT, "color": colours["ink"]}, "bgcolor": colours["paper"]},
            "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": colours["muted"], "activecolor": colours["ink"]},
            "xaxis": {"linecolor": colours["rule"], "mirror": True, "showline": True},
            "yaxis": {"linecolor": colours["rule"], "mirror": True, "showline": True},
        }
    )


def _draw_map(scene: SpaceScene, position: int, objects: Any) -> list[Any]:
    points, cloud = scene.maps[position].points.astype(np.float32), scene.cloud
    kind_of, colours = np.array(cloud.types, object), cloud.colours
    scatter = objects.Scattergl if len(points) > _MANY else objects.Scatter
    degree = "<br>%{customdata:,} facts" if cloud.degrees is not None else ""
    traces = []
    for kind in rank_types(cloud.types):
        inside = np.flatnonzero(kind_of == kind)
        trace = scatter(
            x=points[inside, 0],
            y=points[inside, 1],
            mode="markers",
            name=plain_text(kind),
            legendgroup=kind,
            showlegend=position == 0,
            marker={"color": colours[kind], "size": 2 * choose_radius(len(points)), "line": {"width": 0.5}},
            hovertext=[plain_text(cloud.labels[i], 60) for i in inside],
            customdata=None if cloud.degrees is None else cloud.degrees[inside],
            hovertemplate=f"%{{hovertext}}<br>%{{fullData.name}}{degree}<extra></extra>",
            meta="paper",
        )
        trace.marker.line.color = LIGHT["paper"]
        traces.append(trace)
    ringed = list(scene.ringed)
    if ringed:
        ring = {"color": "rgba(0,0,0,0)", "size": 14, "line": {"width": 1.5, "color": LIGHT["ink"]}}
        x, y = points[ringed].T
        traces.append(scatter(x=x, y=y, mode="markers", marker=ring, hoverinfo="skip", showlegend=False, meta="ink"))
    return traces


def _name_points(figure: Any, scene: SpaceScene, position: int, panel: Panel) -> None:
    """Labels as annotations, which lie above every dot, those of the graphics card too."""
    points = scene.maps[position].points
    offset = choose_radius(len(points)) + 3
    suffix = str(position + 1) if position else ""
    for at in name_points(scene, panel, panel.place(*points.T)):
        away = 10.0 if at.point in scene.ringed else offset
        across, xanchor, yanchor = _SIDES.get(at.anchor, (0, "center", "top" if at.below else "bottom"))
        figure.add_annotation(
            text=plain_text(scene.cloud.labels[at.point], 28),
            name="label",
            x=points[at.point, 0],
            y=points[at.point, 1],
            xref=f"x{suffix}",
            yref=f"y{suffix}",
            xanchor=xanchor,
            yanchor=yanchor,
            xshift=across * away,
            yshift=0 if across else (-away if at.below else away),
            borderpad=0,
            showarrow=False,
            font={"size": 11, "shadow": _halo(LIGHT["paper"])},
        )


def _halo(paper: str) -> str:
    return ",".join([f"0 0 2px {paper}"] * 4)


def _frame_axes(figure: Any, scene: SpaceScene, position: int, panel: Panel) -> None:
    each = scene.maps[position]
    suffix = str(position + 1) if position else ""
    bare = {"showgrid": False, "zeroline": False, "showticklabels": False, "ticks": ""}
    figure.update_xaxes(range=panel.x_range, **bare, row=1, col=position + 1)
    figure.update_yaxes(range=panel.y_range, scaleanchor=f"x{suffix}", **bare, row=1, col=position + 1)
    figure.add_annotation(
        text=f"<b>{each.name}</b><br>{each.describe(short=True)}",
        x=0,
        y=1.01,
        xref=f"x{suffix} domain",
        yref=f"y{suffix} domain",
        xanchor="left",
        yanchor="bottom",
        align="left",
        showarrow=False,
    )


def plain_text(text: str, length: int = 40) -> str:
    """A label as plotly shows it: plotly reads some HTML in every text, so none may be left in it.

    >>> plain_text("<b>bold</b> & <a href='x'>y</a>")
    "&lt;b&gt;bold&lt;/b&gt; &amp; &lt;a href='x'&gt;y&lt;/a&gt;"
    """
    return shorten(text, length).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def describe_figure(figure: Any) -> dict[str, Any]:
    """What the notebook's own plotly draws, with the settings that keep it from calling out."""
    return {**json.loads(figure.to_json()), "config": _CONFIG}


def write_space_fragment(scene: SpaceScene) -> Fragment:
    """The scene as a piece of a page, with plotly as a library."""
    objects = load_package("plotly.graph_objects", "show_space")
    figure = describe_figure(build_figure(scene))
    del figure["layout"]["template"]
    themes = {
        name: {
            "template": json.loads(make_template(objects, colours).to_json()),
            "colours": dict(colours),
            "halo": _halo(colours["paper"]),
        }
        for name, colours in (("light", LIGHT), ("dark", DARK))
    }
    plotly = load_package("plotly.offline", "show_space").get_plotlyjs()
    return draw_by_script(
        "space.js",
        figure | {"themes": themes},
        scene.caption,
        libraries={"plotly": plotly},
        height=int(figure["layout"]["height"]),
    )
