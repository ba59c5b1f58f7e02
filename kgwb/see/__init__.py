"""Looking: graphs, spaces, attention and training as views that also return data and save as one offline page.

A view loads what draws it (pyvis, plotly, scikit-learn, anywidget) when it is used, and names what is missing.
"""

from kgwb.see.attention.view import AttentionView as AttentionView
from kgwb.see.attention.view import show_attention as show_attention
from kgwb.see.choice import Choice as Choice
from kgwb.see.epochs import log_to_tensorboard as log_to_tensorboard
from kgwb.see.epochs import log_to_wandb as log_to_wandb
from kgwb.see.film.view import FilmView as FilmView
from kgwb.see.film.view import record_film as record_film
from kgwb.see.graph.view import GraphView as GraphView
from kgwb.see.graph.view import show_graph as show_graph
from kgwb.see.heads.view import HeadsView as HeadsView
from kgwb.see.heads.view import show_heads as show_heads
from kgwb.see.linking import LinkedViews as LinkedViews
from kgwb.see.linking import link as link
from kgwb.see.live import LiveView as LiveView
from kgwb.see.page import Fragment as Fragment
from kgwb.see.page import write_page as write_page
from kgwb.see.probe.view import ProbeView as ProbeView
from kgwb.see.probe.view import show_probe as show_probe
from kgwb.see.review.view import ReviewView as ReviewView
from kgwb.see.review.view import show_review as show_review
from kgwb.see.space.quality import PointQuality as PointQuality
from kgwb.see.space.quality import ProjectionQuality as ProjectionQuality
from kgwb.see.space.quality import point_quality as point_quality
from kgwb.see.space.quality import projection_quality as projection_quality
from kgwb.see.space.view import SpaceView as SpaceView
from kgwb.see.space.view import show_space as show_space
from kgwb.see.training.view import TrainingView as TrainingView
from kgwb.see.training.view import show_training as show_training
from kgwb.see.view import View as View
from kgwb.see.workbench.gates import open_gate as open_gate
from kgwb.see.workbench.injection_panel import InjectionPanel as InjectionPanel
from kgwb.see.workbench.ranking_panel import RankingPanel as RankingPanel
from kgwb.see.workbench.training_panel import TrainingPanel as TrainingPanel
from kgwb.see.workbench.workbench import Workbench as Workbench
