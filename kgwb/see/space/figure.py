"""The maps of a space as a plotly figure, on the plane or in three dimensions; every label is text in it."""

from __future__ import annotations

from typing import Any

import numpy as np

from kgwb.packages import load_package
from kgwb.see.drawing import wrap_text
from kgwb.see.palette import FONT, LIGHT
from kgwb.see.panels import Panel
from kgwb.see.space.colouring import Amounts, Kinds, ramp_colours, sort_kinds
from kgwb.see.space.picture import HEIGHT, WIDTH, choose_radius, frame_map, name_points
from kgwb.see.space.projection import Method, Points, fit_plane, map_neighbours
from kgwb.see.space.scene import SpaceScene
from kgwb.words import shorten

_MANY = 1500  # more points than this are drawn by the graphics card
_SIDES = {"start": (1, "left", "middle"), "end": (-1, "right", "middle")}
_SYMBOLS = {"triangle": "triangle-up", "wedge": "triangle-down", "cross": "star-diamond"}
_SYMBOLS_3D = {"triangle": "diamond", "wedge": "diamond", "star": "cross", "hexagon": "circle"}


def build_figure(scene: SpaceScene, *, caption: str = "") -> Any:
    """The scene as a `plotly.graph_objects.Figure` in the project's own template."""
    objects = load_package("plotly.graph_objects", "view.figure")
    make_subplots = load_package("plotly.subplots", "view.figure").make_subplots
    figure = make_subplots(rows=1, cols=len(scene.maps), horizontal_spacing=0.04)
    scatter = objects.Scattergl if len(scene.cloud.labels) > _MANY else objects.Scatter
    for i, each in enumerate(scene.maps):
        panel = frame_map(scene, i, top=0.0)
        for trace in _draw_points(scene, each.points, scatter, first=i == 0):
            figure.add_trace(trace, row=1, col=i + 1)
        _ring_points(figure, scene, i, scatter)
        _frame_axes(figure, scene, i, panel)
        _name_points(figure, scene, i, panel)
    return _lay_out(figure, scene, objects, caption)


def build_deep_figure(scene: SpaceScene, method: Method, *, caption: str = "") -> Any:
    """The same in three dimensions, of one method."""
    objects = load_package("plotly.graph_objects", "view.figure")
    vectors = scene.cloud.vectors
    points = fit_plane(vectors, 3).place(vectors) if method == "pca" else map_neighbours(vectors, method, scene.seed, 3)
    figure = objects.Figure(_draw_points(scene, points, objects.Scatter3d, first=True))
    bare = {"showgrid": False, "showticklabels": False, "title": "", "showbackground": False, "zeroline": False}
    figure.update_scenes(xaxis=bare, yaxis=bare, zaxis=bare, aspectmode="data")
    return _lay_out(figure, scene, objects, f"{caption} In three dimensions; the figures above are those of the plane.")


def _lay_out(figure: Any, scene: SpaceScene, objects: Any, caption: str) -> Any:
    lines = wrap_text(caption, 12, WIDTH - 40) if caption else []
    below = 22 * (1 + len(set(scene.cloud.types)) // 7) + 18 * len(lines) + 12
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


def _draw_points(scene: SpaceScene, points: Points, scatter: Any, *, first: bool) -> list[Any]:
    """A trace for each kind; where a number is coloured, the shape tells the type."""
    cloud, colouring = scene.cloud, scene.colouring
    kinds = colouring if isinstance(colouring, Kinds) else sort_kinds("type", list(cloud.types), cloud.marks)
    degree = "<br>%{customdata:,} facts" if cloud.degrees is not None else ""
    deep = points.shape[1] == 3
    traces = []
    for number, (name, mark) in enumerate(zip(kinds.names, kinds.marks, strict=True)):
        inside = np.flatnonzero(kinds.kinds == number)
        size = 2 * choose_radius(len(points))
        marker: dict[str, Any] = {"size": size, "line": {"width": 0 if deep else 0.5, "color": LIGHT["paper"]}}
        marker["symbol"] = _name_symbol(mark.shape, deep=deep)
        marker["color"] = LIGHT.get(mark.colour, mark.colour)
        if isinstance(colouring, Amounts):
            low, high = colouring.limits
            scale = [[i / 11, colour] for i, colour in enumerate(ramp_colours(12))]
            bar = {"title": plain_text(colouring.name), "thickness": 8}
            marker |= {"color": colouring.values[inside], "colorscale": scale, "cmin": low, "cmax": high}
            marker |= {"colorbar": bar, "showscale": first and number == 0}
        traces.append(
            scatter(
                **dict(zip("xyz", points[inside].astype(np.float32).T, strict=False)),
                mode="markers",
                name=plain_text(name),
                legendgroup=name,
                showlegend=first,
                marker=marker,
                hovertext=[plain_text(cloud.labels[i], 60) for i in inside],
                customdata=None if cloud.degrees is None else cloud.degrees[inside],
                hovertemplate=f"%{{hovertext}}<br>%{{fullData.name}}{degree}<extra></extra>",
            )
        )
    return traces


def _name_symbol(shape: str, *, deep: bool) -> str:
    kind, _, plain = shape.rpartition(" ")
    name = (_SYMBOLS_3D if deep else _SYMBOLS).get(plain, plain)
    if deep:
        return f"{name}-open" if kind and name != "cross" else name
    return name + {"open": "-open", "dotted": "-open-dot"}.get(kind, "")


def _ring_points(figure: Any, scene: SpaceScene, position: int, scatter: Any) -> None:
    if scene.ringed:
        x, y = scene.maps[position].points[list(scene.ringed)].T
        ring = {"color": "rgba(0,0,0,0)", "size": 14, "line": {"width": 1.5, "color": LIGHT["ink"]}}
        trace = scatter(x=x, y=y, mode="markers", marker=ring, hoverinfo="skip", showlegend=False)
        figure.add_trace(trace, row=1, col=position + 1)


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
            font={"size": 11, "shadow": ",".join([f"0 0 2px {LIGHT['paper']}"] * 4)},
        )


def _frame_axes(figure: Any, scene: SpaceScene, position: int, panel: Panel) -> None:
    each = scene.maps[position]
    suffix = str(position + 1) if position else ""
    bare = {"showgrid": False, "zeroline": False, "showticklabels": False, "ticks": ""}
    figure.update_xaxes(range=panel.x_range, **bare, row=1, col=position + 1)
    figure.update_yaxes(range=panel.y_range, scaleanchor=f"x{suffix}", **bare, row=1, col=position + 1)
    figure.add_annotation(
        text=f"<b>{plain_text(each.name, 60)}</b><br>{each.describe(short=True)}",
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
