"""Looking: graphs, spaces, attention and training as views that also return data and save as one offline page.

A view loads what draws it (pyvis, plotly, scikit-learn, anywidget) when it is used, and names what is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kgwb.see.film.view import FilmView as FilmView
from kgwb.see.film.view import record_film as record_film
from kgwb.see.graph.view import GraphView as GraphView
from kgwb.see.graph.view import show_graph as show_graph
from kgwb.see.page import Fragment as Fragment
from kgwb.see.page import write_page as write_page
from kgwb.see.probe.view import show_probe as show_probe
from kgwb.see.space.projection import ProjectionQuality as ProjectionQuality
from kgwb.see.space.projection import projection_quality as projection_quality
from kgwb.see.space.view import SpaceView as SpaceView
from kgwb.see.space.view import show_space as show_space
from kgwb.see.training.sinks import log_to_tensorboard as log_to_tensorboard
from kgwb.see.training.sinks import log_to_wandb as log_to_wandb
from kgwb.see.training.view import TrainingView as TrainingView
from kgwb.see.training.view import show_training as show_training

if TYPE_CHECKING:
    from kgwb.see.attention.view import show_attention as show_attention


def __getattr__(name: str) -> Any:
    # The attention view is a widget class, so its module cannot be loaded without anywidget.
    if name != "show_attention":
        raise AttributeError(f"kgwb.see has no {name!r}.")
    from kgwb.packages import load_package

    load_package("anywidget", "show_attention")
    from kgwb.see.attention.view import show_attention

    return show_attention
